"""Unit: units are not written for what they could not see, or their account could not read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.service.units import Installation, UnitsRefused, render_units
from ivr.service.within_reach import refuse_unreadable, refuse_unseen
from tests.unit.ivr.service.seen_folder import seen

__all__ = ["seen"]  # a fixture
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")
SETTINGS = """\
version: 1
lines:
  - {number: "100", name: German, language: de, dialplan: de/main.yaml}
queues: [{id: service}]
"""


def refused(settings: Path, root: Path) -> str:
    words = ["--settings", str(settings), "--root", str(root)]
    done = CliRunner().invoke(app, ["service", "install", *words])
    assert done.exit_code == 1, done.output
    assert not root.exists()
    assert "Nothing was written" in done.output
    return done.output


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp"])  # noqa: S108
def test_settings_in_a_folder_that_the_units_have_for_themselves_are_refused(
    folder: str, tmp_path: Path, seen: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="freizeichen-test-", dir=folder) as name:
        settings = Path(name) / "freizeichen.yaml"
        settings.write_text(SETTINGS)
        said = refused(settings, tmp_path / "root")
        assert f"{settings.resolve()}: the units have a /tmp of their own" in said
        assert "move it, to /etc/freizeichen/freizeichen.yaml for example" in said
        link = seen / "linked"
        link.symlink_to(name)
        assert f"{settings.parent}" in refused(link / "freizeichen.yaml", tmp_path / "root")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("dialplans: /tmp/mine", ":5: dialplans: /tmp/mine: the units have a /tmp of their own"),
        (
            "speech: {models: {ko: /home/office/ko}}",
            ":5: speech.models.ko: /home/office/ko: the units are kept out of homes",
        ),
    ],
)
def test_what_settings_name_where_the_units_do_not_see_it_is_refused_at_its_line(
    tmp_path: Path, seen: Path, line: str, said: str
) -> None:
    settings = seen / "freizeichen.yaml"
    settings.write_text(SETTINGS + line)
    assert f"{settings.resolve()}{said}" in refused(settings, tmp_path / "root")


def test_an_installation_in_a_home_sees_homes_also_by_a_link(seen: Path) -> None:
    link = seen / "there"
    link.symlink_to("/home/office")
    for folder in (Path("/home/office"), link):
        what = _installation(folder / "freizeichen.yaml")
        refuse_unseen(what, None)
        texts = "".join(file.text for file in render_units(what))
        assert texts.count("ProtectHome=read-only") == 2
    texts = "".join(file.text for file in render_units(_installation(Path("/etc/f/f.yaml"))))
    assert texts.count("ProtectHome=yes") == 2


@pytest.fixture
def closed(seen: Path) -> Path:
    """Settings in a folder of root's that is closed to others, as /root is."""
    folder = seen / "closed"
    folder.mkdir(mode=0o700)
    (folder / "freizeichen.yaml").write_text(SETTINGS)
    return folder / "freizeichen.yaml"


@AS_ROOT
def test_settings_that_the_account_cannot_read_are_refused_with_what_is_in_the_way(
    closed: Path,
) -> None:
    what = _installation(closed)
    with pytest.raises(UnitsRefused) as raised:
        refuse_unreadable(what)
    told = str(raised.value)
    assert (
        f"the account 'fz-nobody', which runs everything, cannot get through {closed.parent}"
        in told
    )
    assert f"let it in (chmod o+x {closed.parent})" in told
    closed.parent.chmod(0o711)
    closed.chmod(0o600)
    with pytest.raises(UnitsRefused, match=r"cannot read it; move it, .*\(chmod o\+r "):
        refuse_unreadable(what)
    closed.chmod(0o644)
    refuse_unreadable(what)
    closed.chmod(0o600)
    refuse_unreadable(_installation(closed, "root"))


def _installation(settings: Path, user: str = "fz-nobody") -> Installation:
    state = settings.parent / ".freizeichen"
    return Installation(
        Path("/usr/bin/true"), settings, state, Path("/var/cache/freizeichen"), user
    )

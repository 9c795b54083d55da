"""Unit: a phone cannot be called as something else in Asterisk's configuration is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ivr import resources
from ivr.settings.settings import SettingsFaulty, load_settings

_GOOD = """\
version: 1
lines:
  - {number: "100", name: German, language: de, dialplan: de/main.yaml}
queues:
  - id: service
places:
  - desk1
  - desk2
callers:
  - caller1
"""
_SECTION = re.compile(r"^\[([a-z0-9_-]+)\]", re.MULTILINE)


def _taken() -> list[str]:
    """What our own Asterisk's phones are configured with, and what that is called in another's."""
    text = (resources.asterisk_conf() / "pjsip.conf.j2").read_text(encoding="utf-8")
    own = sorted(set(_SECTION.findall(text)))
    return [*own, *(f"fz-{name}" for name in own if name.startswith("transport-"))]


def test_the_configurations_own_sections_are_known() -> None:
    assert {"global", "phone", "phone-aor", "system", "transport-tls", "trunk"} <= set(_taken())


@pytest.mark.parametrize("name", [*_taken(), "anonymous", "fz-doctor"])
@pytest.mark.parametrize(("old", "line"), [("desk2", 8), ("caller1", 10)])
def test_a_phone_called_as_what_asterisk_is_configured_with_is_refused_at_its_line(
    tmp_path: Path, name: str, old: str, line: int
) -> None:
    path = tmp_path / "freizeichen.yaml"
    path.write_text(_GOOD.replace(old, name), encoding="utf-8")
    with pytest.raises(SettingsFaulty) as raised:
        load_settings(path)
    (fault,) = raised.value.faults
    assert f"freizeichen.yaml:{line}: " in fault
    assert f"'{name}' cannot be the name of a phone" in fault
    assert "choose another" in fault


@pytest.mark.parametrize("name", ["phone-1", "global1", "transport", "fz-desk"])
def test_names_that_only_look_like_them_are_phones(tmp_path: Path, name: str) -> None:
    path = tmp_path / "freizeichen.yaml"
    path.write_text(_GOOD.replace("desk2", name), encoding="utf-8")
    assert name in load_settings(path).places

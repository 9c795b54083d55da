"""Unit: systemd's units as files, as systemd itself reads them; nothing of others is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr import resources
from ivr.cli import app
from ivr.place.place import SYSTEM_STATE, find_place
from ivr.service.units import Installation, UnitsRefused, install_units, remove_units, render_units
from tests.debian import unpacked
from tests.unit.ivr.service.seen_folder import seen

__all__ = ["seen"]  # a fixture

SERVICE, ASTERISK = "freizeichen.service", "freizeichen-asterisk.service"
WHAT = Installation(
    Path("/opt/freizeichen/bin/freizeichen"),
    Path("/etc/freizeichen/freizeichen.yaml"),
    SYSTEM_STATE,
    Path("/var/cache/freizeichen"),
    "freizeichen",
)
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes",
    "CapabilityBoundingSet": "",
    "SystemCallFilter": "@system-service",
    "LimitCORE": "0",
    "User": "freizeichen",
    "StateDirectory": "freizeichen",
    "CacheDirectory": "freizeichen",
    "ReadWritePaths": "/var/lib/freizeichen /var/cache/freizeichen",
}


def read(text: str) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser


def unit(root: Path, name: str) -> ConfigParser:
    return read((root / "etc/systemd/system" / name).read_text())


def test_the_service_is_notified_watched_and_hardened_and_leaves_asterisk_alone(
    tmp_path: Path,
) -> None:
    install_units(tmp_path, render_units(WHAT))
    service, asterisk = unit(tmp_path, SERVICE), unit(tmp_path, ASTERISK)
    mine = service["Service"]
    assert (mine["Type"], mine["NotifyAccess"], mine["Restart"]) == ("notify", "main", "always")
    assert int(mine["WatchdogSec"]) > 0
    assert int(mine["TimeoutStopSec"]) > 3 + 2 + 2 + 5 + 5  # `winding_down`, requests, the journal
    assert mine["Environment"].startswith("FREIZEICHEN_")
    assert mine["ExecStart"].split()[1:] == ["up", "--settings", str(WHAT.settings)]
    assert asterisk["Service"]["ExecStart"].split()[1:3] == ["asterisk", "run"]
    for ties in ("Requires", "BindsTo", "PartOf"):
        assert ties not in service["Unit"]
        assert ties not in asterisk["Unit"]
    assert ASTERISK in service["Unit"]["Wants"]
    for one in (service, asterisk):
        for name, value in HARDENED.items():
            assert one["Service"].get(name) == value, name
        assert one["Unit"]["StartLimitIntervalSec"] == "0"


def systemd_analyze() -> tuple[str, dict[str, str]]:
    """The machine's, else that of Debian's package, and the environment that it needs."""
    if found := shutil.which("systemd-analyze"):
        return found, dict(os.environ)
    root = unpacked(resources.cache_folder() / "tests" / "systemd", "systemd")
    paths = ":".join(dict.fromkeys(str(path.parent) for path in root.rglob("lib*.so*")))
    return str(root / "usr/bin/systemd-analyze"), dict(os.environ, LD_LIBRARY_PATH=paths)


def test_systemd_reads_the_units_and_finds_little_exposed(tmp_path: Path) -> None:
    analyze, environment = systemd_analyze()
    command = shutil.which("true")
    assert command is not None
    what = Installation(Path(command), WHAT.settings, SYSTEM_STATE, WHAT.cache, "root")
    install_units(tmp_path, render_units(what))
    for name in (SERVICE, ASTERISK):
        file = str(tmp_path / "etc/systemd/system" / name)
        done = subprocess.run(
            [analyze, "verify", file],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert name not in done.stderr, done.stderr
    install_units(tmp_path, render_units(WHAT))
    for name in (SERVICE, ASTERISK):
        words = [analyze, "security", "--offline=true", "--json=short", "--threshold=25"]
        done = subprocess.run(
            [*words, str(tmp_path / "etc/systemd/system" / name)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert done.returncode == 0, done.stdout  # 2.5 of 10 at most
        assert json.loads(done.stdout)


def test_a_file_of_somebody_else_or_changed_by_hand_is_left_and_by_force_kept(
    tmp_path: Path,
) -> None:
    files = render_units(WHAT)
    assert len(install_units(tmp_path, files)) == 3
    assert install_units(tmp_path, files) == []
    path = tmp_path / "etc/systemd/system" / SERVICE
    path.write_text(path.read_text().replace("RestartSec=2", "RestartSec=9"))
    changed = path.read_text()
    for act in (install_units, remove_units):
        with pytest.raises(UnitsRefused, match=r"changed by somebody else: .*freizeichen\.service"):
            act(tmp_path, files)
        assert path.read_text() == changed
    assert install_units(tmp_path, files, force=True) == [path]
    assert path.with_name(SERVICE + ".before").read_text() == changed
    other = Installation(WHAT.command, WHAT.settings, WHAT.state, WHAT.cache, "phone")
    assert len(install_units(tmp_path, render_units(other))) == 3  # ours as written: renewed
    assert len(remove_units(tmp_path, files)) == 3
    assert not path.exists()
    assert remove_units(tmp_path, files) == []


@pytest.mark.parametrize("above", ["etc", "run"])
@pytest.mark.parametrize("name", [SERVICE, ASTERISK])
def test_a_unit_that_an_administrator_masked_stays_so(
    tmp_path: Path, above: str, name: str
) -> None:
    files = render_units(WHAT)
    masked = tmp_path / above / "systemd/system" / name
    masked.parent.mkdir(parents=True)
    masked.symlink_to("/dev/null")
    for force in (False, True):
        with pytest.raises(UnitsRefused, match=f"masked by an .*systemctl unmask {name} ") as no:
            install_units(tmp_path, files, force=force)
        assert str(masked) in str(no.value)
        assert [each for each in tmp_path.rglob("*") if not each.is_dir()] == [masked]
    assert remove_units(tmp_path, files) == []
    assert os.readlink(masked) == "/dev/null"


def test_a_unit_that_was_emptied_counts_as_masked(tmp_path: Path) -> None:
    files = render_units(WHAT)
    install_units(tmp_path, files)
    emptied = tmp_path / "etc/systemd/system" / SERVICE
    emptied.write_text("")
    with pytest.raises(UnitsRefused, match="masked by an administrator"):
        install_units(tmp_path, files)
    assert emptied.read_text() == ""


@pytest.mark.parametrize("settings", ["/srv/a b/f.yaml", "/srv/%n/f.yaml", "/srv/x\ny/f.yaml"])
def test_a_path_that_a_unit_would_read_otherwise_is_refused(settings: str) -> None:
    what = Installation(WHAT.command, Path(settings), WHAT.state, WHAT.cache, WHAT.user)
    with pytest.raises(UnitsRefused, match="use another folder"):
        render_units(what)


def test_settings_below_etc_are_run_in_the_systems_folder_others_beside_them(
    tmp_path: Path,
) -> None:
    assert find_place(WHAT.settings).run_folder == Path("/var/lib/freizeichen")
    assert find_place(tmp_path / "f.yaml").run_folder == tmp_path.resolve() / ".freizeichen"


def test_units_for_settings_that_are_not_there_are_not_written(tmp_path: Path) -> None:
    words = ["--settings", str(tmp_path / "freizeichen.yaml"), "--root", str(tmp_path / "root")]
    refused = CliRunner().invoke(app, ["service", "install", *words])
    assert refused.exit_code == 1
    assert "freizeichen.yaml is not there; write it (freizeichen init)" in refused.output
    assert not (tmp_path / "root").exists()


def test_the_commands_write_show_and_take_away(tmp_path: Path, seen: Path) -> None:
    settings = seen / "freizeichen.yaml"
    settings.write_text("version: 1\n")
    run, words = CliRunner(), ["--settings", str(settings)]
    root = ["--root", str(tmp_path / "root")]
    assert "Type=notify" in run.invoke(app, ["service", "show", *words]).stdout
    assert not (tmp_path / "root").exists()
    done = run.invoke(app, ["service", "install", *words, *root])
    assert done.exit_code == 0, done.output
    assert "systemctl enable --now" in done.stdout
    written = unit(tmp_path / "root", SERVICE)["Service"]
    assert written["WorkingDirectory"] == str(seen.resolve() / ".freizeichen")
    assert "StateDirectory" not in written
    assert run.invoke(app, ["service", "remove", *words, *root]).exit_code == 0
    assert not [path for path in (tmp_path / "root").rglob("*") if path.is_file()]

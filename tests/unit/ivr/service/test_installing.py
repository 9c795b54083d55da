"""Unit: what root gives to the account of an installation, and what it does not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.asterisk.account import RunAccount
from ivr.place.credentials import load_credentials, passwords_file
from ivr.service.installing import (
    give_folders,
    give_passwords,
    give_secret,
    have_units_read,
    make_account,
)
from ivr.service.units import UnitsRefused
from ivr.starting.leave_root import fill_cache_as_its_owner

ANYBODY = RunAccount(61_743, 61_743)
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def secret(folder: Path, mode: int = 0o600) -> Path:
    path = folder / "trunk-password"
    path.write_text("word\n")
    path.chmod(mode)
    return path


@pytest.fixture
def roots() -> Iterator[Path]:
    """A folder to which every step is root's alone, as to /etc."""
    with tempfile.TemporaryDirectory(prefix="freizeichen-test-", dir="/var/lib") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@AS_ROOT
def test_a_secret_that_root_alone_can_read_becomes_the_accounts(roots: Path) -> None:
    path = secret(roots)
    assert give_secret(ANYBODY, path)
    assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (ANYBODY.uid, 0o600)
    assert not give_secret(RunAccount(61_744, 61_744), path)  # it is not root's any more
    assert path.stat().st_uid == ANYBODY.uid


@AS_ROOT
def test_passwords_that_root_made_become_the_accounts_with_the_folder(roots: Path) -> None:
    run_folder = roots / "run"
    give_passwords(ANYBODY, run_folder)  # there is none yet
    run_folder.mkdir(mode=0o755)
    give_passwords(ANYBODY, run_folder)
    load_credentials(run_folder, ["desk1"])
    give_passwords(ANYBODY, run_folder)
    give_folders(ANYBODY, [run_folder])
    give_passwords(ANYBODY, run_folder)  # once more, as a second installation does
    found = passwords_file(run_folder).stat()
    assert (found.st_uid, found.st_mode & 0o777) == (ANYBODY.uid, 0o600)


@AS_ROOT
def test_one_that_is_missing_or_that_the_account_can_read_is_left_as_it_is(roots: Path) -> None:
    assert not give_secret(ANYBODY, roots / "trunk-password")
    assert not give_secret(ANYBODY, roots / "nowhere" / "trunk-password")
    path = secret(roots, 0o640)
    os.chown(path, 0, ANYBODY.gid)
    assert not give_secret(ANYBODY, path)
    assert path.stat().st_uid == 0


@AS_ROOT
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("open", r"is open to others \(mode 0644\), so it was not given .*: chmod 600 it"),
        ("linked", r"/trunk-password, which is a link or no folder, .*: name it by its own path"),
        ("linked on the way", "/way, which is a link or no folder, "),
        ("twice", "is no file with one name, "),
        ("folder", "is no file with one name, "),
        ("in theirs", "/inner, to which others than root can write, .*: move it, to /etc/freizei"),
        ("below theirs", "/inner, to which others than root can write, "),
        ("in a folder of another's", "/inner, to which others than root can write, "),
    ],
)
def test_nothing_is_given_that_somebody_could_have_laid_there(
    roots: Path, what: str, said: str
) -> None:
    inner = roots / "inner"
    inner.mkdir(mode=0o755)
    path = named = secret(inner, 0o644 if what == "open" else 0o600)
    if what == "linked":
        path.rename(inner / "elsewhere")
        path.symlink_to(inner / "elsewhere")
    elif what == "linked on the way":
        (roots / "way").symlink_to(inner)
        named = roots / "way" / path.name
    elif what == "twice":
        os.link(path, inner / "elsewhere")
    elif what == "folder":
        path.unlink()
        path.mkdir(mode=0o700)
    elif what == "in theirs":
        inner.chmod(0o777)
    elif what == "below theirs":
        (inner / "deep").mkdir(mode=0o755)
        named = secret(inner / "deep")
        inner.chmod(0o775)
    elif what == "in a folder of another's":
        os.chown(inner, ANYBODY.uid, 0)
    with pytest.raises(UnitsRefused, match=said):
        give_secret(ANYBODY, named)
    assert {each.lstat().st_uid for each in inner.rglob("*")} <= {0}


@AS_ROOT
def test_one_in_tmp_or_without_its_whole_path_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret(tmp_path)
    with pytest.raises(UnitsRefused, match="lies in /tmp, to which others than root can write"):
        give_secret(ANYBODY, path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnitsRefused, match="is no whole path"):
        give_secret(ANYBODY, Path(path.name))
    assert path.stat().st_uid == 0


@AS_ROOT
def test_folders_are_made_and_given_and_those_of_others_are_refused(tmp_path: Path) -> None:
    folders = (tmp_path / "state", tmp_path / "cache" / "of-it")
    give_folders(ANYBODY, folders)
    assert {folder.stat().st_uid for folder in folders} == {ANYBODY.uid}
    give_folders(ANYBODY, folders)
    with pytest.raises(UnitsRefused, match=r"belongs to another account \(id 61743\)"):
        give_folders(RunAccount(61_744, 61_744), folders)
    assert folders[0].stat().st_uid == ANYBODY.uid


@AS_ROOT
def test_root_fills_a_cache_as_the_account_that_it_belongs_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[RunAccount] = []
    monkeypatch.setattr("ivr.starting.leave_root.become", became.append)
    monkeypatch.setenv("FREIZEICHEN_CACHE", str(tmp_path))
    fill_cache_as_its_owner()
    assert became == []
    os.chown(tmp_path, ANYBODY.uid, ANYBODY.gid)
    fill_cache_as_its_owner()
    assert became == [ANYBODY]


def test_where_there_is_no_systemd_it_is_said_what_is_done_and_what_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnitsRefused, match=r"daemon-reload failed .* this machine needs systemd"):
        have_units_read()
    refuses = tmp_path / "systemd-sysusers"
    refuses.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    refuses.chmod(0o755)
    with pytest.raises(
        UnitsRefused, match=r"systemd-sysusers failed \(no\); the units are written"
    ):
        make_account("freizeichen")
    refuses.write_text("#!/bin/sh\n")
    with pytest.raises(UnitsRefused, match="made no account 'fz-nobody'"):
        make_account("fz-nobody")

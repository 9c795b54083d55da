"""Unit: what somebody planted in a folder is neither written through nor given away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ivr.place.private_files import is_own_folder, open_own, own_folder, read_plain, write_private
from ivr.place.runfile import RunFile, write_run_file

ME = (os.geteuid(), os.getegid())


def test_a_file_is_written_whole_for_its_owner_alone_or_for_a_group(tmp_path: Path) -> None:
    write_private(tmp_path / "mine", "word")
    write_private(tmp_path / "ours", b"word", group=os.getegid())
    assert (tmp_path / "mine").read_text() == (tmp_path / "ours").read_text() == "word"
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ours").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "ours"]


@pytest.mark.parametrize("planted", ["run.json", "run.json.new"])
def test_no_private_file_is_written_through_a_link(tmp_path: Path, planted: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep")
    (tmp_path / planted).symlink_to(victim)
    run = RunFile(1, "http://127.0.0.1:1", "127.0.0.1", 1, "t", "p", "m", (), (), ())
    write_run_file(tmp_path, run)
    assert victim.read_text() == "keep"
    assert not (tmp_path / "run.json").is_symlink()


def test_a_file_of_ours_is_not_opened_through_links_or_where_it_has_a_second_name(
    tmp_path: Path,
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep")
    (tmp_path / "soft").symlink_to(victim)
    (tmp_path / "hard").hardlink_to(victim)
    os.mkfifo(tmp_path / "pipe")
    for name in ("soft", "hard", "pipe"):
        with pytest.raises(OSError, match=name):
            open_own(tmp_path / name, empty=True)
        assert name == "hard" or read_plain(tmp_path / name) is None
    assert victim.read_text() == "keep"


def test_a_planted_link_gives_way_to_a_folder_of_ones_own(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(elsewhere)
    (tmp_path / "file").write_text("x")
    for name in ("link", "file", "new"):
        assert own_folder(tmp_path / name, *ME, 0o750)
        assert not own_folder(tmp_path / name, *ME, 0o750)
        assert is_own_folder(tmp_path / name, ME[0])
    assert elsewhere.stat().st_mode & 0o777 == 0o755


def test_a_folder_others_can_write_to_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path)
    assert not is_own_folder(tmp_path / "open", ME[0])
    assert not is_own_folder(tmp_path / "link", ME[0])
    assert not is_own_folder(tmp_path / "missing", ME[0])
    assert not is_own_folder(tmp_path, ME[0] + 1)

"""Unit: Asterisk's own log is cut to its last whole lines, and nothing is cut through a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.asterisk.own_log import cut


def test_a_large_log_keeps_its_last_whole_lines_and_asterisk_goes_on_at_their_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "messages"
    with path.open("a") as asterisk:
        asterisk.writelines(f"line {number}\n" for number in range(1000))
        asterisk.flush()
        assert cut(path, most=5000, kept=95)
        asterisk.write("after\n")
    assert path.read_text().splitlines() == [*(f"line {n}" for n in range(990, 1000)), "after"]
    assert not cut(path, most=5000, kept=95)


def test_a_log_that_is_not_there_or_small_is_left_alone(tmp_path: Path) -> None:
    assert not cut(tmp_path / "messages")
    (tmp_path / "messages").write_text("small")
    assert not cut(tmp_path / "messages", most=5)
    assert (tmp_path / "messages").read_text() == "small"


def test_nothing_is_cut_through_a_link(tmp_path: Path) -> None:
    aim = tmp_path / "passwords"
    aim.write_text("x" * 100)
    (tmp_path / "soft").symlink_to(aim)
    (tmp_path / "hard").hardlink_to(aim)
    for name in ("soft", "hard"):
        with pytest.raises(OSError, match=r".+"):
            cut(tmp_path / name, most=5)
    assert aim.read_text() == "x" * 100

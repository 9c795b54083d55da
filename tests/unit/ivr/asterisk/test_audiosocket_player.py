"""What a caller hears in each 20 ms: to the sample, and every sound ends once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk.audiosocket.frames import FRAME_BYTES, FRAME_SAMPLES, SILENT_FRAME
from ivr.asterisk.audiosocket.player import (
    MOST_WAITING,
    Playback,
    PlayEnd,
    Player,
    PlayerFull,
    Samples,
)


def ramp(length: int, start: int = 1) -> Samples:
    return (np.arange(start, start + length) % 30_000).astype(np.int16)


def frames(player: Player, count: int, now_s: float = 0.0) -> tuple[Samples, list[Playback]]:
    """The sound of so many frames, and what ended in them."""
    sound, ended = b"", []
    for _ in range(count):
        data, over = player.frame(now_s)
        assert data[:3] == b"\x10\x01\x40"
        assert len(data) == 3 + FRAME_BYTES
        sound += data[3:]
        ended += over
    return np.frombuffer(sound, "<i2"), ended


def test_nothing_to_play_is_silence() -> None:
    assert Player().frame(0.0) == (SILENT_FRAME, [])


@given(st.lists(st.integers(min_value=0, max_value=500), min_size=1, max_size=6))
def test_sounds_follow_each_other_without_a_gap_and_each_ends_once(lengths: list[int]) -> None:
    player = Player()
    tokens = [player.add(ramp(length)) for length in lengths]
    heard, ended = frames(player, sum(lengths) // FRAME_SAMPLES + 1)
    expected = np.concatenate([ramp(length) for length in lengths])
    assert heard[: len(expected)].tolist() == expected.tolist()
    assert not heard[len(expected) :].any()
    assert ended == tokens
    assert {token.end for token in ended} == {PlayEnd.PLAYED}
    assert [token.played for token in tokens] == lengths


@given(st.integers(min_value=1, max_value=2000), st.integers(min_value=0, max_value=15))
def test_a_stop_ends_the_sound_before_the_next_frame_and_counts_to_the_sample(
    length: int, before: int
) -> None:
    player = Player()
    first, second = player.add(ramp(length)), player.add(ramp(10))
    frames(player, before, now_s=1.0)
    cut = player.stop(PlayEnd.STOPPED, 2.0)
    assert player.frame(3.0) == (SILENT_FRAME, [])
    assert first.played == min(length, before * FRAME_SAMPLES)
    for token in (first, second):
        assert (token.end is PlayEnd.STOPPED) == (token in cut)
        assert token.ended_at_s == (2.0 if token in cut else 1.0)


def test_a_sound_knows_when_its_first_and_its_last_frame_left() -> None:
    player = Player()
    token = player.add(ramp(FRAME_SAMPLES + 1))
    player.frame(5.0)
    assert (token.began_at_s, token.ended_at_s, token.end) == (5.0, None, None)
    player.frame(5.02)
    assert (token.ended_at_s, token.end) == (5.02, PlayEnd.PLAYED)


@pytest.mark.parametrize(
    "wrong", [np.zeros(4, np.float32), np.zeros((2, 2), np.int16), np.zeros(4, ">i2")]
)
def test_what_is_no_row_of_16_bit_samples_is_refused(wrong: Samples) -> None:
    with pytest.raises(ValueError, match="int16"):
        Player().add(wrong)


def test_more_sounds_than_any_dialogue_needs_are_refused() -> None:
    player = Player()
    for _ in range(MOST_WAITING):
        player.add(ramp(1))
    with pytest.raises(PlayerFull):
        player.add(ramp(1))


def test_part_of_a_sound_and_a_sound_that_is_not_in_one_piece_are_played_as_they_are() -> None:
    player = Player()
    player.add(ramp(20)[5:15])
    player.add(ramp(20)[::2])
    heard, _ = frames(player, 1)
    assert heard[:20].tolist() == [*range(6, 16), *range(1, 21, 2)]

"""Music on hold: ours, calm, and without a seam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ivr.speech.music import compose, write_music
from ivr.speech.sound import RATE, Sound, read_wav


@pytest.fixture(scope="module")
def piece() -> Sound:
    """The piece."""
    return compose()


def test_the_piece_is_moderate_in_level_and_never_sudden(piece: Sound) -> None:
    assert 40 < len(piece) / RATE < 60
    assert 20 * np.log10(np.sqrt(np.mean(np.square(piece)))) == pytest.approx(-20, abs=0.1)
    assert np.abs(piece).max() < 0.7
    seconds = np.sqrt(np.mean(np.square(piece.reshape(-1, RATE)), axis=1))
    assert 20 * np.log10(seconds.max() / seconds.min()) < 10


def test_nothing_in_it_is_shrill_or_lost_on_a_telephone(piece: Sound) -> None:
    power = np.square(np.abs(np.fft.rfft(piece)))
    hertz = np.fft.rfftfreq(len(piece), 1 / RATE)
    assert power[hertz > 3000].sum() < 0.001 * power.sum()
    assert power[hertz < 250].sum() < 0.02 * power.sum()


def test_the_end_runs_into_the_beginning(piece: Sound) -> None:
    turned = np.roll(piece, RATE)
    seam, usual = np.abs(np.diff(turned))[RATE - 3 : RATE + 3], np.abs(np.diff(piece))
    assert seam.max() < np.quantile(usual, 0.99)


def test_it_is_written_once_and_mended_when_damaged(tmp_path: Path) -> None:
    path = tmp_path / "music" / "hold.wav"
    assert write_music(path)
    written = path.read_bytes()
    assert not write_music(path)
    path.write_bytes(written[:1000])
    assert write_music(path)
    assert path.read_bytes() == written
    sound, rate = read_wav(written)
    assert (rate, len(sound)) == (RATE, len(compose()))
    assert [p.name for p in path.parent.iterdir() if not p.name.startswith(".")] == ["hold.wav"]

"""Sound: WAV files of every form, and what is left of them at 8 kHz."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ivr.speech.sound import SoundBroken, read_wav, to_telephone, wav_bytes
from tests.unit.ivr.speech.prompt_making import ROOT, pitch, record, tone


@pytest.mark.parametrize("rate", [4000, 8000, 11025, 16000, 22050, 32000, 44100, 96000, 192_000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_a_wav_of_any_width_rate_and_channels_is_read_alike(
    tmp_path: Path, rate: int, width: int, channels: int
) -> None:
    path = record(tmp_path, "a", tone(700, 0.2, rate), rate, channels=channels, width=width)
    sound, got = read_wav(path.read_bytes())
    assert got == rate
    assert len(sound) == round(0.2 * rate)
    assert sound == pytest.approx(tone(700, 0.2, rate), abs=0.01 if width == 1 else 1e-4)
    heard = to_telephone(sound, got)
    assert len(heard) == pytest.approx(1600, abs=1)
    assert pitch(heard, 8000) == pytest.approx(700, abs=5)


def _wav(form: bytes, body: bytes, *, before: bytes = b"") -> bytes:
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + before
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _form(kind: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    frame = channels * bits // 8
    return struct.pack("<HHIIHH", kind, channels, rate, rate * frame, frame, bits)


SAMPLES = (tone(700, 0.1, 8000) * 32767).astype("<i2").tobytes()
GUID = bytes.fromhex("000000001000800000aa00389b71")


def test_chunks_of_odd_length_and_extended_headers_lead_to_the_sound() -> None:
    plain = read_wav(_wav(_form(), SAMPLES))[0]
    note = b"LIST" + struct.pack("<I", 5) + b"hello\x00"
    assert read_wav(_wav(_form(), SAMPLES, before=note))[0] == pytest.approx(plain)
    longer = _form(kind=0xFFFE) + struct.pack("<HHIH", 22, 16, 4, 1) + GUID
    assert read_wav(_wav(longer, SAMPLES))[0] == pytest.approx(plain)


def test_sound_from_a_pipe_that_does_not_know_its_length_is_read_to_the_end() -> None:
    data = bytearray(_wav(_form(), SAMPLES))
    data[40:44] = b"\xff\xff\xff\x7f"
    assert len(read_wav(bytes(data))[0]) == len(SAMPLES) // 2
    assert len(read_wav(bytes(data[:-1]))[0]) == len(SAMPLES) // 2 - 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no WAV file"),
        (b"ID3 is no WAV at all", "is no WAV file"),
        (b"RIFF\x04\x00\x00\x00WAVE", "ends before its sound begins"),
        (_wav(b"", SAMPLES), "does not say how its sound is stored"),
        (_wav(_form(), b""), "holds no sound"),
        (_wav(_form(), b"x"), "holds no sound"),
        (_wav(_form(kind=7, bits=8), SAMPLES), "holds µ-law, not PCM; save it as WAV with PCM"),
        (_wav(_form(kind=3, bits=32), SAMPLES), "holds floating point, not PCM"),
        (
            _wav(_form(kind=0xFFFE, bits=32) + struct.pack("<HHIH", 22, 32, 4, 3) + GUID, SAMPLES),
            "holds floating point, not PCM",
        ),
        (_wav(_form(kind=4711), SAMPLES), "holds sound of kind 4711, not PCM"),
        (_wav(_form(bits=12), SAMPLES), "is of 12 bit, 1 channels and 8000 Hz; expected 8, 16"),
        (_wav(_form(channels=0), SAMPLES), "0 channels"),
        (_wav(_form(rate=0), SAMPLES), "0 Hz"),
        (_wav(_form(rate=4_000_000), SAMPLES), "4000000 Hz"),
    ],
)
def test_what_is_no_sound_is_refused_with_what_was_expected(data: bytes, why: str) -> None:
    with pytest.raises(SoundBroken, match=why):
        read_wav(data)


def test_a_wav_cut_short_in_its_header_is_no_sound() -> None:
    for length in range(44):
        with pytest.raises(SoundBroken):
            read_wav((b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00" + bytes(24))[:length])


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_what_a_telephone_cannot_carry_is_gone_and_the_rest_is_untouched(rate: int) -> None:
    inside, outside = tone(1000, 1, rate), tone(min(5200, rate / 2 - 500), 1, rate)
    kept, gone = to_telephone(inside, rate)[800:-800], to_telephone(outside, rate)[800:-800]
    assert np.std(kept) == pytest.approx(np.std(inside), rel=1e-3)
    assert np.std(gone) < 1e-4
    between = tone(3800, 1, rate)
    assert np.std(to_telephone(between, rate)[800:-800]) < 0.2 * np.std(between)


def test_what_is_written_is_read_back() -> None:
    sound = tone(440, 0.5, 8000, level=1.0)
    back, rate = read_wav(wav_bytes(sound))
    assert rate == 8000
    assert back == pytest.approx(sound, abs=1e-4)


def test_no_warning_of_pydub_reaches_a_user(tmp_path: Path) -> None:
    """As on a machine without ffmpeg where no byte code is kept."""
    quiet = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import ivr.speech.loudness"],
        env={**os.environ, "PATH": str(tmp_path), "PYTHONPYCACHEPREFIX": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")

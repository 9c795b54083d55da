"""What a waiting caller hears: 48 seconds of music of our own that run into themselves.

Sixteen bars of four beats at 80 a minute, in F major: a soft pad, a plucked figure through the
chord, and a few bell notes above it in every other bar. It is written for the telephone: nothing
that matters lies below 300 Hz or above 3 kHz, nothing is sudden, and the level hardly moves. All
notes and the reverberation wrap round the end, which is why the loop has no beginning.

Composed for Freizeichen and computed here, note by note; no recording of anyone is in it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from ivr.speech.sound import RATE, Sound, wav_bytes, write_whole

MUSIC_VERSION = 1  # raise it when the piece changes
LEVEL_DBFS = -20.0

_BEAT_S = 0.75
_BARS = 16
_LENGTH = round(_BARS * 4 * _BEAT_S * RATE)

# Chords as MIDI notes, low to high, each for a bar; spread so that no two lie a half tone apart.
_F, _C_E, _DM, _BB = (65, 69, 72, 79), (64, 67, 72, 76), (62, 65, 69, 72), (62, 65, 70, 81)
_AM, _GM, _C11, _C7 = (64, 69, 72, 79), (62, 67, 70, 77), (65, 70, 72, 74), (64, 67, 70, 72)
_CHORDS = (_F, _C_E, _DM, _BB, _F, _AM, _GM, _C11, _DM, _AM, _BB, _F, _GM, _DM, _C11, _C7)

# The plucked figure: half beat, which note of the chord, and how strongly.
_FIGURE = (
    (0, 0, 0.8), (1, 2, 0.5), (2, 1, 0.6), (3, 3, 0.6), (4, 2, 0.6), (5, 1, 0.5), (7, 2, 0.4),
)  # fmt: skip

# The bells: bar, beat, MIDI note.
_BELLS = (
    (1, 0.0, 79), (1, 2.0, 76), (3, 0.0, 74), (3, 1.5, 77), (5, 0.0, 79), (5, 2.0, 84),
    (7, 0.0, 81), (7, 1.5, 79), (7, 3.0, 77), (9, 0.0, 76), (9, 2.0, 79), (11, 0.0, 81),
    (11, 2.0, 77), (13, 0.0, 77), (13, 1.5, 74), (15, 0.0, 76), (15, 2.0, 79),
)  # fmt: skip


def write_music(path: Path) -> bool:
    """Write the music on hold as WAV: 8 kHz, mono, 16 bit. True if it had to be computed.

    A hidden file beside it says what it was made by; players of a folder pass it over.
    """
    note = path.with_name(f".{path.name}.made")
    try:
        made = json.loads(note.read_bytes())
        if made == {"version": MUSIC_VERSION, "sha256": _sha256(path.read_bytes())}:
            return False
    except (OSError, ValueError):
        pass
    data = wav_bytes(compose())
    write_whole(path, data)
    content = {"version": MUSIC_VERSION, "sha256": _sha256(data)}
    write_whole(note, json.dumps(content).encode())
    return True


def compose() -> Sound:
    """The piece as samples between -1 and 1 at 8 kHz; the same on every call."""
    dry = np.zeros(_LENGTH)
    for bar, chord in enumerate(_CHORDS):
        start = bar * 4 * _BEAT_S
        for note in chord:
            _mix(dry, start - 0.4, 0.045 * _pad(note))
        for half, place, force in _FIGURE:
            lag = 0.012 * np.sin(1.7 * (bar * 8 + half))  # a hand is never quite even
            pluck = _pluck(chord[place], force)
            _mix(dry, start + half * _BEAT_S / 2 + lag, 0.20 * pluck)
    for bar, beat, note in _BELLS:
        _mix(dry, (bar * 4 + beat) * _BEAT_S, 0.10 * _bell(note))
    piece = dry + 0.45 * _reverberated(dry)
    level: float = np.sqrt(np.mean(np.square(piece)))
    return piece * (10 ** (LEVEL_DBFS / 20) / level)


def _mix(into: Sound, at_s: float, sound: Sound) -> None:
    """Add a note; what reaches over the end sounds on at the beginning."""
    places = (round(at_s * RATE) + np.arange(len(sound))) % len(into)
    np.add.at(into, places, sound)


def _hertz(note: int) -> float:
    return float(440.0 * 2 ** ((note - 69) / 12))


def _pad(note: int) -> Sound:
    """A soft chord tone over a bar: slow rise and fall, two voices a hair apart."""
    seconds = 4 * _BEAT_S + 1.4
    t = np.arange(round(seconds * RATE)) / RATE
    rise, fall = np.clip(t / 1.1, 0, 1), np.clip((seconds - t) / 1.6, 0, 1)
    swell = np.square(np.sin(rise * np.pi / 2) * np.sin(fall * np.pi / 2))
    tone = np.zeros_like(t)
    for detune in (-0.0012, 0.0012):
        base = _hertz(note) * (1 + detune)
        for part, strength in ((1, 1.0), (2, 0.40), (3, 0.20), (4, 0.08)):
            tone += strength * np.sin(2 * np.pi * base * part * t + part * note)
    voiced: Sound = tone * swell / 2
    return voiced


def _pluck(note: int, force: float) -> Sound:
    """A plucked string: the higher a partial, the sooner it is gone."""
    t = np.arange(round(2.2 * RATE)) / RATE
    base = _hertz(note)
    tone = np.zeros_like(t)
    for part in range(1, 7):
        if base * part < 2800:
            tone += (
                force**part**0.5
                / part**1.3
                * np.exp(-t * (1.6 + 1.1 * part))
                * np.sin(2 * np.pi * base * part * t)
            )
    attack, end = np.clip(t / 0.006, 0, 1), np.clip((2.2 - t) / 0.3, 0, 1)
    return tone * attack * end


def _bell(note: int) -> Sound:
    """A small bell, rounded: a tone, its octave, and a fading fifth above that."""
    t = np.arange(round(3.0 * RATE)) / RATE
    base = _hertz(note)
    tone = np.zeros_like(t)
    for part, strength, decay in ((1.0, 1.0, 1.5), (2.0, 0.25, 2.6), (3.0, 0.10, 4.5)):
        tone += strength * np.exp(-t * decay) * np.sin(2 * np.pi * base * part * t)
    attack, end = np.clip(t / 0.025, 0, 1), np.clip((3.0 - t) / 0.5, 0, 1)
    rung: Sound = tone * np.sin(attack * np.pi / 2) * end
    return rung


def _reverberated(dry: Sound) -> Sound:
    """The piece in a small hall: noise that dies away and loses its highs, round the loop."""
    t = np.arange(round(1.6 * RATE)) / RATE
    noise = np.random.default_rng(1).standard_normal(len(t)) * np.exp(-t * 4.2)
    noise *= np.clip(t / 0.02, 0, 1)
    spectrum = np.fft.rfft(noise, len(dry))
    hertz = np.fft.rfftfreq(len(dry), 1 / RATE)
    spectrum *= 1 / (1 + np.square(hertz / 1500)) * np.square(np.clip(hertz / 250, 0, 1))
    spectrum /= np.sqrt(np.sum(np.square(noise)))
    wet: Sound = np.fft.irfft(np.fft.rfft(dry) * spectrum, len(dry))
    return wet


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

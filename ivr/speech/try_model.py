"""The process that tries a model, because Vosk may crash on it: loads it and hears some noise.

Run as `python -m ivr.speech.try_model FOLDER LANGUAGE`; its exit status is a `TrialEnd`.
"""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path

import numpy as np

from ivr.speech.model_trial import TrialEnd
from ivr.speech.syllables import syllables
from ivr.speech.turn import RATE
from ivr.speech.vosk_model import ModelBroken, VoskVocabulary


def try_model(folder: Path, language: str) -> TrialEnd:
    """Load a model and hear a second of noise with it."""
    try:
        vocabulary = VoskVocabulary(folder, language, tried=True)
    except ModelBroken:
        return TrialEnd.NOT_LOADED
    words = syllables(language)
    strange = frozenset(vocabulary.unknown(words))
    noise = np.random.default_rng(1).normal(0, 3000, RATE).astype("<i2").tobytes()
    try:
        decoder = vocabulary.decoder([word for word in words if word not in strange])
        decoder.accept(noise)
        decoder.finish()
    except Exception:  # Vosk raises nothing more precise
        return TrialEnd.NOT_HEARD
    return TrialEnd.PASSED


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C must not wait for Vosk
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash here is an answer, not a fault
    sys.exit(try_model(Path(sys.argv[1]), sys.argv[2]))

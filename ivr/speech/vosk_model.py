"""What a Vosk model knows, and how one decoder of it is fed and read: Vosk's own words end here.

A decoder takes 8 kHz sound as it is (Vosk raises the rate itself where a model wants more). It is
used by one thread at a time; its native calls release the GIL. Vosk's own log is switched off: it
prints the words of grammars.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from ivr import resources
from ivr.speech.model_trial import trial_fault
from ivr.speech.models import model_faults
from ivr.speech.syllables import syllables
from ivr.speech.turn import RATE

_ALTERNATIVES = 6
_FEWEST_SYLLABLES = 20  # fewer of them explain too little to compete
_UNKNOWN = "[unk]"


@cache
def _vosk() -> Any:
    """Vosk, imported where a model is loaded: an HTTP client and progress bars come along."""
    import vosk

    vosk.SetLogLevel(-1)
    return vosk


class ModelBroken(Exception):
    """A model cannot be loaded; whoever installed it must act. Names files, no words."""

    code = "model_broken"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a decoder made of some sound: `score` is a log-likelihood, `spoken_s` its words' length.

    `confidence` is the share of the best answer among those that Vosk still thought possible.
    """

    text: str = field(repr=False)
    score: float
    confidence: float
    spoken_s: float


class Decoder(Protocol):
    """One stream of sound being recognised."""

    def accept(self, chunk: bytes) -> str:
        """Take 16-bit samples; gives the words heard so far, which may change."""
        ...

    def finish(self) -> tuple[Answer, float | None]:
        """The last word, and by how much a row of syllables beats it, for each second."""
        ...


class Vocabulary(Protocol):
    """A loaded model."""

    def decoder(self, phrases: Sequence[str]) -> Decoder:
        """A decoder for these phrases."""
        ...

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        """Those of the words that the model cannot hear."""
        ...


class VoskVocabulary:
    """A model of Vosk, loaded: about 2 s and 500 MB, once for the whole process."""

    def __init__(self, folder: Path, language: str, *, tried: bool = False) -> None:
        """Load it, after a trial in another process unless it was `tried`. Raises `ModelBroken`."""
        if faults := model_faults(folder):
            raise _broken(folder, language, "; ".join(faults))
        if not tried and (fault := trial_fault(folder, language, resources.cache_folder())):
            raise _broken(folder, language, fault)
        try:
            self._model = _vosk().Model(str(folder))
        except Exception:  # Vosk raises nothing more precise
            raise _broken(folder, language, "Vosk cannot load it") from None
        known = [s for s in syllables(language) if self._knows(s)]
        self._syllables = tuple(known) if len(known) >= _FEWEST_SYLLABLES else ()
        self._unknown = (_UNKNOWN,) if self._knows(_UNKNOWN) else ()

    def decoder(self, phrases: Sequence[str]) -> Decoder:
        # A grammar without any phrase would crash Vosk; an empty phrase is silence.
        heard = (*phrases, *self._unknown) or ("",)
        return VoskDecoder(self._model, heard, self._syllables)

    def unknown(self, words: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({word for word in words if not self._knows(word)}))

    def _knows(self, word: str) -> bool:
        return bool(self._model.vosk_model_find_word(word) >= 0)


class VoskDecoder:
    """One stream, recognised with the grammar and beside it with the syllables, chunk by chunk.

    Both at once cost as much as one after the other, but the last word is then as short a piece of
    work as any, and no other caller waits for it.
    """

    def __init__(self, model: Any, phrases: Sequence[str], syllables: Sequence[str]) -> None:
        self._decoder = _Path(_recogniser(model, phrases))
        self._rival = _Path(_recogniser(model, syllables)) if syllables else None

    def accept(self, chunk: bytes) -> str:
        if self._rival is not None:
            self._rival.accept(chunk)
        return _without_unknown(self._decoder.accept(chunk))

    def finish(self) -> tuple[Answer, float | None]:
        segments = self._decoder.finish()
        answer = Answer(
            _without_unknown(" ".join(s.text for s in segments if s.text)),
            sum(s.score for s in segments),
            min((s.confidence for s in segments if s.text), default=0.0),
            sum(s.spoken_s for s in segments),
        )
        if not answer.text or self._rival is None:
            return answer, None
        lead = sum(s.score for s in self._rival.finish()) - answer.score
        return answer, lead / max(answer.spoken_s, 0.3)


class _Path:
    """What one grammar makes of a stream, in the segments into which Vosk parts it."""

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser
        self._segments: list[Answer] = []

    def accept(self, chunk: bytes) -> str:
        """Take the next sound; gives the words so far."""
        said = " ".join(s.text for s in self._segments if s.text)
        if self._recogniser.AcceptWaveform(chunk):  # Vosk thinks it ended; not for Vosk to say
            self._segments.append(_best(self._recogniser.Result()))
            return f"{said} {self._segments[-1].text}".strip()
        return f"{said} {json.loads(self._recogniser.PartialResult())['partial']}".strip()

    def finish(self) -> list[Answer]:
        """All segments, the last one included."""
        return [*self._segments, _best(self._recogniser.FinalResult())]


def _without_unknown(text: str) -> str:
    """The words without what the model calls unknown (a breath, an "er"), if there are others."""
    words = [word for word in text.split() if word != _UNKNOWN]
    return " ".join(words) if words else text


def _broken(folder: Path, language: str, why: str) -> ModelBroken:
    return ModelBroken(
        f"the speech model in {folder} cannot be used: {why}; "
        f"run 'freizeichen models fetch {language}', which mends it or says what to do"
    )


def _recogniser(model: Any, phrases: Sequence[str]) -> Any:
    made = _vosk().KaldiRecognizer(model, RATE, json.dumps(list(phrases), ensure_ascii=False))
    made.SetMaxAlternatives(_ALTERNATIVES)
    made.SetWords(True)
    return made


def _best(result: str) -> Answer:
    found = json.loads(result).get("alternatives") or [{"text": "", "confidence": 0.0}]
    best = found[0]
    words = best.get("result", [])
    spoken_s = words[-1]["end"] - words[0]["start"] if words else 0.0
    scores = [float(other["confidence"]) for other in found]
    among = sum(math.exp(score - scores[0]) for score in scores)
    return Answer(best["text"].strip(), scores[0], 1.0 / among, spoken_s)

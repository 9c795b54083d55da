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
from pathlib import Path
from typing import Protocol

import vosk

from ivr import resources
from ivr.speech.model_trial import trial_fault
from ivr.speech.models import model_faults
from ivr.speech.syllables import syllables

RATE = 8000
_ALTERNATIVES = 6
_FEWEST_SYLLABLES = 20  # fewer of them explain too little to compete
_UNKNOWN = "[unk]"

vosk.SetLogLevel(-1)


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
            self._model = vosk.Model(str(folder))
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
    """One stream: recognised with the grammar while it comes, with the syllables at its end."""

    def __init__(self, model: vosk.Model, phrases: Sequence[str], syllables: Sequence[str]) -> None:
        self._model = model
        self._syllables = syllables
        self._decoder = _recogniser(model, phrases)
        self._sound = bytearray()
        self._segments: list[Answer] = []

    def accept(self, chunk: bytes) -> str:
        if self._syllables:
            self._sound += chunk
        if self._decoder.AcceptWaveform(chunk):  # Vosk thinks it ended; that is not for Vosk to say
            self._segments.append(_best(self._decoder.Result()))
            return self._text()
        return f"{self._text()} {json.loads(self._decoder.PartialResult())['partial']}".strip()

    def finish(self) -> tuple[Answer, float | None]:
        self._segments.append(_best(self._decoder.FinalResult()))
        answer = Answer(
            self._text(),
            sum(s.score for s in self._segments),
            min((s.confidence for s in self._segments if s.text), default=0.0),
            sum(s.spoken_s for s in self._segments),
        )
        if not answer.text or not self._syllables:
            return answer, None
        lead = self._score_of_syllables() - answer.score
        return answer, lead / max(answer.spoken_s, 0.3)

    def _score_of_syllables(self) -> float:
        rival = _recogniser(self._model, self._syllables)
        ended = rival.AcceptWaveform(bytes(self._sound))
        score = _best(rival.Result()).score if ended else 0.0
        return score + _best(rival.FinalResult()).score

    def _text(self) -> str:
        return " ".join(s.text for s in self._segments if s.text)


def _broken(folder: Path, language: str, why: str) -> ModelBroken:
    return ModelBroken(
        f"the speech model in {folder} cannot be used: {why}; "
        f"run 'freizeichen models fetch {language}', which mends it or says what to do"
    )


def _recogniser(model: vosk.Model, phrases: Sequence[str]) -> vosk.KaldiRecognizer:
    made = vosk.KaldiRecognizer(model, RATE, json.dumps(list(phrases), ensure_ascii=False))
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

"""Whether what the recogniser answered is taken as said, asked back, or refused.

A recogniser with a grammar always answers with something of the grammar. Two measures tell how
much that is worth, and both must hold:
1. `confidence`: how far the answer stands out among the other phrases of the node, 0 to 1.
2. `competing`: how much better the same sound is explained by any row of syllables than by the
   answer, in natural logarithms of likelihood for each second of the answer. A caller who said a
   phrase of the grammar leaves the syllables little to win; another word lets them win much.
The limits were chosen on the shipped Korean menus, by six synthetic voices at two speeds. Of 124
words that were recognised rightly 68 in 100 are taken at once and 24 asked again; of 46 that were
misheard as another phrase 22 in 100 are taken; of 252 words of no menu 22 in 100. (The model was
made of human voices. More syllables tell the two apart no better and cost four times as much.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ivr.speech.turn.grammar import Fit, Grammar


class Verdict(Enum):
    """What an utterance is worth."""

    UNDERSTOOD = "take it as said"
    UNSURE = "a phrase, but ask back before anything is done"
    REFUSED = "not in the grammar; ask again"


@dataclass(frozen=True, slots=True)
class Limits:
    """Where taking, asking back and refusing part. `competing` limits are upper bounds."""

    refuse_confidence: float = 0.6
    sure_confidence: float = 0.85
    refuse_competing: float = 28.0
    sure_competing: float = 10.0
    sentence_competing: float = 2.0


# For the words for a human that are listened for while something is said: nobody was asked, so most
# of what is heard is something else, and `confidence` says little among so few phrases. Of 52 other
# words by two voices 1 is taken for a human's, of 16 numbers none; with the limit of a question it
# would be 6 and 11. Of the human's own words by four voices 상담원 is taken at once, 8 of 8; 도움,
# which the model hears less well, when it is said twice.
IN_PASSING = Limits(sure_competing=-5.0)


def longest_s(text: str) -> float:
    """How many seconds of sound a phrase may take, an "er, well" ahead of it included.

    Music and crowds make sound for seconds and are heard as a short phrase in it. A letter of any
    script is given the time of a slow Korean syllable.
    """
    return 1.5 + 0.3 * len(text)


def judge(
    text: str, confidence: float, competing: float | None, *, grammar: Grammar, limits: Limits
) -> Verdict:
    """The verdict on a final answer; `competing` is None where a model has no competing path."""
    if grammar.fit(text) not in (Fit.OPEN, Fit.COMPLETE):
        return Verdict.REFUSED
    if confidence < limits.refuse_confidence:
        return Verdict.REFUSED
    if competing is not None and competing > limits.refuse_competing:
        return Verdict.REFUSED
    sure = confidence >= limits.sure_confidence
    if sure and (competing is None or competing <= limits.sure_competing):
        return Verdict.UNDERSTOOD
    return Verdict.UNSURE


def human_in_sentence(
    text: str, competing: float | None, *, grammar: Grammar, limits: Limits
) -> str:
    """The phrase for a human in an answer of several phrases, or empty: someone said a sentence.

    A grammar hears a sentence as a row of its phrases. Syllables must explain it hardly better: of
    16 sentences for a human, by four voices, 11 were so heard; of 132 other words and sentences 5.
    """
    if competing is None or competing > limits.sentence_competing:
        return ""
    return grammar.human_within(text)

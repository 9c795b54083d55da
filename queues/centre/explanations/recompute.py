"""Whether a recorded decision is what its policy decides, and the full reason, on demand.

The state before the decision is the journal's: a snapshot before it, or nothing, and every fact up
to it. The policy of the version that decided is asked again. It must come to the recorded decision;
where it does not, or cannot be asked, that is said, and the recorded reason is all that is told.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from queues.centre.explanations.standing import Standing, standing, words_of_standing
from queues.centre.explanations.turning import turns
from queues.centre.explanations.wait import WaitFollowed
from queues.centre.facts.fact import Fact
from queues.centre.facts.house import HistoryLost
from queues.centre.facts.offers import OfferMade
from queues.centre.journal.codec import read_fact
from queues.centre.journal.plain import payload_of
from queues.centre.journal.row import JournalRow
from queues.centre.journal.row_faults import RowFault
from queues.centre.policies.known import KNOWN, PAIRING, Decided, decide_anew, policy_of
from queues.centre.recovery import Following
from queues.centre.state import Centre


class Verdict(StrEnum):
    """What asking the policy again came to."""

    SAME = "same"
    DIFFERS = "differs"
    POLICY_GONE = "policy_gone"  # this release does not have it any more
    STATE_UNKNOWN = "state_unknown"  # rows before it are missing, or cannot be read


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A decision asked again. `fields` names those that differ; `standing` tells who else there
    was, for an offer that is decided the same.
    """

    seq: int
    policy: str
    verdict: Verdict
    fields: tuple[str, ...] = ()
    standing: Standing | None = None

    @property
    def full(self) -> tuple[str, ...]:
        """Who else there was, in lines for people."""
        return () if self.standing is None else tuple(words_of_standing(self.standing))


def recompute(
    centre: Centre,
    rows: Iterable[JournalRow],
    wanted: Container[int],
    wait: WaitFollowed | None = None,
) -> Iterator[Recomputed]:
    """Decide the wanted rows anew. `rows` are all that follow on `centre`, in order.

    Rows that do not apply make what follows unknown, until a whole state stands written again.
    `wait` looks at the state after each row.
    """
    following = Following(centre)
    is_known = True
    for row in rows:
        if row.seq in wanted and (found := _asked(following, row, is_known=is_known)) is not None:
            yield found
        try:
            following.take(row)
        except RowFault:
            is_known = False
        else:
            is_known = is_known or row.type == HistoryLost.TYPE
        if wait is not None:
            wait.look(following.centre, row, is_known=is_known and following.is_whole)


def words_of(found: Recomputed) -> tuple[str, ...]:
    """Give lines for people: whether the recorded decision holds, and who else there was."""
    match found.verdict:
        case Verdict.SAME:
            return (f"asked again, {found.policy} decides the same", *found.full)
        case Verdict.DIFFERS if found.fields:
            fields = ", ".join(found.fields)
            return (f"asked again, {found.policy} decides OTHERWISE: it differs in {fields}",)
        case Verdict.DIFFERS:
            return (f"asked again, {found.policy} decides NO such thing here",)
        case Verdict.POLICY_GONE:
            return (
                f"this is the recorded reason: {found.policy} is not in this release any more and"
                " cannot be asked again",
            )
        case Verdict.STATE_UNKNOWN:
            return (
                "this is the recorded reason: rows before it are missing, so that"
                f" {found.policy} cannot be asked again",
            )


def _asked(following: Following, row: JournalRow, *, is_known: bool) -> Recomputed | None:
    recorded = read_fact(row)
    policy = policy_of(recorded)
    if policy is None or not isinstance(recorded, Decided):
        return None
    if not is_known or not following.is_whole:
        return Recomputed(row.seq, policy, Verdict.STATE_UNKNOWN)
    if policy not in KNOWN:
        return Recomputed(row.seq, policy, Verdict.POLICY_GONE)
    try:
        anew = decide_anew(following.centre, recorded)
    except LookupError:  # what the decision names is not in the state before it
        anew = None
    if anew != recorded:
        return Recomputed(row.seq, policy, Verdict.DIFFERS, _differing(recorded, anew))
    return Recomputed(row.seq, policy, Verdict.SAME, (), _standing(following.centre, recorded))


def _standing(centre: Centre, recorded: Decided) -> Standing | None:
    if not isinstance(recorded, OfferMade):
        return None
    turned_by = turns(centre, recorded, PAIRING[recorded.policy])
    return standing(centre, recorded, turned_by)


def _differing(recorded: Fact, anew: Fact | None) -> tuple[str, ...]:
    if anew is None:
        return ()
    before, after = payload_of(recorded), payload_of(anew)
    return tuple(name for name in before if before[name] != after[name])

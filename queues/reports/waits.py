"""Which records of waits follow from the facts: how long each lasted, and what was foretold of it.

Rules
1. A wait begins when a call is handed over or passed on, and ends with its talk or without one. A
   call that goes on to the agent who was asked, and has picked up, does not wait.
2. What was foretold when it began is judged by how long it lasted (`came_true`).
3. Where a wait was in two queues, or a part of it lies in a gap of the journal, there is no record.
"""

import json
from typing import Final

from queues.centre.estimates.came_true import came_true
from queues.centre.facts.calls import (
    CallClosed,
    CallMoved,
    CallQueued,
    CallReturned,
    CallTakenBack,
    CallTransferred,
)
from queues.centre.facts.consults import ConsultCompleted
from queues.centre.facts.estimates import EstimateMade
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import TalkBegan
from queues.centre.inputs.calls import EndCause
from queues.centre.journal.plain import object_as_json
from queues.centre.journal.reading import Unfit, reader_of
from queues.centre.values.needs import Need
from queues.record_rows import EndedWait
from queues.reports.open import OpenWait, UnderWay
from queues.reports.outcomes import WaitEnd

_ENDS: Final = {EndCause.HUNG_UP: WaitEnd.HUNG_UP, EndCause.LOST: WaitEnd.LOST}
_read_need: Final = reader_of(Need)


def need_as_text(need: Need) -> str:
    """Give a need as JSON text, the same text for the same need."""
    return json.dumps(object_as_json(need), ensure_ascii=False, separators=(",", ":"))


def need_from_text(text: str) -> Need:
    """Give the need that `need_as_text` wrote; raises ValueError."""
    try:
        need: Need = _read_need(json.loads(text))
    except Unfit:
        raise ValueError("no need stands there") from None
    return need


def follow_waits(open_: UnderWay, seq: int, fact: Fact, gone: float | None) -> EndedWait | None:
    """Take one fact; give the record of a wait that it ended.

    `gone` is when a call that it closes was last known to have lived, by the centre's time.
    """
    match fact:
        case CallQueued():
            _begin(open_, fact.call, fact.queue, fact.need, fact.at)
        case CallTransferred():
            _begin(open_, fact.call, fact.to, fact.need, fact.at)
        case EstimateMade() if (wait := open_.waits.get(fact.call)) is not None:
            wait.expected_s, wait.foretold_s = fact.expected_s, fact.foretold_s
            wait.low_s, wait.high_s = fact.low_s, fact.high_s
            wait.ahead, wait.head_s, wait.agents = fact.ahead, fact.head_s, fact.agents
        case CallMoved() | ConsultCompleted(joins=True):
            open_.waits.pop(fact.call, None)
        case TalkBegan():
            return _end(open_, seq, fact.call, fact.at, WaitEnd.TALKED)
        case CallTakenBack():
            return _end(open_, seq, fact.call, fact.at, WaitEnd.LEFT)
        case CallReturned():
            return _end(open_, seq, fact.call, fact.at, WaitEnd.GIVEN_BACK)
        case CallClosed():
            at = fact.at if gone is None else gone
            return _end(open_, seq, fact.call, at, _ENDS[fact.cause])
        case _:
            pass
    return None


def _begin(open_: UnderWay, call: str, queue: str, need: Need, at: float) -> None:
    open_.waits[call] = OpenWait(call, queue, need_as_text(need), at, at + open_.ahead_s)


def _end(open_: UnderWay, seq: int, call: str, at: float, end: WaitEnd) -> EndedWait | None:
    wait = open_.waits.pop(call, None)
    if wait is None:
        return None
    lasted_s = max(0.0, at - wait.began)
    truth = None
    if wait.low_s is not None and wait.high_s is not None:
        truth = came_true(lasted_s, wait.low_s, wait.high_s, talked=end is WaitEnd.TALKED)
    return EndedWait(
        seq=seq,
        call=call,
        queue=wait.queue,
        need=wait.need,
        began_at=wait.began_at,
        ended_at=wait.began_at + lasted_s,
        lasted_s=lasted_s,
        end=end.value,
        expected_s=wait.expected_s,
        foretold_s=wait.foretold_s,
        low_s=wait.low_s,
        high_s=wait.high_s,
        ahead=wait.ahead,
        head_s=wait.head_s,
        agents=wait.agents,
        came_true=None if truth is None else truth.value,
    )

"""With which callers of the service before us, or of the dialplan, we go on, and from where.

Rules:

1. Each caller whom the journal or a kept dialogue names is looked for in the switch: who is gone
   ends there, who lives is gone on with, once, as soon as the channel is ours or in a talk of ours.
2. A caller of whom only the queue knows goes on in the queue; of whom only the dialogue knows, at
   the dialogue's node.
3. A caller in a talk that the dialplan made by itself has left our queue, and is left alone.
4. A caller of ours whom the dialplan took, and gives back, hears from us again at once; so does
   one who comes out of a talk and, as the queue knows, waits.
5. A caller new to us who waited in the switch's own queue goes on in ours, with all the time of the
   call: nobody hears a welcome after a wait.
6. A caller who waited in our queue and is gone while nobody heard it, because the service, the link
   or Asterisk was away, is a missed call, for whoever calls back; but none if the dialplan noted
   that an agent answered. The wait ends when the caller is last known to have lived.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

import structlog

from ivr.asterisk.legs import LegState
from ivr.asterisk.wire_events import CallNoted, ListEntry, MissedCallListed, ServedCallListed
from ivr.dialogues.in_the_queue import in_the_queue
from ivr.dialplan.plan import Plan, Queue
from ivr.dialplan.staff import UNKNOWN_STAFF, Staff
from ivr.flow.session import Session, open_session
from ivr.keeping.dialogue_book import KeptDialogue
from queues.centre.inputs.calls import CallMissed, MissCause, QueueEntered, QueueLeft
from queues.centre.inputs.input import Input
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.state import Centre
from queues.ids import CallId, ContactId, LineId, OfferId
from queues.view import CallRow, View

log = structlog.get_logger()

_LEGS: Mapping[CallState, LegState] = {
    CallState.OFFERED: LegState.RINGING,
    CallState.CONNECTING: LegState.ANSWERED,
    CallState.TALKING: LegState.TALKS,
    CallState.HELD: LegState.HELD,
    CallState.REJOINING: LegState.ANSWERED,
}

_WITH_AGENT = frozenset(state.value for state in WITH_AGENT)


class Resuming(Protocol):
    """Who goes on with callers: the driver."""

    def call_arrived(self, call: CallId, line: LineId) -> None: ...

    def call_resumed(self, kept: Session, *, waits: bool, talks: bool) -> None: ...

    def call_given_back(self, call: CallId, *, waits: bool, talks: bool) -> None: ...


def offers_left(centre: Centre) -> list[tuple[OfferId, CallId, LegState]]:
    """The offers that were alive, and where the leg of each was last known to be."""
    return [
        (offer.offer, offer.call, _LEGS[centre.calls[offer.call].state])
        for offer in centre.offers.values()
    ]


def lines_left(centre: Centre, dialogues: Mapping[CallId, KeptDialogue]) -> dict[CallId, LineId]:
    """Every caller whom the service before us knew, with the line that was called."""
    lines = {call: kept.session.line for call, kept in dialogues.items()}
    callers = (call for call in centre.calls.values() if call.consults_for is None)
    return lines | {call.call: call.line for call in callers}


class Adoption:
    """Goes on with callers, each once. `left`: every caller of the service before us."""

    def __init__(
        self,
        left: Mapping[CallId, LineId],
        dialogues: Mapping[CallId, KeptDialogue],
        plans: Mapping[LineId, Plan],
        driver: Resuming,
        submit: Callable[[Input], object],
        view: Callable[[], View],
        forget: Callable[[CallId], None],
        contact: Callable[[CallId], ContactId | None],
        staff: Staff = UNKNOWN_STAFF,
        *,
        lived_at: float,
        own_time: Callable[[float], float],
    ) -> None:
        """`forget` is told of each call that ended before it was gone on with.

        `contact` gives that of a living call, as far as it is known. `lived_at`: when those who are
        left are last known to have lived, by the centre's clock; `own_time` gives a moment of the
        wall clock by that.
        """
        self._left = dict(left)
        self._dialogues = dict(dialogues)
        self._plans = plans
        self._driver = driver
        self._submit = submit
        self._view = view
        self._forget = forget
        self._contact = contact
        self._staff = staff
        self._lived_at = lived_at
        self._own_time = own_time
        self._seen: View | None = None
        self._rows: dict[str, CallRow] = {}
        self._waited_s: dict[CallId, float] = {}  # of callers new to us, until they come

    def __len__(self) -> int:
        """How many callers are still to be found."""
        return len(self._left)

    def __contains__(self, call: CallId) -> bool:
        """Whether this caller of the service before us is still to be gone on with."""
        return call in self._left

    def comes_back(self, call: CallId, lasted_s: float) -> None:
        """A caller new to us, on the line for so long, comes from the switch's own queue next."""
        self._waited_s[call] = lasted_s

    def taken_back(self, call: CallId, line: LineId) -> bool:
        """Go on in our queue with a caller new to us who comes from the switch's; whether it is."""
        waited_s, plan = self._waited_s.pop(call, None), self._plans.get(line)
        if waited_s is None or plan is None:
            return False
        fresh = open_session(call, line, plan)
        at = in_the_queue(fresh, plan)
        if at is None or not isinstance(node := plan.nodes[at.node], Queue):
            return False
        self._driver.call_resumed(fresh, waits=True, talks=False)  # it hears of a refusal
        need = self._staff.need(node.queue, node.asked, plan.language)
        self._submit(QueueEntered(call, line, node.queue, waited_s, need, node.priority_s))
        log.info("a caller of the dialplan's queue goes on in ours", call=call)
        return True

    def found(self, call: CallId, *, in_bridge: bool) -> None:
        """A caller who is left lives: in AGI, or in a bridge."""
        waits, talks = self._standing(call)
        if in_bridge and not talks:
            if waits:
                log.info("a caller is served by the dialplan", call=call)
                self._submit(QueueLeft(call))
            return
        line = self._left.pop(call)
        kept = self._dialogues.pop(call, None)
        plan = self._plans.get(line)
        if kept is not None:
            self._driver.call_resumed(kept.session, waits=waits, talks=talks)
        elif plan is not None and (waits or talks):
            self._driver.call_resumed(open_session(call, line, plan), waits=waits, talks=talks)
        else:
            self._driver.call_arrived(call, line)
        log.info("a call is gone on with", call=call, waits=waits, talks=talks)

    def given_back(self, call: CallId) -> None:
        """The dialplan had taken this caller of ours, and gives the channel back."""
        waits, talks = self._standing(call)
        self._driver.call_given_back(call, waits=waits, talks=talks)

    def comes_out_of_a_talk(self, call: CallId) -> None:
        """The channel was in a bridge; if the call was transferred there is music again."""
        waits, _ = self._standing(call)
        if waits:
            self._driver.call_given_back(call, waits=True, talks=False)

    def ended(self, call: CallId) -> None:
        """The caller is gone."""
        self._waited_s.pop(call, None)
        if self._left.pop(call, None) is None:
            return
        kept = self._dialogues.pop(call, None)
        self._missed(call, None if kept is None else ContactId(kept.contact))
        self._forget(call)

    def lost(
        self, calls: Collection[CallId], noted: Iterable[ListEntry] = ()
    ) -> Mapping[CallId, float]:
        """These callers are gone, and nobody heard them go; told before their ends.

        `noted` is what the dialplan noted of ended calls. Gives when each is last known to have
        lived, where that is known, by the centre's clock.
        """
        lived_at = {call: self._lived_at for call in calls if call in self._left}
        notes = {CallId(each.channel): each for each in noted if isinstance(each, CallNoted)}
        for call in calls:
            match notes.get(call):
                case MissedCallListed(at_s=at_s):
                    lived_at[call] = self._own_time(at_s)
                case ServedCallListed():  # by an agent, in the switch's own queue
                    self._submit(QueueLeft(call))
                case _:
                    pass
            if call in self._left:
                self.ended(call)
            else:
                self._missed(call, self._contact(call))
        return lived_at

    def _missed(self, call: CallId, contact: ContactId | None) -> None:
        """Note who waited, as the queue knows the call now."""
        row = self._row(call)
        if row is not None and row.state not in _WITH_AGENT:
            what = CallMissed(call, LineId(row.line), row.since, contact, MissCause.GONE)
            self._submit(what)

    def _standing(self, call: CallId) -> tuple[bool, bool]:
        """Whether the queue knows the call, and whether an agent is on the line."""
        row = self._row(call)
        if row is None:
            return False, False
        talks = row.state in _WITH_AGENT  # who is held hears music of the offers' side
        return not talks, talks

    def _row(self, call: CallId) -> CallRow | None:
        view = self._view()
        if view is not self._seen:
            self._seen, self._rows = view, {row.call: row for row in view.calls}
        return self._rows.get(call)

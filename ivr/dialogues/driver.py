"""All callers' dialogues: begun, gone on with after another service, told what happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

import structlog

from ivr.dialogues.dialogue import Dialogue, Resumed, Surroundings
from ivr.dialogues.in_the_queue import in_the_queue
from ivr.dialogues.rescue import rescue
from ivr.dialplan.plan import Plan
from ivr.flow.events import (
    AgentJoined,
    CallerHungUp,
    CallReturned,
    EmergencyOver,
    Event,
    KeyPressed,
)
from ivr.flow.session import Phase, Session
from queues.cards import CardEntry
from queues.centre.commands import ReturnReason
from queues.dialogues import DialogueRow, DialogueState
from queues.ids import CallId, LineId, QueueId

log = structlog.get_logger()

_SHOWN = {
    Phase.NEW: DialogueState.RINGING,
    Phase.SPEAKING: DialogueState.SPEAKING,
    Phase.ASKING: DialogueState.LISTENING,
    Phase.LISTENING: DialogueState.LISTENING,
    Phase.EMERGENCY: DialogueState.EMERGENCY,
}
_SPEAKS = frozenset(_SHOWN) - {Phase.EMERGENCY}


class Driver:
    """All dialogues that run. `Dialogues` of the waiting side's ports is fulfilled here.

    `plans` holds the dialplan of each line: a call that has begun goes on with the one it began
    with. `default_queue` takes a caller whose dialogue failed; `forget` is told of each call that
    is over; `earlier` are plans of the service before us, by hash.
    """

    def __init__(
        self,
        plans: Mapping[LineId, Plan],
        around: Surroundings,
        default_queue: QueueId,
        forget: Callable[[CallId], None],
        earlier: Mapping[str, Plan] | None = None,
    ) -> None:
        self._plans = plans
        self._earlier = dict(earlier or {})
        self._around = around
        self._default_queue = default_queue
        self._forget = forget
        self._dialogues: dict[CallId, Dialogue] = {}
        self._alive: set[CallId] = set()  # callers whose channel has not ended since they came
        self._begun: asyncio.Queue[Callable[[], Coroutine[Any, Any, None]]] = asyncio.Queue()

    async def run(self) -> None:
        """Own every dialogue's task until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                begun = await self._begun.get()
                tasks.create_task(begun())

    def call_arrived(self, call: CallId, line: LineId) -> None:
        """A caller rings on a line. A line without a dialplan is hung up."""
        if call not in self._dialogues:
            log.info("a call arrived", call=call, line=line)
            self._begin(Dialogue(call, line, self._plans.get(line), self._around))

    def call_resumed(self, kept: Session, *, waits: bool, talks: bool) -> None:
        """Go on with a call that lives, where the service before this one was.

        `waits`: the queue knows the call; `talks`: an agent is on the line. What the queue knows is
        newer than the session, and wins. The dialplan is the one that the call began with; where
        that is gone, a caller in the queue keeps the place, any other begins the line anew.
        """
        if kept.call in self._dialogues:
            return
        plan = self._plan_of(kept)
        session: Session | None = kept
        if plan is not None and (waits or talks):
            session = in_the_queue(kept, plan)
        elif plan is None or plan.hash != kept.plan:
            session = None
        if session is None:
            self._begin(Dialogue(kept.call, kept.line, plan, self._around))
            return
        resumed = Resumed(session, waits=waits, talks=talks)
        self._begin(Dialogue(kept.call, kept.line, plan, self._around, resumed))

    def _plan_of(self, kept: Session) -> Plan | None:
        """The plan of a kept dialogue; if it is gone, that of its line today."""
        today = self._plans.get(kept.line)
        if today is None or today.hash != kept.plan:
            others = (plan for plan in self._plans.values() if plan.hash == kept.plan)
            found = next(others, self._earlier.get(kept.plan))
            if found is not None:
                return found
            log.warning("the dialplan of a call is gone", call=kept.call, plan=kept.plan)
        return today

    def call_given_back(self, call: CallId, *, waits: bool, talks: bool) -> None:
        """The switch did something of its own with a caller of ours, and gives the channel back."""
        if (dialogue := self._dialogues.get(call)) is not None:
            dialogue.go_on(waits=waits, talks=talks)

    def key_pressed(self, call: CallId, key: str) -> None:
        """The caller pressed a key."""
        self._around.control.key_pressed(call)
        self._tell(call, KeyPressed(key))

    def call_ended(self, call: CallId) -> None:
        """The caller's channel is gone, and with it all that is kept of the call."""
        self._around.control.call_ended(call)
        was_alive = call in self._alive
        if was_alive:
            log.info("a call ended", call=call)
        self._alive.discard(call)
        if call in self._dialogues:
            self._tell(call, CallerHungUp())  # it is forgotten after the dialogue's last word
        elif was_alive:
            self._forget(call)

    def connected(self, call: CallId) -> None:
        """An agent is on the line."""
        self._tell(call, AgentJoined())

    def waits_again(self, call: CallId) -> None:
        """The agent has the caller no more, the place is kept: music again."""
        self.call_given_back(call, waits=True, talks=False)

    def returned(self, call: CallId, reason: ReturnReason, queue: QueueId | None = None) -> None:
        """The caller is the dialogue's again. One whose dialogue is over has nobody else."""
        if call in self._alive and call not in self._dialogues:
            log.error("a caller came back to no dialogue", call=call, reason=reason.value)
            self._begun.put_nowait(partial(self._hang_up, call))
        self._tell(call, CallReturned(reason, queue))

    def emergency_over(self, call: CallId, *, reached: bool) -> bool:
        """The caller is back from the standing emergency number; whether a dialogue waits for it.

        None does where the dialplan had sent the caller, while we were silent.
        """
        dialogue = self._dialogues.get(call)
        if dialogue is None or dialogue.phase is not Phase.EMERGENCY:
            return False
        dialogue.hear(EmergencyOver(reached))
        return True

    @property
    def calls(self) -> tuple[CallId, ...]:
        """Every call that has a dialogue."""
        return tuple(self._dialogues)

    def speaks_with(self, call: CallId) -> bool:
        """Whether this caller hears nothing but what the dialogue says, no music and no agent."""
        dialogue = self._dialogues.get(call)
        return dialogue is not None and dialogue.phase in _SPEAKS

    def rows(self) -> tuple[DialogueRow, ...]:
        """Each caller who rings, hears prompts or is asked; times are those of the dialogues."""
        return tuple(
            DialogueRow(one.call, one.line, _SHOWN[one.phase], one.since, one.phase_since)
            for one in self._dialogues.values()
            if one.phase in _SHOWN and not one.with_centre
        )

    def card(self, call: CallId) -> tuple[CardEntry, ...] | None:
        """What the caller said and keyed in so far; None for a call without a dialogue."""
        dialogue = self._dialogues.get(call)
        return None if dialogue is None else dialogue.card

    def _begin(self, dialogue: Dialogue) -> None:
        self._dialogues[dialogue.call] = dialogue
        self._alive.add(dialogue.call)
        self._begun.put_nowait(partial(self._see_through, dialogue))

    def _tell(self, call: CallId, event: Event) -> None:
        if (dialogue := self._dialogues.get(call)) is not None:
            dialogue.hear(event)

    async def _see_through(self, dialogue: Dialogue) -> None:
        call = dialogue.call
        structlog.contextvars.bind_contextvars(call=call)  # in this task, and what it begins
        try:
            await dialogue.run()
        except Exception as error:  # a fault in one dialogue must not reach another caller
            log.error("dialogue failed", call=call, exc_info=error)
            if not dialogue.is_done:
                await self._rescue(dialogue)
            if not dialogue.gone.is_set():
                await self._hang_up(call)
        finally:
            self._dialogues.pop(call, None)
            if call not in self._alive:
                self._forget(call)

    async def _rescue(self, dialogue: Dialogue) -> None:
        try:
            await rescue(dialogue, self._around, self._default_queue)
        except Exception as error:  # a call that ends is better than one in silence
            log.error("rescue failed", call=dialogue.call, exc_info=error)

    async def _hang_up(self, call: CallId) -> None:
        try:
            await self._around.control.hang_up(call)
        except Exception as error:  # nothing more can be done here; the other callers go on
            log.error("hang-up failed", call=call, exc_info=error)

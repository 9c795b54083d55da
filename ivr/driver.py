"""One task for each call: hears what happens to the caller and does what the dialogue wishes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from ivr.dialplan.plan import Plan
from ivr.flow.advance import advance
from ivr.flow.commands import Answer, Ask, Command, EnterQueue, HangUp, Play, WakeAt
from ivr.flow.events import (
    AgentJoined,
    CallerHungUp,
    CallReturned,
    CallStarted,
    Event,
    Heard,
    HeardNothing,
    KeyPressed,
    ListeningFailed,
    NotUnderstood,
    PromptEnded,
    Woke,
)
from ivr.flow.session import Phase, Session, open_session
from ivr.ports import CallBusy, CallControl, CallGone, Question, Reply, ReplyKind
from queues.cards import CardEntry
from queues.centre.commands import ReturnReason
from queues.centre.inputs import Input, QueueEntered
from queues.ids import CallId, LineId, QueueId

log = structlog.get_logger()

_KEY_FOLLOWS_S = 0.3

Submit = Callable[[Input], object]
Now = Callable[[], float]
Hears = Callable[[str], bool]


class Driver:
    """All dialogues that run. `Dialogues` of the waiting side's ports is fulfilled here.

    `plans` holds the dialplan of each line; `default_queue` takes a caller whose dialogue failed;
    `hears` says of a language whether it can be heard at all; whether there is room for one more
    caller is seen at each question.
    """

    def __init__(
        self,
        plans: Mapping[LineId, Plan],
        control: CallControl,
        submit: Submit,
        now: Now,
        default_queue: QueueId,
        hears: Hears,
    ) -> None:
        self._plans = plans
        self._control = control
        self._submit = submit
        self._now = now
        self._default_queue = default_queue
        self._hears = hears
        self._dialogues: dict[CallId, _Dialogue] = {}
        self._arrivals: asyncio.Queue[_Dialogue] = asyncio.Queue()

    async def run(self) -> None:
        """Own every dialogue's task until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                dialogue = await self._arrivals.get()
                tasks.create_task(self._see_through(dialogue))

    def call_arrived(self, call: CallId, line: LineId) -> None:
        """A caller rings on a line. A line without a dialplan is hung up."""
        if call in self._dialogues:
            return
        plan = self._plans.get(line)
        dialogue = _Dialogue(
            call, line, plan, self._control, self._submit, self._now, self._hears
        )
        self._dialogues[call] = dialogue
        self._arrivals.put_nowait(dialogue)

    def key_pressed(self, call: CallId, key: str) -> None:
        """The caller pressed a key."""
        self._control.key_pressed(call)
        self._tell(call, KeyPressed(key))

    def call_ended(self, call: CallId) -> None:
        """The caller's channel is gone."""
        self._control.call_ended(call)
        self._tell(call, CallerHungUp())

    def connected(self, call: CallId) -> None:
        """An agent is on the line."""
        self._tell(call, AgentJoined())

    def returned(self, call: CallId, reason: ReturnReason) -> None:
        """The caller is the dialogue's again."""
        self._tell(call, CallReturned(reason))

    @property
    def calls(self) -> tuple[CallId, ...]:
        """Every call that has a dialogue."""
        return tuple(self._dialogues)

    def card(self, call: CallId) -> tuple[CardEntry, ...] | None:
        """What the caller said and keyed in so far; None for a call without a dialogue."""
        dialogue = self._dialogues.get(call)
        return None if dialogue is None else dialogue.card

    def _tell(self, call: CallId, event: Event) -> None:
        if (dialogue := self._dialogues.get(call)) is not None:
            dialogue.hear(event)

    async def _see_through(self, dialogue: _Dialogue) -> None:
        try:
            await dialogue.run()
        except Exception as error:  # a fault in one dialogue must not reach another caller
            log.error("dialogue failed", call=dialogue.call, exc_info=error)
            if not dialogue.is_done and not dialogue.gone.is_set():
                await self._rescue(dialogue)
        finally:
            self._dialogues.pop(dialogue.call, None)

    async def _rescue(self, dialogue: _Dialogue) -> None:
        """A human for the caller whose dialogue failed."""
        try:
            if not dialogue.with_centre:
                self._submit(QueueEntered(dialogue.call, dialogue.line, self._default_queue))
                await self._control.start_music(dialogue.call)
            await dialogue.wait_returned()
            await self._control.hang_up(dialogue.call)
        except (CallGone, CallBusy):
            log.info("rescued caller left", call=dialogue.call)
        except Exception as error:  # nothing more can be done here; the other callers go on
            log.error("rescue failed", call=dialogue.call, exc_info=error)


class _Dialogue:
    """One caller's dialogue: an inbox, a worker that performs, one alarm."""

    def __init__(
        self,
        call: CallId,
        line: LineId,
        plan: Plan | None,
        control: CallControl,
        submit: Submit,
        now: Now,
        hears: Hears,
    ) -> None:
        self.call = call
        self.line = line
        self.inbox: asyncio.Queue[Event] = asyncio.Queue()
        self.key_seen = asyncio.Event()  # since the prompts that are played began
        self.with_centre = False
        self.card: tuple[CardEntry, ...] = ()
        self.is_done = False
        self.gone = asyncio.Event()
        self._plan = plan
        self._language = plan.language if plan is not None else ""
        self._control = control
        self._submit = submit
        self._now = now
        self._hears = hears
        self._more = asyncio.Event()  # a command came after the one that is performed
        self._alarm: WakeAt | None = None
        self._work: asyncio.Queue[Command] = asyncio.Queue()

    async def run(self) -> None:
        """From the first ring to the caller's end."""
        if self._plan is None:
            log.warning("line without dialplan", call=self.call)
            await self._control.hang_up(self.call)
            return
        listening = self._plan.listens and self._hears(self._language)
        session = open_session(self.call, self.line, self._plan, listening=listening)
        async with asyncio.TaskGroup() as tasks:
            worker = tasks.create_task(self._perform_all())
            session = self._step(self._plan, session, CallStarted())
            event: Event = CallStarted()
            while session.phase is not Phase.DONE:
                event = await self._next_event()
                session = self._step(self._plan, session, event)
            if not isinstance(event, CallerHungUp):
                self.is_done = True
                await self._said_goodbye(tasks)
            worker.cancel()

    def hear(self, event: Event) -> None:
        """Take an event in; a key and the caller's end are known at once, the rest in its turn."""
        if isinstance(event, KeyPressed):
            self.key_seen.set()
        elif isinstance(event, CallerHungUp):
            self.gone.set()
        self.inbox.put_nowait(event)

    async def wait_returned(self) -> None:
        """Wait until the centre gives the caller back or the caller is gone."""
        while not self.gone.is_set():
            if isinstance(await self.inbox.get(), CallReturned | CallerHungUp):
                return

    async def _said_goodbye(self, tasks: asyncio.TaskGroup) -> None:
        """Wait until all is done, the hang-up last, or the caller is gone before."""
        ends = [tasks.create_task(self._work.join()), tasks.create_task(self.gone.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    def _step(self, plan: Plan, session: Session, event: Event) -> Session:
        self.with_centre = self.with_centre and not isinstance(event, CallReturned)
        session, commands = advance(plan, session, event, now=self._now())
        for command in commands:
            if isinstance(command, WakeAt):
                self._alarm = command
            else:
                self._work.put_nowait(command)
                self._more.set()
        self.card = session.card
        return session

    async def _next_event(self) -> Event:
        if self._alarm is None:
            return await self.inbox.get()
        try:
            async with asyncio.timeout(max(0.0, self._alarm.at - self._now())):
                return await self.inbox.get()
        except TimeoutError:
            token, self._alarm = self._alarm.token, None
            return Woke(token)

    async def _perform_all(self) -> None:
        while True:
            command = await self._work.get()
            if self._work.empty():
                self._more.clear()
            try:
                await self._perform(command)
            except (CallGone, CallBusy) as error:
                # The caller hung up or an agent joined meanwhile: that event is on its way.
                log.debug("command dropped", call=self.call, error=type(error).__name__)
            finally:
                self._work.task_done()

    async def _perform(self, command: Command) -> None:
        match command:
            case Answer():
                await self._control.answer(self.call)
            case Play(prompts, token, keys_cut):
                await self._play(prompts, token, keys_cut=keys_cut)
            case EnterQueue(queue):
                self._submit(QueueEntered(self.call, self.line, queue))
                self.with_centre = True
                await self._control.start_music(self.call)
            case HangUp():
                await self._control.hang_up(self.call)
            case Ask():
                await self._ask(command)
            case WakeAt():
                raise AssertionError("an alarm is set, not performed")

    async def _play(self, prompts: tuple[str, ...], token: int, *, keys_cut: bool) -> None:
        """Play one after the other. A key also counts when it falls between two of them."""
        self.key_seen.clear()
        cut = False
        try:
            for prompt in prompts:
                sound = f"{self._language}/{prompt}"
                cut = await self._control.play(self.call, sound, keys_cut=keys_cut)
                if cut or (keys_cut and self.key_seen.is_set()):
                    cut = True
                    break
            if cut:
                # The key itself comes by another way, and must be known before the end it caused.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_KEY_FOLLOWS_S):
                        await self.key_seen.wait()
        finally:
            # However it ended: a caller must never be left in a prompt that is not played.
            self.inbox.put_nowait(PromptEnded(token, cut))

    async def _ask(self, ask: Ask) -> None:
        """Ask until it is answered, or until the dialogue wishes something else."""
        question = Question(
            self._language,
            tuple(f"{self._language}/{prompt}" for prompt in ask.prompts),
            ask.phrases,
            ask.wait_s,
        )
        asking = asyncio.ensure_future(self._control.ask(self.call, question))
        overtaken = asyncio.ensure_future(self._more.wait())
        either: list[asyncio.Future[Any]] = [asking, overtaken]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in either:
                each.cancel()
            await asyncio.wait(either)  # nothing of it may sound when the next command begins
        if asking.cancelled():
            return
        try:
            answer = _answer(ask.token, asking.result())
        except CallBusy:  # an agent joined, and this is stale; or the dialplan cut in: keys
            answer = ListeningFailed(ask.token)
        if answer is not None:
            self.inbox.put_nowait(answer)


def _answer(token: int, reply: Reply) -> Event | None:
    """What a reply is to the dialogue; a key is told by itself."""
    match reply.kind:
        case ReplyKind.UNDERSTOOD:
            return Heard(token, reply.phrase)
        case ReplyKind.NOT_UNDERSTOOD:
            return NotUnderstood(token)
        case ReplyKind.SILENT:
            return HeardNothing(token)
        case ReplyKind.UNHEARD:
            return ListeningFailed(token)
        case ReplyKind.KEY:
            return None

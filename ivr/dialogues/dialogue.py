"""One caller's dialogue as a task: an inbox, a worker that performs, one alarm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import structlog

from ivr.dialogues.in_the_queue import in_the_queue
from ivr.dialogues.ports import (
    Announcement,
    CallBusy,
    CallControl,
    CallGone,
    Question,
    Reply,
    ReplyKind,
)
from ivr.dialogues.replies import told_by
from ivr.dialogues.standing import Standing
from ivr.dialplan.plan import Plan, PromptId
from ivr.dialplan.spoken_waits import place_prompt, wait_prompt
from ivr.dialplan.staff import UNKNOWN_STAFF, Staff
from ivr.flow.advance import advance
from ivr.flow.commands import (
    Answer,
    Ask,
    CallEmergency,
    Command,
    EnterQueue,
    HangUp,
    LeaveQueue,
    Play,
    TellWait,
    WaitOn,
    WakeAt,
)
from ivr.flow.events import (
    CallerHungUp,
    CallResumed,
    CallReturned,
    CallStarted,
    EmergencyOver,
    Event,
    Heard,
    KeyPressed,
    ListeningFailed,
    PromptEnded,
    Woke,
)
from ivr.flow.session import Phase, Session, open_session
from ivr.flow.waits import left_already
from ivr.telling.last_agents import Preferred
from queues.cards import CardEntry
from queues.centre.inputs.calls import QueueEntered, QueueLeft
from queues.centre.inputs.input import Input
from queues.ids import CallId, LineId, QueueId

log = structlog.get_logger()
T = TypeVar("T")

_KEY_FOLLOWS_S = 0.3
_BUSY_AGAIN_S = 1.0
_BUSY_TRIES = 10  # by then it has been told what became of a Bridge
_LONGEST_ASK_S = 1200.0  # ten prompts of 600 characters at the slowest, and some patience


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every dialogue needs of the service.

    `hears` says of a language whether one more caller can be listened to now, for the welcome;
    whether there is room is then seen anew at each question. `keep` is told of each new standing of
    a session, and of its plan, so that another service can go on with it; `not_heard` of each new
    caller, with the language, who is welcomed as one whom nobody listens to. `staff` is who is
    there to answer; `standing` gives where a waiting caller stands, None if that is not known;
    `preferred` the agent whom a call waits for first in a queue.
    """

    control: CallControl
    submit: Callable[[Input], object]
    now: Callable[[], float]
    hears: Callable[[str], bool]
    keep: Callable[[Session, Plan], None]
    not_heard: Callable[[CallId, str], None] = lambda _call, _language: None
    staff: Staff = UNKNOWN_STAFF
    standing: Callable[[CallId], Standing | None] = lambda _call: None
    preferred: Callable[[CallId, QueueId], Preferred | None] = lambda _call, _queue: None


@dataclass(frozen=True, slots=True)
class Resumed:
    """A dialogue that another service left: its session, and how its call stands now."""

    session: Session
    waits: bool  # the queue knows the call
    talks: bool  # an agent is on the line


class Dialogue:
    """One caller's dialogue; `run` is a task of its owner, `hear` takes events in."""

    def __init__(
        self,
        call: CallId,
        line: LineId,
        plan: Plan | None,
        around: Surroundings,
        resumed: Resumed | None = None,
    ) -> None:
        self.call = call
        self.line = line
        self.inbox: asyncio.Queue[Event] = asyncio.Queue()
        self.key_seen = asyncio.Event()  # since the prompts that are played began
        self.with_centre = False
        self.card: tuple[CardEntry, ...] = ()
        self.phase = Phase.NEW
        self.since = self.phase_since = around.now()
        self.is_done = False
        self.gone = asyncio.Event()
        self._plan = plan
        self._language = plan.language if plan is not None else ""
        self._around = around
        self._control = around.control
        self._resumed = resumed
        self._waits_anew = False  # was told to wait again, and nothing was done about it yet
        self._kept: Session | None = None
        self._more = asyncio.Event()  # a command came after the one that is performed
        self._alarm: WakeAt | None = None
        self._work: asyncio.Queue[Command] = asyncio.Queue()

    async def run(self) -> None:
        """From the first ring to the caller's end."""
        if self._plan is None:
            log.warning("line without dialplan", call=self.call)
            await self._control.hang_up(self.call)
            return
        session, event = self._beginning(self._plan)
        async with asyncio.TaskGroup() as tasks:
            worker = tasks.create_task(self._perform_all())
            session = self._step(self._plan, session, event)
            while session.phase is not Phase.DONE:
                event = await self._next_event()
                if isinstance(event, CallResumed) and (event.waits or event.talks):
                    session = in_the_queue(session, self._plan) or session
                session = self._step(self._plan, session, event)
            if not isinstance(event, CallerHungUp):
                self.is_done = True
                await self._said_goodbye(tasks)
            worker.cancel()

    def _beginning(self, plan: Plan) -> tuple[Session, Event]:
        listening = self._can_be_heard(plan)
        if self._resumed is None:
            if plan.listens and not listening:
                self._around.not_heard(self.call, self._language)
            return open_session(self.call, self.line, plan, listening=listening), CallStarted()
        how = self._resumed
        self.with_centre = how.waits or how.talks
        return how.session, CallResumed(how.waits, how.talks, listening)

    def entered(self, wish: EnterQueue) -> QueueEntered:
        """The hand-over to a queue, with the need that follows from who is there now."""
        need = self._around.staff.need(wish.queue, wish.asked, self._language)
        preferred = self._around.preferred(self.call, wish.queue)
        return QueueEntered(
            self.call,
            self.line,
            wish.queue,
            wish.waited_s,
            need,
            credit_s=wish.credit_s,
            preferred=None if preferred is None else preferred.agent,
            preferred_s=0.0 if preferred is None else preferred.for_s,
        )

    def go_on(self, *, waits: bool, talks: bool) -> None:
        """The channel was elsewhere and is ours again: the node speaks anew, or music plays on.

        After a talk both queue and channel may tell that the caller waits: one music is enough.
        """
        if self._plan is not None:
            self.with_centre = waits or talks
            if waits and self._waits_anew:
                return
            self._waits_anew = waits
            self.hear(CallResumed(waits, talks, self._can_be_heard(self._plan)))

    def has_waited_on(self) -> None:
        """What was to be done for one who waits again is done; the next word of it counts."""
        self._waits_anew = False

    def _can_be_heard(self, plan: Plan) -> bool:
        return plan.listens and self._around.hears(self._language)

    def hear(self, event: Event) -> None:
        """Take an event in; a key and the caller's end are known at once, the rest in its turn."""
        if isinstance(event, KeyPressed):
            self.key_seen.set()
        elif isinstance(event, CallerHungUp):
            self.gone.set()
        self.inbox.put_nowait(event)

    async def _said_goodbye(self, tasks: asyncio.TaskGroup) -> None:
        """Wait until all is done, the hang-up last, or the caller is gone before."""
        ends = [tasks.create_task(self._work.join()), tasks.create_task(self.gone.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    def _step(self, plan: Plan, session: Session, event: Event) -> Session:
        if isinstance(event, CallReturned) and not left_already(plan, session, event):
            self.with_centre = False
        now = self._around.now()
        session, commands = advance(plan, session, event, now=now)
        if session.phase is not self.phase:
            self.phase, self.phase_since = session.phase, now
        self._waits_anew = self._waits_anew and bool(commands)
        for command in commands:
            if isinstance(command, WakeAt):
                self._alarm = command
            else:
                self._work.put_nowait(command)
                self._more.set()
        self.card = session.card
        if session != self._kept:  # each keeping is sealed and written
            self._kept = session
            self._around.keep(session, plan)
        return session

    async def _next_event(self) -> Event:
        if self._alarm is None:
            return await self.inbox.get()
        try:
            async with asyncio.timeout(max(0.0, self._alarm.at - self._around.now())):
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
                if self._work.empty():
                    self.has_waited_on()

    async def _perform(self, command: Command) -> None:
        match command:
            case Answer():
                await self._control.answer(self.call)
            case Play():
                await self._play(command)
            case EnterQueue():
                self._around.submit(self.entered(command))
                self.with_centre = True
                await self._play_music()
            case LeaveQueue():
                self._around.submit(QueueLeft(self.call))
                self.with_centre = False
            case TellWait():
                await self._play(Play(self._wait_told(command), command.token, command.keys_cut))
            case WaitOn():
                await self._play_music()
            case CallEmergency():
                if not await self._control.call_emergency(self.call):
                    self.inbox.put_nowait(EmergencyOver(reached=False))
            case HangUp():
                await self._control.hang_up(self.call)
            case Ask():
                await self._ask(command)
            case WakeAt():
                raise AssertionError("an alarm is set, not performed")

    def _wait_told(self, tell: TellWait) -> tuple[str, ...]:
        """The prompts of what is to be told now; none of what is not known."""
        standing = self._around.standing(self.call)
        prompts: list[str | None] = list(tell.prompts)
        place = None if standing is None else standing.place
        if place is not None and tell.position is not None:
            prompts.append(place_prompt(PromptId(tell.position), place))
        if standing is not None and tell.wait is not None and standing.wait_s is not None:
            prompts.append(wait_prompt(PromptId(tell.wait), *standing.wait_s))
        return tuple(prompt for prompt in prompts if prompt is not None)

    async def _play(self, play: Play) -> None:
        """Play one after the other. A key also counts when it falls between two of them."""
        self.key_seen.clear()
        # If it fails: nobody heard it to its end.
        ended: Event | None = PromptEnded(play.token, cut=True)
        try:
            ended = await self._unless_joined(lambda: self._end_of(play), lambda: self._plays(play))
            if ended == PromptEnded(play.token, cut=True):
                # The key itself comes by another way, and must be known before the end it caused.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_KEY_FOLLOWS_S):
                        await self.key_seen.wait()
        finally:
            # However it ended: a caller must never be left in a prompt that is not played.
            if ended is not None:
                self.inbox.put_nowait(ended)

    async def _end_of(self, play: Play) -> Event:
        reply = await self._announce(play) if play.phrases else Reply(ReplyKind.UNHEARD)
        match reply.kind:
            case ReplyKind.UNDERSTOOD:
                return Heard(play.token, reply.phrase)
            case ReplyKind.UNHEARD:
                return PromptEnded(play.token, await self._play_plainly(play))
            case _:
                return PromptEnded(play.token, reply.kind is ReplyKind.KEY)

    def _plays(self, play: Play) -> bool:
        kept = self._kept
        speaks = self.phase in (Phase.SPEAKING, Phase.WAITING)
        return speaks and kept is not None and kept.token == play.token

    async def _play_music(self) -> None:
        await self._unless_joined(
            lambda: self._control.start_music(self.call), lambda: self.phase is Phase.WAITING
        )

    async def _unless_joined(
        self, do: Callable[[], Awaitable[T]], due: Callable[[], bool]
    ) -> T | None:
        """Do it; for one who waits, again where a Bridge cut it that may be refused yet.

        None when it is not due any more: an agent joined, or the dialogue wishes something else.
        """
        for _ in range(_BUSY_TRIES):
            try:
                return await do()
            except CallBusy:
                if not self.with_centre:
                    raise
            with suppress(TimeoutError):
                async with asyncio.timeout(_BUSY_AGAIN_S):
                    await self._more.wait()
            if self._more.is_set() or not due():
                return None
        raise CallBusy

    async def _announce(self, play: Play) -> Reply:
        announcement = Announcement(self._language, self._sounds(play.prompts), play.phrases)
        return await self._control.announce(self.call, announcement)

    async def _play_plainly(self, play: Play) -> bool:
        """Whether a key cut it."""
        for sound in self._sounds(play.prompts):
            cut = await self._control.play(self.call, sound, keys_cut=play.keys_cut)
            if cut or (play.keys_cut and self.key_seen.is_set()):
                return True
        return False

    def _sounds(self, prompts: Iterable[str]) -> tuple[str, ...]:
        plan = self._plan
        return () if plan is None else tuple(plan.sound(prompt) for prompt in prompts)

    async def _ask(self, ask: Ask) -> None:
        """Ask until it is answered, or until the dialogue wishes something else."""
        question = Question(
            self._language,
            self._sounds(ask.prompts),
            ask.phrases,
            ask.wait_s,
            human=self._plan.called_out if self._plan is not None else (),
        )
        # At its end nothing of the question sounds any more, so the next command may begin.
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(self._answer_to(ask.token, question))
            overtaken = tasks.create_task(self._more.wait())
            asking.add_done_callback(lambda _: overtaken.cancel())
            overtaken.add_done_callback(lambda _: asking.cancel())
        answer = None if asking.cancelled() else asking.result()
        if answer is not None:
            self.inbox.put_nowait(answer)

    async def _answer_to(self, token: int, question: Question) -> Event | None:
        try:
            async with asyncio.timeout(_LONGEST_ASK_S):
                return told_by(token, await self._control.ask(self.call, question))
        except TimeoutError:  # whoever should have told its end did not
            log.error("a question without an end", call=self.call)
            return ListeningFailed(token)
        except CallBusy:  # an agent joined, and this is stale; or the dialplan cut in: keys
            return ListeningFailed(token)
        except CallGone:  # that event is on its way
            return None

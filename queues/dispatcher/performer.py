"""In which order wishes are carried out, how long each may take, and what its failure means.

A lane is a phone. Commands of one lane go one after the other, so that no ring overtakes the
cancel before it; lanes do not wait for each other. No command is ever sent twice. A ring, a
connect or a hold that fails is reported as `OfferRefused(failed)`; the centre then has the leg
cancelled, or the talk gone on with, because what became of it is not known. Nothing that a command
raises ends the lane or `run`.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from queues.centre.commands import (
    CancelRing,
    ConnectCall,
    FetchCaller,
    HandOverCall,
    HoldCaller,
    ReturnCall,
    RingAgent,
    WaitAgain,
    Word,
)
from queues.centre.inputs.offers import OfferRefused, RefuseCause
from queues.ids import OfferId
from queues.ports import Dialogues, Telephony, TelephonyFailed

_log = structlog.get_logger("queues.dispatcher")

Leg = RingAgent | CancelRing | ConnectCall | FetchCaller | HoldCaller  # what the switch is to do


class Performer:
    """Takes commands at any time, also before `run`; carries them out while `run` runs."""

    def __init__(
        self,
        telephony: Telephony,
        dialogues: Dialogues,
        refused: Callable[[OfferRefused], object],
        *,
        deadline_s: float,
    ) -> None:
        self._telephony = telephony
        self._dialogues = dialogues
        self._refused = refused
        self._deadline_s = deadline_s
        self._lanes: dict[str, deque[Leg]] = {}
        self._new = asyncio.Event()
        self._unstarted: list[str] = []

    def take(self, commands: list[tuple[Leg, str]]) -> None:
        """Carry commands out, each after those of its lane."""
        for command, lane in commands:
            self._enter(command, lane)

    def tell(self, command: Word) -> None:
        """Tell a dialogue, at once. It may submit an input there and then."""
        try:
            match command:
                case HandOverCall():
                    self._dialogues.connected(command.call)
                case WaitAgain():
                    self._dialogues.waits_again(command.call)
                case ReturnCall():
                    self._dialogues.returned(command.call, command.reason, command.queue)
        except Exception as error:  # one dialogue's fault must not stop the decisions
            _log.error("dialogue not told", call=command.call, exc_info=error)

    async def run(self) -> None:
        """Carry commands out until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                lanes, self._unstarted = self._unstarted, []
                self._new.clear()
                for lane in lanes:
                    group.create_task(self._work(lane), name=f"lane {lane}")
                await self._new.wait()

    def _enter(self, command: Leg, lane: str) -> None:
        queued = self._lanes.get(lane)
        if queued is None:
            queued = self._lanes[lane] = deque()
            self._unstarted.append(lane)
            self._new.set()
        if isinstance(command, CancelRing) and _drop_unsent(queued, command.offer):
            return  # the phone never rang for it, and now it will not
        queued.append(command)

    async def _work(self, lane: str) -> None:
        queued = self._lanes[lane]
        while queued:
            await self._perform(queued.popleft())
        del self._lanes[lane]

    async def _perform(self, command: Leg) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                match command:
                    case RingAgent():
                        await self._telephony.ring(
                            command.offer,
                            command.call,
                            command.place,
                            timeout_s=command.timeout_s,
                        )
                    case ConnectCall():
                        await self._telephony.connect(command.offer, command.call)
                    case FetchCaller():
                        await self._telephony.fetch(command.offer, command.call)
                    case HoldCaller():
                        await self._telephony.hold(command.offer, command.call)
                    case CancelRing():
                        await self._telephony.cancel(command.offer)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            self._failed(command, error)  # not us, but something that the switch waited for
        except Exception as error:  # a fault in one command must not end the others
            self._failed(command, error)

    def _failed(self, command: Leg, error: BaseException) -> None:
        log = _log.bind(command=type(command).__name__, offer=command.offer)
        match error:
            case TelephonyFailed():
                log.warning("command failed", error="TelephonyFailed", reason=str(error))
            case TimeoutError():
                log.warning("command failed", error="TimeoutError")
            case _:
                log.error("command failed", exc_info=error)
        if isinstance(command, CancelRing | FetchCaller):
            return  # the offer is over
        try:
            self._refused(OfferRefused(command.offer, RefuseCause.FAILED))
        except Exception as fault:  # the centre gives the offer up at its own deadline
            log.error("failure not taken", exc_info=fault)


def _drop_unsent(queued: deque[Leg], offer: OfferId) -> bool:
    """Take what is not yet sent for an offer out of a lane; tell whether its ring was among it."""
    unsent = [command for command in queued if command.offer == offer]
    for command in unsent:
        queued.remove(command)
    return any(isinstance(command, RingAgent) for command in unsent)

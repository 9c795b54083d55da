"""Two stages for one suite: the fake switch, and a real Asterisk with real SIP phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeVar

from ivr.asterisk.agi import AgiDesk
from ivr.asterisk.audiosocket.prompt_store import PromptStore
from ivr.asterisk.audiosocket.server import AudioServer
from ivr.asterisk.audiosocket.visit import Visits
from ivr.asterisk.calls import Calls
from ivr.asterisk.client import AmiClient
from ivr.asterisk.config import AMI_USER
from ivr.asterisk.listening_calls import ListeningCalls
from ivr.asterisk.offers import Offers
from ivr.asterisk.switchboard import Switchboard
from ivr.caller.agent_phone import AgentPhone
from ivr.caller.phone import CallerPhone, SipServer, caller_phone
from ivr.caller.script import AgentPlan, Answering
from ivr.dialogues.ports import CallControl
from ivr.speech.hearing_desk import HearingDesk
from queues.centre.inputs.calls import CallArrived
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import OfferAnswered
from queues.ids import CallId, LineId, OfferId, PlaceId
from queues.ports import Telephony
from tests.speech.listening import real_recogniser
from tests.switch import Switch
from tests.unit.queues.fakes import FakeTelephony, Phone

WITHIN_S = 10.0
SETTLE_S = 0.4  # in which anything that should not come would come
PLACE, OTHER_PLACE = PlaceId("desk1"), PlaceId("desk2")
Said = TypeVar("Said")


class Stage(Protocol):
    """What the suite needs of either switch."""

    telephony: Telephony
    inputs: list[Input]

    async def caller(self) -> CallId:
        """A caller who is on the line."""

    async def phone(self, does: Phone, place: PlaceId = PLACE) -> None:
        """What happens at the phone at a place when it rings."""

    async def caller_hangs_up(self) -> None:
        """The caller puts the phone down."""

    async def agent_hangs_up(self, offer: OfferId, place: PlaceId = PLACE) -> None:
        """The agent puts down the phone at which this offer rang."""


async def said(stage: Stage, kind: type[Said], within_s: float = WITHIN_S) -> Said:
    """Wait until an input of this kind was submitted, and give the first."""
    async with asyncio.timeout(within_s):
        while True:
            for each in stage.inputs:
                if isinstance(each, kind):
                    return each
            await asyncio.sleep(0.01)


async def said_of(stage: Stage, what: Input) -> None:
    """Wait until just this input was submitted."""
    async with asyncio.timeout(WITHIN_S):
        while what not in stage.inputs:  # noqa: ASYNC110  (a list tells nobody)
            await asyncio.sleep(0.01)


async def place_is(stage: Stage, state: PlaceState, place: PlaceId = PLACE) -> None:
    """Wait until the last word on a place is this state."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            told = [e for e in stage.inputs if isinstance(e, PlaceChanged) and e.place == place]
            if told and told[-1].state is state:
                return
            await asyncio.sleep(0.01)


def of_offers(stage: Stage) -> list[Input]:
    """The inputs that are neither about places nor about who rings."""
    return [each for each in stage.inputs if not isinstance(each, PlaceChanged | CallArrived)]


class FakeStage:
    """The fake of the unit tests."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.telephony = FakeTelephony(self.inputs.append)

    async def caller(self) -> CallId:
        return CallId("caller-1")

    async def phone(self, does: Phone, place: PlaceId = PLACE) -> None:
        self.telephony.phones[place] = does
        reachable = does is not Phone.UNREACHABLE
        state = PlaceState.FREE if reachable else PlaceState.UNREACHABLE
        self.inputs.append(PlaceChanged(place, state))

    async def caller_hangs_up(self) -> None:
        self.telephony.caller_hangs_up(CallId("caller-1"))

    async def agent_hangs_up(self, offer: OfferId, place: PlaceId = PLACE) -> None:
        self.telephony.agent_hangs_up(offer)


class _Arrivals:
    """Stands where the driver does: hears who arrives, and hands keys and ends on."""

    def __init__(self, control: CallControl) -> None:
        self.calls: asyncio.Queue[CallId] = asyncio.Queue()
        self._control = control

    def call_arrived(self, call: CallId, line: LineId) -> None:
        self.calls.put_nowait(call)

    def key_pressed(self, call: CallId, key: str) -> None:
        self._control.key_pressed(call)

    def call_ended(self, call: CallId) -> None:
        self._control.call_ended(call)


class RealStage:
    """Asterisk, our own client and telephony, a caller's phone and an agent's."""

    def __init__(self, switch: Switch, stack: AsyncExitStack, ami_port: int) -> None:
        self.inputs: list[Input] = []
        self._switch = switch
        self._stack = stack
        client = AmiClient("127.0.0.1", ami_port, AMI_USER, switch.secrets.ami)
        desk = AgiDesk(client)
        self.client = client
        self.calls = Calls(client, desk, switch.prompts)
        self._audio = AudioServer()
        self._visits = Visits(desk, self._audio)
        self.control = ListeningCalls(
            self.calls, self._visits, PromptStore(switch.prompts), HearingDesk(real_recogniser())
        )
        self._arrivals = _Arrivals(self.control)
        lines: dict[CallId, LineId] = {}
        self.telephony = Offers(client, desk, self.inputs.append, lines, "Test")
        self._board = Switchboard(
            client,
            desk,
            self.calls,
            self.telephony,
            self._arrivals,
            self.inputs.append,
            lines,
            frozenset({PLACE, OTHER_PLACE}),
        )
        self.caller_phone: CallerPhone | None = None
        self._agents: dict[PlaceId, AgentPhone] = {}

    @property
    def sound_is_ours(self) -> bool:
        """Whether a caller hears us and not Asterisk's player."""
        return self._audio.figures.pacer.lines > 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.client.run())
            tasks.create_task(self._board.run())
            tasks.create_task(self.telephony.run())
            tasks.create_task(self._audio.run())
            tasks.create_task(self._visits.run())

    async def open(self) -> None:
        await self._audio.open()
        self._stack.push_async_callback(self._audio.close)

    async def caller(self) -> CallId:
        account = self._switch.caller
        server = SipServer("127.0.0.1", self._switch.sip_port, account.username, account.password)
        self.caller_phone = await self._stack.enter_async_context(caller_phone(server))
        dialling = asyncio.create_task(self.caller_phone.dial("100", WITHIN_S))
        async with asyncio.timeout(WITHIN_S):
            call = await self._arrivals.calls.get()
            await self.calls.answer(call)
            await dialling
            await self.calls.start_music(call)
        return call

    async def phone(self, does: Phone, place: PlaceId = PLACE, *, after_s: float = 0.05) -> None:
        if does is Phone.UNREACHABLE:
            await place_is(self, PlaceState.UNREACHABLE, place)
            return
        answering = {
            Phone.ANSWERS: Answering.ANSWERS,
            Phone.RINGS_OUT: Answering.NEVER,
            Phone.DECLINES: Answering.DECLINES,
        }[does]
        plan = AgentPlan(line=1, answering=answering, answer_after_s=after_s)
        server = ("127.0.0.1", self._switch.sip_port)
        agent = self._agents[place] = AgentPhone(server, self._switch.place(place), plan, None)
        self._stack.push_async_callback(asyncio.to_thread, agent.stop)
        await asyncio.to_thread(agent.start)
        await place_is(self, PlaceState.FREE, place)

    async def caller_hangs_up(self) -> None:
        assert self.caller_phone is not None
        await self.caller_phone.hang_up()

    async def agent_hangs_up(self, offer: OfferId, place: PlaceId = PLACE) -> None:
        assert OfferAnswered(offer) in self.inputs
        await asyncio.to_thread(self._agents[place].stop)


@asynccontextmanager
async def real_stage(switch: Switch, ami_port: int | None = None) -> AsyncIterator[RealStage]:
    """A real stage on this Asterisk; phones and links are gone afterwards.

    `ami_port`: where the link goes, if not straight to Asterisk.
    """
    async with AsyncExitStack() as stack:
        stage = RealStage(switch, stack, ami_port or switch.ami_port)
        await stage.open()
        running = asyncio.create_task(stage.run())
        try:
            await stage.client.wait_up(WITHIN_S)
            yield stage
        finally:
            await stack.aclose()
            running.cancel()
            await asyncio.wait({running})

"""A day on which everything happens that the centre knows of, through the real dispatcher.

Always the same day for the same seed: the fakes stand in for switch and dialogues, the time is the
loop's own. `record` gives the rows of its journal.
"""

import asyncio
import contextlib
import random

import structlog

from queues.centre.facts.calls import CallReturned
from queues.centre.facts.consults import ConsultJoined
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import TalkBegan
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked, WrapUpAsked
from queues.centre.inputs.calls import (
    CallArrived,
    CallEnded,
    CallMissed,
    EndCause,
    MissCause,
    QueueEntered,
    QueueLeft,
    TransferAsked,
)
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.house import PlaceChanged, PlaceState, ServiceEnding, SwitchRestarted
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.journal.row import JournalRow
from queues.centre.values.learned import Band, EstimatesLearned, Learned, Pace, Spread
from queues.dispatcher import Clock, Dispatcher
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from queues.live import Hub
from tests.unit.queues.fake_journal import FakeJournal
from tests.unit.queues.fakes import FakeDialogues, FakeTelephony, Phone

EIGHT_O_CLOCK = 1_780_293_600.0  # 1 June 2026 in UTC+2
BILLING, REPAIRS, MOVING = QueueId("billing"), QueueId("repairs"), QueueId("moving")
AGENTS = {
    "anna": ("p-1", (BILLING, REPAIRS)),
    "bert": ("p-2", (BILLING,)),
    "cem": ("p-3", (REPAIRS, MOVING)),
    "dora": ("p-4", (BILLING, REPAIRS, MOVING)),
    "emil": ("p-4", (MOVING,)),  # shares dora's phone
}
SETTINGS = SettingsLoaded(
    (
        QueueSetting(BILLING, 20.0, 30.0, 1),
        QueueSetting(REPAIRS, 15.0, 0.0, 2, breath_s=3.0),
        QueueSetting(MOVING, 25.0, 45.5, 3),
    ),
    tuple(
        AgentSetting(AgentId(a), PlaceId(p), serves, occupancy_cap=0.3)
        for a, (p, serves) in AGENTS.items()
    ),
    "day1",
)
NEW_SETTINGS = SettingsLoaded(  # no repairs any more; cem is gone, dora has another phone
    (SETTINGS.queues[0], SETTINGS.queues[2]),
    (
        AgentSetting(AgentId("anna"), PlaceId("p-1"), (BILLING,)),
        AgentSetting(AgentId("bert"), PlaceId("p-2"), (BILLING, MOVING)),
        AgentSetting(AgentId("dora"), PlaceId("p-3"), (BILLING, MOVING)),
        AgentSetting(AgentId("emil"), PlaceId("p-4"), (MOVING,)),
    ),
    "day2",
)

LEARNED = EstimatesLearned(
    Learned(
        (Pace(BILLING, 150.0, 5.0, 300.0), Pace(REPAIRS, 120.0, 5.0, None)),
        (Spread(BILLING, None, (Band(60.0, 0.2, 1.0, 2.2), Band(None, 0.4, 1.0, 1.8))),),
    )
)


class Day:
    """The house, and what is asked of it."""

    def __init__(self, seed: int) -> None:
        loop = asyncio.get_running_loop()
        self.journal = FakeJournal()
        self.chance = random.Random(seed)  # noqa: S311  # a day by its number, no secret
        self.telephony = FakeTelephony(submit=self.submit, answer_s=4.0)
        self.wall_ahead_s = 0.0
        self.clock = Clock(
            wall=lambda: EIGHT_O_CLOCK + self.wall_ahead_s + loop.time(), monotonic=loop.time
        )
        self.calls = 0
        self.dispatcher = _Recording(self)
        self.submit(SETTINGS)
        self.submit(LEARNED)

    def submit(self, what: Input) -> tuple[Fact, ...]:
        return self.dispatcher.submit(what)

    def took(self, facts: tuple[Fact, ...]) -> None:
        for fact in facts:
            if isinstance(fact, TalkBegan):
                self.later(self.chance.uniform(20, 400), self.end_talk, fact.offer, fact.call)
                if fact.call.endswith(("1", "6")):
                    self.later(10.0, self.ask, fact.call, fact.agent)
                if fact.call.endswith(("3", "7")):
                    self.later(15.0, self.pass_on, fact.call, fact.agent)
            if isinstance(fact, ConsultJoined):
                self.later(6.0, self.end_asking, fact)
            if isinstance(fact, CallReturned) and self.chance.random() < 0.5:
                self.later(3.0, self.submit, CallEnded(fact.call, EndCause.HUNG_UP))
            elif isinstance(fact, CallReturned):
                self.later(3.0, self.enter, fact.call, MOVING)

    def later(self, after_s: float, what: object, *with_what: object) -> None:
        asyncio.get_running_loop().call_later(after_s, what, *with_what)  # type: ignore[arg-type]

    def end_talk(self, offer: OfferId, call: CallId) -> None:
        if offer not in self.telephony.legs():
            return
        how = self.chance.random()
        if how < 0.2:
            self.telephony.phone_is_lost(offer)
        elif how < 0.5:
            self.telephony.agent_hangs_up(offer)
        else:
            self.telephony.caller_hangs_up(call)
            self.later(0.1, self.submit, AgentLegEnded(offer))  # late, and twice known

    def pass_on(self, call: CallId, agent: AgentId) -> None:
        queue = REPAIRS if agent == "anna" else MOVING
        self.submit(TransferAsked(call, agent, queue, None, 0.0, None))

    def ask(self, call: CallId, agent: AgentId) -> None:
        queue = REPAIRS if agent == "anna" else MOVING
        self.submit(ConsultAsked(call, agent, queue, None, None))

    def end_asking(self, joined: ConsultJoined) -> None:
        """The caller is passed on or taken back, or one of the two agents hangs up."""
        legs = self.telephony.legs()
        match self.chance.randrange(4):
            case 0:
                self.submit(CompleteAsked(joined.call, None))
            case 1:
                self.submit(TakeBackAsked(joined.call, None))
            case 2 if joined.offer in legs:
                self.telephony.agent_hangs_up(joined.offer)
            case _ if OfferId(joined.consult) in legs:
                self.telephony.agent_hangs_up(OfferId(joined.consult))

    def enter(self, call: CallId, queue: QueueId) -> None:
        self.submit(QueueEntered(call, LineId("100"), queue))

    def come_to_work(self) -> None:
        for name, (place, _) in AGENTS.items():
            self.submit(PlaceChanged(PlaceId(place), PlaceState.FREE))
            self.submit(ReadyAsked(AgentId(name)))

    async def hour(self, calls: int) -> None:
        """Calls come; agents do what agents do; phones are as phones are."""
        for _ in range(calls):
            await asyncio.sleep(self.chance.expovariate(calls / 1800))
            self.calls += 1
            number = self.calls
            queue = self.chance.choice((BILLING, REPAIRS, MOVING))
            self.submit(CallArrived(CallId(f"call-{number}"), LineId("100")))
            self.enter(CallId(f"call-{number}"), queue)
            self.later(
                self.chance.uniform(10, 600), self.give_up, CallId(f"call-{number}"), number % 3
            )
            self.trouble()

    def give_up(self, call: CallId, how: int) -> None:
        if how == 0:
            self.submit(QueueLeft(call))
        self.submit(CallEnded(call, EndCause.HUNG_UP))

    def trouble(self) -> None:
        agent = AgentId(self.chance.choice(list(AGENTS)))
        place = PlaceId(AGENTS[agent][0])
        match self.chance.randrange(12):
            case 0:
                self.submit(PauseAsked(agent, self.chance.choice(("lunch", "training"))))
            case 1:
                self.submit(SignOutAsked(agent))
            case 2:
                self.telephony.phones[place] = self.chance.choice(list(Phone))
            case 3:
                self.submit(PlaceChanged(place, PlaceState.UNREACHABLE))
                self.later(60, self.submit, PlaceChanged(place, PlaceState.FREE))
            case 4:
                self.telephony.refuses_connect = True
            case 5:
                self.telephony.refuses_connect = False
            case 6:
                for name in AGENTS:
                    self.submit(WrapUpAsked(AgentId(name), self.chance.uniform(20, 120)))
            case _:
                self.telephony.phones.pop(place, None)
                self.submit(ReadyAsked(agent))

    async def from_eight_to_twelve(self) -> None:
        running = asyncio.create_task(self.dispatcher.run())
        self.come_to_work()
        await self.hour(20)
        self.enter(CallId("call-astray"), QueueId("nowhere"))
        self.submit(OfferAnswered(OfferId("day0-7")))  # a leg that an earlier start rang
        for call in ("call-night-1", "call-night-2", "call-night-1"):  # one is told twice
            missed_at = self.clock.wall() - 3600
            self.submit(CallMissed(CallId(call), LineId("100"), missed_at, None, MissCause.GONE))
        self.submit(CallArrived(CallId("call-short"), LineId("100")))
        self.submit(CallEnded(CallId("call-short"), EndCause.HUNG_UP))
        self.wall_ahead_s = 7200.0
        await self.hour(20)
        self.submit(NEW_SETTINGS)
        await self.hour(12)
        self.submit(ServiceEnding())
        self.submit(SwitchRestarted())
        self.telephony.phones.clear()
        self.telephony.refuses_connect = False
        self.come_to_work()
        await self.hour(12)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


class _Recording(Dispatcher):
    def __init__(self, day: Day) -> None:
        super().__init__(
            day.telephony,
            FakeDialogues(),
            day.clock,
            Hub(),
            journal=day.journal,
            epoch=1,
            node="n1",
            clock_look_s=60.0,
        )
        self._day = day

    def submit(self, what: Input) -> tuple[Fact, ...]:
        facts = super().submit(what)
        self._day.took(facts)
        return facts


async def record(seed: int) -> list[JournalRow]:
    """Give the rows of one day."""
    day = Day(seed)
    with structlog.testing.capture_logs():
        await day.from_eight_to_twelve()
    return day.journal.rows

"""A day whose every turn is drawn: people come, hang up and vanish whenever they like.

Deadlines fire punctually. What the centre came to is in `rows` and `facts`, as on a scene.
"""

import random
from dataclasses import replace

from queues.centre.facts.fact import Fact
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered, QueueLeft, TransferAsked
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.doors import CloseAsked, HoursTold, OpenAsked, QueueHours
from queues.centre.inputs.house import (
    ClockMoved,
    PlaceChanged,
    PlaceState,
    ServiceEnding,
    SwitchRestarted,
    TimerFired,
)
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import (
    AgentLegEnded,
    OfferAnswered,
    OfferRefused,
    RefuseCause,
    TalkStarted,
)
from queues.centre.inputs.settings import AgentSetting, Order, QueueSetting, SettingsLoaded
from queues.centre.lives.call import CallState
from queues.centre.lives.door import OpenSpan
from queues.centre.state import Offer, next_wake
from queues.centre.values.learned import Band, EstimatesLearned, Learned, Pace, Spread
from queues.centre.values.needs import Need, NeedStep, Skill
from queues.ids import AgentId, CallId, LineId, PlaceId, QueueId
from tests.unit.queues.written import Written

LAW, PLAIN, MARKED = QueueId("law"), QueueId("plain"), QueueId("marked")
SETTINGS = SettingsLoaded(
    (
        QueueSetting(
            LAW,
            20.0,
            10.0,
            2,
            need=Need((Skill("law", 4),), "de"),
            relax=(
                NeedStep(15.0, "nobody so good", lower=2),
                NeedStep(40.0, "anybody", ("law",), any_language=True),
            ),
        ),
        QueueSetting(PLAIN, 15.0, 0.0, 1),
        QueueSetting(MARKED, 15.0, 5.0, 1, order=Order.SERVICE_LEVEL, cap_s=60.0),
    ),
    (
        AgentSetting(
            AgentId("anna"), PlaceId("p1"), (LAW, PLAIN), (Skill("law", 5),), ("de", "en")
        ),
        AgentSetting(AgentId("bert"), PlaceId("p2"), (LAW, MARKED), (Skill("law", 2),), ("de",)),
        AgentSetting(AgentId("cem"), PlaceId("p3"), (PLAIN, MARKED)),
        AgentSetting(AgentId("dora"), PlaceId("p3"), (LAW, PLAIN, MARKED)),  # shares cem's phone
    ),
    "days",
)


LEARNED = EstimatesLearned(
    Learned(
        (Pace(LAW, 40.0, 4.0, 90.0), Pace(PLAIN, 25.0, 3.0, None)),
        (
            Spread(LAW, None, (Band(30.0, 0.2, 1.0, 2.5), Band(None, 0.4, 1.1, 1.9))),
            Spread(LAW, Need((Skill("law", 4),), "de"), (Band(None, 0.3, 0.9, 2.0),)),
        ),
        (3.0, 0.8, 0.1, 2.0),
    )
)


class RandomDay(Written):
    """The same day for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311  # a day by its number, no secret
        self.settings = SETTINGS
        super().__init__(SETTINGS)
        self.take(LEARNED)
        for agent in SETTINGS.agents:
            self.take(PlaceChanged(agent.place, PlaceState.FREE))
            self.take(ReadyAsked(agent.agent))

    def go_on(self, turns: int) -> None:
        """Let so many things happen, each a while after the last."""
        for _ in range(turns):
            self._wait_for(self._chance.choice((0.0, 0.3, 2.0, 7.0)))
            self.take(self._whatever())

    def close(self) -> None:
        """Everybody hangs up, and time passes until nothing is due."""
        for call in tuple(self.centre.calls):
            self.take(CallEnded(call, EndCause.HUNG_UP))
        while (wake := next_wake(self.centre)) is not None:
            self.take(TimerFired(), after=wake - self.now)

    def _wait_for(self, seconds: float) -> None:
        until = self.now + seconds
        while (wake := next_wake(self.centre)) is not None and wake <= until:
            self.take(TimerFired(), after=wake - self.now)
        self.now = max(self.now, until)

    def _whatever(self) -> Input:
        chance = self._chance
        doings = (self._caller, self._phone, self._agent, self._ending, self._house)
        return chance.choices(doings, (20, 50, 20, 7, 2))[0]()

    def _caller(self) -> Input:
        chance = self._chance
        call = CallId(f"c{len(self.rows)}")
        queue = chance.choice(self.settings.queues).queue
        need = chance.choice((None, None, Need(), Need((Skill("law", chance.randint(1, 5)),))))
        preferred = chance.choice((None, None, None, AgentId("anna")))
        waited_s, credit_s = chance.choice((0.0, 0.0, 25.0)), chance.choice((0.0, 0.0, 30.0))
        return QueueEntered(call, LineId("100"), queue, waited_s, need, credit_s, preferred, 12.0)

    def _phone(self) -> Input:
        """What is the turn of some offer, most often; now and then its phone fails."""
        if not self.centre.offers:
            return self._agent()
        offer = self._chance.choice(list(self.centre.offers.values()))
        if self._chance.random() < 0.1:
            return OfferRefused(offer.offer, self._chance.choice(list(RefuseCause)))
        return self._next_of(offer)

    def _next_of(self, offer: Offer) -> Input:
        call = self.centre.calls[offer.call]
        match call.state:
            case CallState.OFFERED:
                return OfferAnswered(offer.offer)
            case CallState.CONNECTING | CallState.REJOINING:
                return TalkStarted(offer.offer)
            case CallState.HELD if self._chance.random() < 0.5:
                asks = self._chance.choice((CompleteAsked, TakeBackAsked))
                return asks(call.call, None)
            case CallState.TALKING if call.consults_for is None and self._chance.random() < 0.5:
                return self._transfer(offer)
            case _:
                return AgentLegEnded(offer.offer)

    def _transfer(self, offer: Offer) -> Input:
        chance = self._chance
        queue = chance.choice((None, *self.settings.queues))
        agent = chance.choice((None, None, *self.centre.agents))
        need = chance.choice((None, Need(), Need((Skill("law", chance.randint(1, 5)),))))
        to = None if queue is None else queue.queue
        if chance.random() < 0.5:
            return ConsultAsked(offer.call, None, to, agent, need)
        return TransferAsked(offer.call, None, to, agent, 12.0, need)

    def _agent(self) -> Input:
        chance = self._chance
        setting = chance.choice(SETTINGS.agents)
        return chance.choice(
            (
                ReadyAsked(setting.agent),
                ReadyAsked(setting.agent),
                PauseAsked(setting.agent, "lunch"),
                SignOutAsked(setting.agent),
                PlaceChanged(setting.place, chance.choice(list(PlaceState))),
                PlaceChanged(setting.place, PlaceState.FREE),
            )
        )

    def _ending(self) -> Input:
        """A caller hangs up, is lost or is taken back, whatever the call is at."""
        if not self.centre.calls:
            return self._caller()
        call = self._chance.choice(list(self.centre.calls))
        causes = (CallEnded(call, cause) for cause in EndCause)
        return self._chance.choice((*causes, QueueLeft(call)))

    def _house(self) -> Input:
        chance = self._chance
        what = chance.choice(("settings", "settings", "clock", "switch", "end", "door", "door"))
        if what == "door":
            return self._door()
        if what == "clock":  # as at both nights of summer time, and by a hand
            return ClockMoved(chance.choice((-3600.0, 3600.0, 86_400.0)))
        if what == "end":
            return ServiceEnding()
        return SwitchRestarted() if what == "switch" else self._other_settings()

    def _door(self) -> Input:
        """Most often all queues are open again, so that somebody is served."""
        chance = self._chance
        wall, queue = self.now + self.centre.wall_ahead_s, chance.choice(SETTINGS.queues).queue
        closes = OpenSpan(wall - 100.0, wall + chance.choice((5.0, 40.0)))
        return chance.choice(
            (
                HoursTold((QueueHours(queue, (closes, OpenSpan(wall + 60.0, None))),)),
                CloseAsked(queue, chance.choice((None, AgentId("anna"))), None, wall + 30.0),
                OpenAsked(queue, None),
                HoursTold(()),
            )
        )

    def _other_settings(self) -> SettingsLoaded:
        """Some agents and one queue are left out, or are there again, or sit elsewhere."""
        chance = self._chance
        gone = chance.choice((None, None, *(queue.queue for queue in SETTINGS.queues)))
        queues = tuple(queue for queue in SETTINGS.queues if queue.queue != gone)
        agents = tuple(
            replace(
                agent,
                queues=tuple(queue for queue in agent.queues if queue != gone),
                place=chance.choice((agent.place, agent.place, PlaceId("p4"))),
            )
            for agent in SETTINGS.agents
            if chance.random() < 0.8
        )
        self.settings = SettingsLoaded(queues, agents, "days")
        return self.settings

    def of_kind(self, *kinds: type[Fact]) -> list[Fact]:
        """The facts of these types, in order."""
        return [fact for fact in self.facts if isinstance(fact, kinds)]

"""Short scenes for tests of the centre: two queues, agents at phones, a clock in the hand."""

from queues.centre.apply import apply
from queues.centre.commands import Command
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import QueueEntered
from queues.centre.inputs.house import PlaceChanged, PlaceState
from queues.centre.inputs.input import Input
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.state import Centre
from queues.centre.step import step
from queues.centre.values.learned import Band, EstimatesLearned, Learned, Pace, Spread
from queues.centre.wishes import commands_for
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId

BILLING, REPAIRS = QueueId("billing"), QueueId("repairs")
EPOCH = "test"
RING_S, WRAP_UP_S = 20.0, 30.0


def settings(
    *agents: tuple[str, tuple[QueueId, ...]], wrap_up_s: float = WRAP_UP_S, missed: int = 1
) -> SettingsLoaded:
    """Two queues, and these agents, each at a phone named after the agent."""
    return SettingsLoaded(
        tuple(QueueSetting(queue, RING_S, wrap_up_s, missed) for queue in (BILLING, REPAIRS)),
        tuple(AgentSetting(AgentId(name), PlaceId(f"p-{name}"), serves) for name, serves in agents),
        EPOCH,
    )


def learned(*queues: QueueId) -> EstimatesLearned:
    """What earlier calls of these queues might have taught; of the last one also a range."""
    bands = (Band(None, 0.3, 1.0, 2.0),)
    paces = tuple(Pace(queue, 30.0, 2.0, 60.0) for queue in queues)
    return EstimatesLearned(Learned(paces, (Spread(queues[-1], None, bands),)))


class Scene:
    """A centre, the facts and commands it came to, and the time."""

    def __init__(self, loaded: SettingsLoaded | None = None) -> None:
        self.centre = Centre()
        self.now = 1000.0
        self.facts: list[Fact] = []
        self.take(loaded or settings(("anna", (BILLING,))))

    def take(self, what: Input, *, after: float = 0.0) -> tuple[Fact, ...]:
        """Let time pass, then take one input."""
        self.now += after
        facts = step(self.centre, what, self.now)
        self.facts.extend(facts)
        return facts

    def ready(self, *names: str) -> None:
        for name in names:
            self.take(PlaceChanged(PlaceId(f"p-{name}"), PlaceState.FREE))
            self.take(ReadyAsked(AgentId(name)))

    def enter(self, call: str, queue: QueueId = BILLING, *, after: float = 0.0) -> tuple[Fact, ...]:
        return self.take(QueueEntered(CallId(call), LineId("main"), queue), after=after)

    def enter_with(self, call: str, *, credit_s: float, after: float = 0.0) -> tuple[Fact, ...]:
        entered = QueueEntered(CallId(call), LineId("main"), BILLING, credit_s=credit_s)
        return self.take(entered, after=after)

    def offer(self, call: str) -> OfferId:
        """The offer alive for a call."""
        offer = self.centre.calls[CallId(call)].offer
        assert offer is not None
        return offer

    def talk(self, call: str) -> OfferId:
        """Let the agent pick up and be joined with the caller."""
        offer = self.offer(call)
        self.take(OfferAnswered(offer))
        self.take(TalkStarted(offer))
        return offer

    def offers(self) -> list[OfferMade]:
        return [fact for fact in self.facts if isinstance(fact, OfferMade)]

    def agent(self, name: str) -> str:
        return self.centre.agents[AgentId(name)].state.value

    def call(self, name: str) -> str | None:
        call = self.centre.calls.get(CallId(name))
        return None if call is None else call.state.value

    def replayed(self) -> Centre:
        """A fresh centre to which only the facts were applied."""
        fresh = Centre()
        for fact in self.facts:
            apply(fresh, fact)
        return fresh


def wishes(facts: tuple[Fact, ...]) -> list[Command]:
    return [command for fact in facts for command in commands_for(fact)]

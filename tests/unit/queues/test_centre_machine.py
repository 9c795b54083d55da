"""Unit: random inputs in any order against what must always hold."""

import json
from collections import Counter

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from queues.centre.apply import apply
from queues.centre.decide import decide
from queues.centre.deciding.offers import CALL_RESTS_S
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade
from queues.centre.inputs.agents import PauseAsked, ReadyAsked, SignOutAsked, WrapUpAsked
from queues.centre.inputs.calls import CallEnded, EndCause, QueueEntered, QueueLeft
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
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.journal.snapshot import from_snapshot, to_snapshot
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.policies.pairing import next_offer
from queues.centre.pools import barred
from queues.centre.state import Centre, Offer, could_be_offered, could_take_a_call, next_wake
from queues.centre.step import step
from queues.centre.values.needs import Need, NeedStep, Skill
from queues.centre.wishes import commands_for
from queues.ids import AgentId, CallId, LineId, OfferId, PlaceId, QueueId
from tests.unit.queues.machine_deadlines import LONGEST_S, MOST_BREATH_S, expected_deadlines
from tests.unit.queues.scenes import learned

QUEUES = tuple(QueueId(name) for name in ("a", "b"))
SETTINGS = SettingsLoaded(
    (
        QueueSetting(
            QUEUES[0], 20.0, 10.0, 2, most_waiting=4, longest_wait_s=300.0, breath_s=MOST_BREATH_S
        ),
        QueueSetting(
            QUEUES[1],
            15.0,
            0.0,
            1,
            breath_s=2.0,
            need=Need((Skill("s", 3),), "de"),
            relax=(NeedStep(10.0, "r1", lower=1), NeedStep(30.0, "r2", ("s",), any_language=True)),
        ),
    ),
    (
        AgentSetting(AgentId("x"), PlaceId("p1"), QUEUES, (Skill("s", 2),), ("de",), 0.01),
        AgentSetting(AgentId("y"), PlaceId("p2"), (QUEUES[0],), (Skill("s", 5),)),
        AgentSetting(AgentId("z"), PlaceId("p2"), (QUEUES[1],)),  # shares y's phone
    ),
    "test",
)
NAMES = ("x", "y", "z", "w")
AGENTS = st.sampled_from([AgentId(name) for name in NAMES])
PLACES = st.sampled_from([PlaceId(name) for name in ("p1", "p2", "p3")])
RESERVED = (AgentState.RINGING, AgentState.TALKING)
WITH_OFFER = (CallState.OFFERED, CallState.CONNECTING, *WITH_AGENT)


class CentreMachine(RuleBasedStateMachine):
    """Inputs come late, twice, for what is gone, and at any distance in time."""

    calls: Bundle[CallId] = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.centre = Centre()
        self.now = 1000.0
        self.inputs: list[tuple[Input, float]] = []
        self.facts: list[Fact] = []
        self.reported = {agent.place: PlaceState.UNREACHABLE for agent in SETTINGS.agents}
        self.made: list[OfferId] = [OfferId("never-made")]
        self.take(SETTINGS)
        self.take(learned(*QUEUES))

    @rule(target=calls, queue=st.sampled_from(QUEUES))
    def everybody_is_there_for_a_call(self, queue: QueueId) -> CallId:
        """Random doings alone seldom leave an agent at work; talks shall happen often."""
        for agent in tuple(self.centre.agents.values()):
            self.take(PlaceChanged(agent.setting.place, PlaceState.FREE))
            self.take(ReadyAsked(agent.setting.agent))
        return self.enter_queue(queue)

    @rule(data=st.data(), by_agent=st.booleans(), lost=st.booleans())
    def talk_and_end(self, data: st.DataObject, by_agent: bool, lost: bool) -> None:
        name = self.an_offer(data)
        offer = self.centre.offers.get(name)
        self.take(OfferAnswered(name))
        self.take(TalkStarted(name))
        if by_agent or offer is None:
            self.end_talk(name, offer, lost)
        else:
            self.take(CallEnded(offer.call, EndCause.HUNG_UP))

    def end_talk(self, name: OfferId, offer: Offer | None, lost: bool) -> None:
        """Whose agent's phone was lost waits again, with the first waiting time; nobody else."""
        talked = [] if offer is None else [self.centre.calls[offer.call]]
        was = [(c.call, c.rank, c.state) for c in talked if c.consults_for is None]
        self.take(AgentLegEnded(name, lost))
        for call, rank, state in was:
            if state is CallState.TALKING:
                again = self.centre.calls.get(call)
                assert (again is not None) == lost
                assert again is None or (again.rank, again.only) == (rank, None)

    def take(self, what: Input) -> None:
        """What `step` does, with a look at the state before each offer."""
        self.inputs.append((what, self.now))
        if isinstance(what, PlaceChanged) and what.place in self.centre.places:
            self.reported[what.place] = what.state
        if isinstance(what, SwitchRestarted | ServiceEnding):
            self.reported = dict.fromkeys(self.reported, PlaceState.UNREACHABLE)
        for fact in decide(self.centre, what, self.now):
            self.note(fact)
        while (made := next_offer(self.centre, self.now)) is not None:
            self.nobody_is_overtaken(made)
            self.made.append(made.offer)
            self.note(made)
        self.reported = {
            name: self.reported.get(name, PlaceState.UNREACHABLE) for name in self.centre.places
        }

    def note(self, fact: Fact) -> None:
        apply(self.centre, fact)
        commands_for(fact)
        self.facts.append(fact)

    def nobody_is_overtaken(self, made: OfferMade) -> None:
        agent = self.centre.agents[made.agent].setting
        others = [
            other
            for other in self.centre.agents.values()
            if could_take_a_call(self.centre, other)
            and barred(other.setting, self.centre.calls[made.call].key) is None
        ]
        if self.centre.agents[made.agent].spared_until is not None:
            assert all(other.spared_until is not None for other in others)
        chosen = self.centre.calls[made.call]
        assert barred(agent, chosen.key) is None
        for call in self.centre.calls.values():
            if could_be_offered(call) and barred(agent, call.key) is None:
                assert chosen.rank <= call.rank

    @rule(
        target=calls,
        queue=st.sampled_from((*QUEUES, QueueId("unknown"))),
        waited_s=st.sampled_from((0.0, 0.0, 40.0)),
    )
    def enter(self, queue: QueueId, waited_s: float) -> CallId:
        return self.enter_queue(queue, waited_s)

    @rule(
        target=calls,
        queue=st.sampled_from(QUEUES),
        level=st.sampled_from((1, 2, 5)),
        preferred=st.none() | AGENTS,
        credit_s=st.sampled_from((0.0, 30.0)),
    )
    def enter_with_a_need(
        self, queue: QueueId, level: int, preferred: AgentId | None, credit_s: float
    ) -> CallId:
        call = CallId(f"c{len(self.inputs)}")
        need = Need((Skill("s", level),))
        entered = QueueEntered(call, LineId("main"), queue, 0.0, need, credit_s, preferred, 20.0)
        self.take(entered)
        return call

    def enter_queue(self, queue: QueueId, waited_s: float = 0.0) -> CallId:
        call = CallId(f"c{len(self.inputs)}")
        self.take(QueueEntered(call, LineId("main"), queue, waited_s))
        return call

    @rule(call=calls, queue=st.sampled_from(QUEUES))
    def enter_again(self, call: CallId, queue: QueueId) -> None:
        self.take(QueueEntered(call, LineId("main"), queue))

    @rule(call=calls)
    def leave(self, call: CallId) -> None:
        self.take(QueueLeft(call))

    @rule(call=calls, cause=st.sampled_from(EndCause))
    def hang_up(self, call: CallId, cause: EndCause) -> None:
        self.take(CallEnded(call, cause))

    @rule(agent=AGENTS)
    def ready(self, agent: AgentId) -> None:
        self.take(ReadyAsked(agent))

    @rule(agent=AGENTS, reason=st.sampled_from(("lunch", "meeting")))
    def pause(self, agent: AgentId, reason: str) -> None:
        self.take(PauseAsked(agent, reason))

    @rule(agent=AGENTS)
    def sign_out(self, agent: AgentId) -> None:
        self.take(SignOutAsked(agent))

    @rule(place=PLACES, state=st.sampled_from(PlaceState))
    def change_place(self, place: PlaceId, state: PlaceState) -> None:
        self.take(PlaceChanged(place, state))

    def an_offer(self, data: st.DataObject) -> OfferId:
        alive = list(self.centre.offers)
        return data.draw(st.sampled_from([*alive, *self.made[-2:]]))

    @rule(data=st.data())
    def talk(self, data: st.DataObject) -> None:
        offer = self.an_offer(data)
        self.take(OfferAnswered(offer))
        self.take(TalkStarted(offer))

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        self.take(OfferAnswered(self.an_offer(data)))

    @rule(data=st.data(), cause=st.sampled_from(RefuseCause))
    def refuse(self, data: st.DataObject, cause: RefuseCause) -> None:
        self.take(OfferRefused(self.an_offer(data), cause))

    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        self.take(TalkStarted(self.an_offer(data)))

    @rule(data=st.data(), lost=st.booleans())
    def end_leg(self, data: st.DataObject, lost: bool) -> None:
        name = self.an_offer(data)
        self.end_talk(name, self.centre.offers.get(name), lost)

    @rule(agent=AGENTS, lasts_s=st.sampled_from((0.1, 12.0, 40.0, 5000.0)))
    def extend_wrap_up(self, agent: AgentId, lasts_s: float) -> None:
        self.take(WrapUpAsked(agent, lasts_s))

    @precondition(lambda self: len(self.inputs) > 20)
    @rule(what=st.sampled_from((SwitchRestarted(), ServiceEnding())))
    def restart_switch_or_service(self, what: SwitchRestarted | ServiceEnding) -> None:
        self.take(what)

    @rule(by_s=st.sampled_from((-7200.0, 7200.0)))
    def set_clock(self, by_s: float) -> None:
        self.take(ClockMoved(by_s))

    @rule(seconds=st.sampled_from((0.0, 0.5, 5.0, 25.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.take(TimerFired())
        wake = next_wake(self.centre)
        assert wake is None or wake > self.now

    @invariant()
    def each_call_is_in_one_place(self) -> None:
        waiting = [rank[2] for pool in self.centre.pools.values() for rank in pool.waiting]
        assert len(waiting) == len(set(waiting))
        for name, call in self.centre.calls.items():
            assert call.state in (CallState.WAITING, *WITH_OFFER)
            assert (name in waiting) == could_be_offered(call)
            assert call.rest_until is None or call.state is CallState.WAITING
            assert call.failed_joins <= len(CALL_RESTS_S)
            assert (call.offer is not None) == (call.state in WITH_OFFER)
            assert name not in self.centre.ended

    @invariant()
    def each_agent_and_each_phone_has_at_most_one_call_and_none_that_is_gone(self) -> None:
        offers = self.centre.offers.values()
        for kind in ("call", "agent", "place"):
            assert len({getattr(offer, kind) for offer in offers}) == len(offers)
        for offer in offers:
            assert self.centre.calls[offer.call].offer == offer.offer
            assert self.centre.agents[offer.agent].offer == offer.offer
            assert self.centre.places[offer.place].offer == offer.offer
        for agent in self.centre.agents.values():
            assert (agent.state in RESERVED) == (agent.offer is not None)
            assert agent.offer is None or agent.offer in self.centre.offers

    @invariant()
    def nothing_is_left_of_what_the_settings_name_no_more(self) -> None:
        offers = self.centre.offers.values()
        assert {call.queue for call in self.centre.calls.values()} <= self.centre.queues.keys()
        assert {offer.queue for offer in offers} <= self.centre.queues.keys()
        seats = {agent.setting.place for agent in self.centre.agents.values()}
        assert self.centre.places.keys() == seats | {offer.place for offer in offers}
        for agent in self.centre.agents.values():
            assert not agent.leaving or agent.state is AgentState.TALKING
            assert self.centre.queues.keys() >= {*agent.setting.queues}

    @invariant()
    def a_snapshot_gives_the_same_centre(self) -> None:
        again = from_snapshot(json.loads(json.dumps(to_snapshot(self.centre))))
        assert again == self.centre
        for name in ("calls", "agents", "places", "offers", "queues", "ended"):
            assert list(getattr(again, name)) == list(getattr(self.centre, name))

    @invariant()
    def no_free_agent_and_waiting_call_remain(self) -> None:
        for pool in self.centre.pools.values():
            free = [
                agent
                for agent in self.centre.agents.values()
                if barred(agent.setting, pool.key) is None and could_take_a_call(self.centre, agent)
            ]
            assert {each[-1] for each in pool.free} == {each.setting.agent for each in free}
            assert not (free and pool.waiting)

    @invariant()
    def each_state_that_ends_by_time_has_its_deadline(self) -> None:
        kept = {(kind.value, name): at for at, kind, name in self.centre.deadlines}
        assert len(kept) == len(self.centre.deadlines)
        assert kept == expected_deadlines(self.centre, self.now)

    @invariant()
    def what_a_phone_is_comes_from_the_switch_alone(self) -> None:
        known = {name: place.state for name, place in self.centre.places.items()}
        assert known == self.reported

    def nobody_waits_for_ever(self) -> None:
        """With all at work again, all are served, though every third call can never be joined.

        Phones that rest are not reported anew: they come back by themselves.
        """
        self.take(SETTINGS)
        for place, state in tuple(self.reported.items()):
            if state is not PlaceState.FREE:
                self.take(PlaceChanged(place, PlaceState.FREE))
        began, number, joins = self.now, len(self.centre.calls), Counter[CallId]()
        while self.centre.calls:
            for agent in self.centre.agents:
                self.take(ReadyAsked(agent))
            for offer in tuple(self.centre.offers.values()):
                self.go_on_with(offer, joins)
            wake = next_wake(self.centre)
            held = [c.offer for c in self.centre.calls.values() if c.state is CallState.HELD]
            if wake is not None and self.centre.offers.keys() <= {*held}:
                self.now = max(self.now, wake)
            self.take(TimerFired())
            assert self.now - began <= LONGEST_S + 60.0 * number
        assert max(joins.values(), default=0) <= len(CALL_RESTS_S) + 1

    def go_on_with(self, offer: Offer, joins: Counter[CallId]) -> None:
        match self.centre.calls[offer.call].state if offer.offer in self.centre.offers else None:
            case CallState.OFFERED:
                self.take(OfferAnswered(offer.offer))
            case CallState.CONNECTING if self.centre.calls[offer.call].number % 3 == 0:
                joins[offer.call] += 1
                self.take(OfferRefused(offer.offer, RefuseCause.FAILED))
            case CallState.CONNECTING | CallState.REJOINING:
                self.take(TalkStarted(offer.offer))
            case CallState.TALKING:
                self.take(AgentLegEnded(offer.offer))

    def teardown(self) -> None:
        self.nobody_waits_for_ever()
        recovered, replayed = Centre(), Centre()
        for fact in self.facts:
            apply(recovered, fact)
        facts = [fact for what, at in self.inputs for fact in step(replayed, what, at)]
        assert recovered == self.centre
        assert (replayed, facts) == (self.centre, self.facts)


TestCentreMachine = CentreMachine.TestCase
TestCentreMachine.settings = hypothesis_settings(
    max_examples=120, stateful_step_count=50, deadline=None, derandomize=True
)

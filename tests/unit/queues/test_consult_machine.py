"""Unit: callers are held to ask others, in any order with all else, against what must hold."""

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.consults import CompleteAsked, ConsultAsked, TakeBackAsked
from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.centre.lives.agent import AgentState
from queues.centre.lives.call import WITH_AGENT, CallState
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId, OfferId, QueueId
from tests.unit.queues.test_centre_machine import AGENTS, QUEUES, CentreMachine
from tests.unit.queues.test_settings_machine import one_thing_other

ASKED = st.builds(
    ConsultAsked,
    call=st.just(CallId("")),
    asked_by=st.none(),
    queue=st.none() | st.sampled_from(QUEUES),
    agent=st.none() | st.none() | AGENTS,
    need=st.sampled_from((None, None, Need((Skill("s", 2),)))),
)


class ConsultMachine(CentreMachine):
    """The centre's machine, whose settings change too, with agents who ask one another."""

    @rule(data=st.data())
    def edit_settings(self, data: st.DataObject) -> None:
        self.take(data.draw(one_thing_other(self.centre)))

    @rule(data=st.data(), asked=ASKED)
    def ask(self, data: st.DataObject, asked: ConsultAsked) -> None:
        self.talk_and_ask(self.an_offer(data), asked)

    @rule(queue=st.sampled_from(QUEUES), asked=ASKED, more=st.data())
    def ask_and_go_on(self, queue: QueueId, asked: ConsultAsked, more: st.DataObject) -> None:
        """Random doings alone seldom come to two agents who talk."""
        call = self.everybody_is_there_for_a_call(queue)
        there = self.centre.calls.get(call)
        if there is None or there.offer is None:
            return
        own = there.offer
        for agent in tuple(self.centre.agents):
            self.take(ReadyAsked(agent))
        self.talk_and_ask(own, asked)
        other = self.asked_by(own)
        if other is not None:
            self.take(OfferAnswered(other))
            if more.draw(st.booleans()):
                self.take(TalkStarted(other))
        doings = (
            CompleteAsked(call, None),
            TakeBackAsked(call, None),
            AgentLegEnded(own),
            AgentLegEnded(own, lost=True),
            *(() if other is None else (AgentLegEnded(other), AgentLegEnded(other, lost=True))),
        )
        self.take(more.draw(st.sampled_from(doings)))
        if more.draw(st.booleans()) and (offer := self.centre.calls.get(call)) and offer.offer:
            self.take(TalkStarted(offer.offer))

    @rule(data=st.data(), completes=st.booleans())
    def end_asking(self, data: st.DataObject, completes: bool) -> None:
        held = [c.call for c in self.centre.calls.values() if c.state is CallState.HELD]
        if held:
            call = data.draw(st.sampled_from(held))
            self.take((CompleteAsked if completes else TakeBackAsked)(call, None))

    def talk_and_ask(self, name: OfferId, asked: ConsultAsked) -> None:
        offer = self.centre.offers.get(name)
        if offer is not None:
            self.take(OfferAnswered(name))
            self.take(TalkStarted(name))
            self.take(
                ConsultAsked(offer.call, asked.asked_by, asked.queue, asked.agent, asked.need)
            )

    def asked_by(self, own: OfferId) -> OfferId | None:
        asking = self.centre.calls.get(CallId(own))
        return None if asking is None else asking.offer

    @invariant()
    def who_is_held_is_asked_about_and_nothing_else_is(self) -> None:
        for call in self.centre.calls.values():
            if call.state is CallState.HELD:
                assert self.centre.calls[CallId(str(call.offer))].consults_for == call.call
            if call.consults_for is None:
                continue
            held = self.centre.calls[call.consults_for]
            assert (held.state, held.offer, held.since) == (CallState.HELD, call.call, call.since)
            assert call.call not in self.centre.ended

    @invariant()
    def whoever_hears_music_has_a_deadline(self) -> None:
        due = {name for _, _, name in self.centre.deadlines}
        for call in self.centre.calls.values():
            if call.state is CallState.HELD:
                asking = self.centre.calls[CallId(str(call.offer))]
                assert {asking.call, str(asking.offer)} & due
            if call.state is CallState.REJOINING:
                assert call.offer in due

    @invariant()
    def who_asks_talks_and_is_not_the_one_who_is_asked(self) -> None:
        for call in self.centre.calls.values():
            if call.offer is not None and call.state in WITH_AGENT:
                agent: AgentId = self.centre.offers[call.offer].agent
                assert self.centre.agents[agent].state is AgentState.TALKING
            if call.consults_for is not None and call.offer is not None:
                own = self.centre.offers[OfferId(call.call)].agent
                assert self.centre.offers[call.offer].agent != own


TestConsultMachine = ConsultMachine.TestCase
TestConsultMachine.settings = hypothesis_settings(
    max_examples=80, stateful_step_count=40, deadline=None, derandomize=True
)

"""Unit: calls are passed on in any order with everything else, against what must always hold."""

from dataclasses import replace

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from queues.centre.deciding.owing import OWED_AFTER_S
from queues.centre.facts.calls import CallTransferred
from queues.centre.inputs.agents import ReadyAsked
from queues.centre.inputs.calls import TransferAsked
from queues.centre.inputs.house import TimerFired
from queues.centre.inputs.offers import OfferAnswered, TalkStarted
from queues.centre.lives.call import CallState
from queues.centre.relaxing import STRICT_FROM
from queues.centre.values.needs import Need, Skill
from queues.ids import AgentId, CallId, OfferId, QueueId
from tests.unit.queues.test_centre_machine import AGENTS, QUEUES, CentreMachine

TRANSFERS = st.builds(
    TransferAsked,
    call=st.just(CallId("")),
    asked_by=st.none() | AGENTS,
    queue=st.none() | st.sampled_from(QUEUES),
    agent=st.none() | AGENTS,
    alone_s=st.just(20.0),
    need=st.sampled_from((None, None, Need((Skill("s", 2),)), Need((Skill("s", 5),)))),
)


class TransferMachine(CentreMachine):
    """The centre's machine, with calls that are passed on."""

    @rule(data=st.data(), asked=TRANSFERS)
    def pass_on(self, data: st.DataObject, asked: TransferAsked) -> None:
        self.talk_and_pass_on(self.an_offer(data), asked)

    @rule(queue=st.sampled_from(QUEUES), asked=st.lists(TRANSFERS, min_size=3, max_size=5))
    def pass_on_again_and_again(self, queue: QueueId, asked: list[TransferAsked]) -> None:
        """Random doings alone seldom come to a second transfer."""
        call = self.everybody_is_there_for_a_call(queue)
        for each in asked:
            there = self.centre.calls.get(call)
            if there is None:
                return
            if there.offer is not None:
                self.talk_and_pass_on(there.offer, replace(each, asked_by=None))
            self.now += 35.0
            self.take(TimerFired())
            for agent in tuple(self.centre.agents):
                self.take(ReadyAsked(agent))

    def talk_and_pass_on(self, name: OfferId, asked: TransferAsked) -> None:
        offer = self.centre.offers.get(name)
        if offer is not None:
            self.take(OfferAnswered(name))
            self.take(TalkStarted(name))
            self.take(replace(asked, call=offer.call))

    @invariant()
    def who_was_passed_on_is_owed_in_time_and_never_rung_at_the_agent_who_did_it(self) -> None:
        for call in self.centre.calls.values():
            if call.consults_for is None:
                assert (call.owed_at is None) == (call.passed_by is None)
            if call.owed_at is not None:
                assert call.hops > 0
                assert call.state is not CallState.TALKING
                assert call.owed_at <= self.now + OWED_AFTER_S
            if call.offer is not None and call.passed_by is not None:
                assert self.centre.offers[call.offer].agent != AgentId(call.passed_by)

    @invariant()
    def who_was_passed_on_twice_asks_for_what_was_said(self) -> None:
        asked = {fact.call: fact for fact in self.facts if isinstance(fact, CallTransferred)}
        for call in self.centre.calls.values():
            if call.consults_for is not None:
                continue
            if call.hops >= STRICT_FROM and call.queue == asked[call.call].to:
                assert call.need == asked[call.call].need
                assert call.since == asked[call.call].since


TestTransferMachine = TransferMachine.TestCase
TestTransferMachine.settings = hypothesis_settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)

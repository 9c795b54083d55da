"""Unit: settings that change in the middle of anything, against what must always hold."""

from dataclasses import replace

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from queues.centre.inputs.offers import AgentLegEnded, OfferAnswered, TalkStarted
from queues.centre.inputs.settings import AgentSetting, QueueSetting, SettingsLoaded
from queues.centre.state import Centre
from queues.ids import AgentId, QueueId
from tests.unit.queues.test_centre_machine import AGENTS, NAMES, PLACES, QUEUES, CentreMachine


@st.composite
def other_settings(draw: st.DrawFn) -> SettingsLoaded:
    """Any queues, any agents, at any phones, for any of the queues; a phone may be shared."""
    queues = draw(st.lists(st.sampled_from((*QUEUES, QueueId("c"))), min_size=1, unique=True))
    serves = st.lists(st.sampled_from(queues), unique=True).map(tuple)
    return SettingsLoaded(
        tuple(
            QueueSetting(
                queue, draw(st.sampled_from((9.0, 20.0))), draw(st.sampled_from((0.0, 10.0))), 1
            )
            for queue in queues
        ),
        tuple(
            AgentSetting(AgentId(name), draw(PLACES), draw(serves))
            for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
        ),
        draw(st.sampled_from(("test", "next"))),
    )


@st.composite
def one_thing_other(draw: st.DrawFn, centre: Centre) -> SettingsLoaded:
    """The settings as they are but for one agent or one queue."""
    agents = {name: a.setting for name, a in centre.agents.items() if not a.leaving}
    queues = {name: queue.setting for name, queue in centre.queues.items()}
    name = draw(AGENTS)
    match draw(st.sampled_from(("gone", "moved", "queue gone"))):
        case "gone":
            agents.pop(name, None)
        case "moved":
            agents[name] = AgentSetting(name, draw(PLACES), tuple(queues))
        case _ if len(queues) > 1:
            del queues[draw(st.sampled_from(list(queues)))]
        case _:
            queues = {QueueId("c"): QueueSetting(QueueId("c"), 20.0, 5.0, 1)}
    kept = (replace(a, queues=tuple(q for q in a.queues if q in queues)) for a in agents.values())
    return SettingsLoaded(tuple(queues.values()), tuple(kept), "next")


class SettingsMachine(CentreMachine):
    """The same house, whose settings file is edited all day."""

    @rule(what=other_settings())
    def change_settings(self, what: SettingsLoaded) -> None:
        talks = {name: offer.agent for name, offer in self.centre.offers.items()}
        waits = {name: (call.since, call.number) for name, call in self.centre.calls.items()}
        self.take(what)
        assert waits == {n: (c.since, c.number) for n, c in self.centre.calls.items()}
        assert all(
            talks.get(name, offer.agent) == offer.agent
            for name, offer in self.centre.offers.items()
        )

    @rule(data=st.data())
    def change_one_thing_in_a_talk(self, data: st.DataObject) -> None:
        """Wholly random settings seldom meet a talk at a phone that matters."""
        self.everybody_is_there_for_a_call(data.draw(st.sampled_from(QUEUES)))
        for offer in tuple(self.centre.offers):
            self.take(OfferAnswered(offer))
            if data.draw(st.booleans()):
                self.take(TalkStarted(offer))
        self.change_settings(data.draw(one_thing_other(self.centre)))
        if data.draw(st.booleans()):
            self.change_settings(data.draw(one_thing_other(self.centre)))
        for offer in tuple(self.centre.offers):
            end = data.draw(st.sampled_from((AgentLegEnded(offer), TalkStarted(offer))))
            self.take(end)
        self.enter_queue(data.draw(st.sampled_from(QUEUES)))


TestSettingsMachine = SettingsMachine.TestCase
TestSettingsMachine.settings = hypothesis_settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)

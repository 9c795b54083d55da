"""Which records of talks follow from the facts: for how long each call took an agent.

From when the phone was to ring until the agent could be offered the next call, or wanted none. A
talk that the switch took with it, and wrap-up of which no end is known, make none.
"""

from queues.centre.facts.agents import (
    AgentBecameReady,
    AgentForgotten,
    AgentPaused,
    AgentSignedOut,
    WrapUpEnded,
)
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import TalkBegan, TalkEnd, TalkEnded
from queues.centre.lives.agent import AgentState
from queues.record_rows import EndedTalk
from queues.reports.open import OpenOffer, OpenTalk, UnderWay


def follow_talks(
    open_: UnderWay, seq: int, fact: Fact, offer: OpenOffer | None
) -> EndedTalk | None:
    """Take one fact; give the record of a talk after which it let the agent go.

    `offer` is the one that it is about, as it was before.
    """
    match fact:
        case TalkBegan() if offer is not None:
            rang_s = fact.at - offer.made
            open_.talks[fact.agent] = OpenTalk(fact.agent, fact.call, fact.queue, rang_s)
        case TalkEnded() if fact.by is TalkEnd.SWITCH:
            open_.talks.pop(fact.agent, None)
        case TalkEnded() if (talk := open_.talks.get(fact.agent)) is not None:
            talk.ended, talk.talked_s = fact.at, fact.talked_s
            if fact.then is not AgentState.WRAP_UP:
                return _let_go(open_, seq, talk, fact.at)
        case AgentBecameReady() | AgentPaused() | AgentSignedOut() | AgentForgotten():
            return _after_wrap_up(open_, seq, fact.agent, fact.at)
        case WrapUpEnded():
            return _after_wrap_up(open_, seq, fact.agent, fact.at)
        case _:
            pass
    return None


def _after_wrap_up(open_: UnderWay, seq: int, agent: str, at: float) -> EndedTalk | None:
    talk = open_.talks.get(agent)
    return None if talk is None or talk.ended is None else _let_go(open_, seq, talk, at)


def _let_go(open_: UnderWay, seq: int, talk: OpenTalk, at: float) -> EndedTalk:
    del open_.talks[talk.agent]
    return EndedTalk(
        seq=seq,
        call=talk.call,
        queue=talk.queue,
        ended_at=at + open_.ahead_s,
        rang_s=talk.rang_s,
        talked_s=talk.talked_s,
        wrapped_up_s=at - (at if talk.ended is None else talk.ended),
    )

"""Unit: the whole table of state and event for both lives, written down by hand."""

import pytest

from queues.centre.lives.agent import AgentEvent, AgentState, agent_after, event_that_frees_to
from queues.centre.lives.call import CallEvent, CallState, call_after
from queues.centre.lives.illegal import IllegalTransition

AGENT = """
                  signed_out  ready       paused      ringing     talking     wrap_up
ready_asked       ready       -           ready       -           -           ready
pause_asked       -           paused      paused      -           -           paused
sign_out_asked    -           signed_out  signed_out  -           -           signed_out
offered           -           ringing     -           -           -           -
picked_up         -           -           -           talking     -           -
freed             -           -           -           ready       ready       -
freed_paused      -           -           -           paused      paused      -
freed_signed_out  -           -           -           signed_out  signed_out  -
wrap_up_began     -           -           -           -           wrap_up     -
wrap_up_ended     -           -           -           -           -           ready
"""
CALL = """
            waiting    offered    connecting talking   held      rejoining talk_over returned gone
offered     offered    -          -          -         -         -         -         -        -
offer_ended -          waiting    waiting    -         -         -         -         -        -
answered    -          connecting -          -         -         -         -         -        -
joined      -          -          talking    -         -         -         -         -        -
held        -          -          -          held      -         -         -         -        -
taken_back  -          -          -          -         rejoining -         -         -        -
resumed     -          -          -          -         talking   talking   -         -        -
consulted   connecting -          -          -         -         -         -         -        -
gave_offer  -          gone       gone       gone      -         -         -         -        -
talk_ended  -          -          -          talk_over talk_over talk_over -         -        -
transferred -          -          -          -         -         -         waiting   -        -
requeued    -          -          -          -         -         -         waiting   -        -
returned    returned   -          -          -         -         -         returned  -        -
ended       gone       -          -          -         -         -         gone      -        -
"""


def _cells(table: str) -> list[tuple[str, str, str]]:
    head, *rows = (line.split() for line in table.strip().splitlines())
    return [
        (state, row[0], after) for row in rows for state, after in zip(head, row[1:], strict=True)
    ]


def test_the_tables_name_every_state_and_every_event() -> None:
    assert len(_cells(AGENT)) == len(AgentState) * len(AgentEvent)
    assert len(_cells(CALL)) == len(CallState) * len(CallEvent)


@pytest.mark.parametrize(("state", "event", "after"), _cells(AGENT))
def test_an_agent_moves_as_the_table_says_and_no_other_way(
    state: str, event: str, after: str
) -> None:
    if after != "-":
        assert agent_after(AgentState(state), AgentEvent(event)) is AgentState(after)
        return
    with pytest.raises(IllegalTransition):
        agent_after(AgentState(state), AgentEvent(event))


@pytest.mark.parametrize(("state", "event", "after"), _cells(CALL))
def test_a_call_moves_as_the_table_says_and_no_other_way(
    state: str, event: str, after: str
) -> None:
    if after != "-":
        assert call_after(CallState(state), CallEvent(event)) is CallState(after)
        return
    with pytest.raises(IllegalTransition):
        call_after(CallState(state), CallEvent(event))


@pytest.mark.parametrize("state", [AgentState.RINGING, AgentState.TALKING])
def test_no_offer_and_no_talk_ends_in_another(state: AgentState) -> None:
    with pytest.raises(IllegalTransition):
        event_that_frees_to(state)

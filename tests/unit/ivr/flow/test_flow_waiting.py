"""Unit: what a waiting caller hears, and the way out that holds the place."""

from __future__ import annotations

import pytest

from ivr.dialogues.in_the_queue import in_the_queue
from ivr.dialplan import NodeId, load_plan
from ivr.flow.advance import advance
from ivr.flow.commands import EnterQueue, HangUp, LeaveQueue, Play, TellWait, WaitOn, WakeAt
from ivr.flow.events import (
    AgentJoined,
    CallerHungUp,
    CallResumed,
    CallReturned,
    KeyPressed,
    PromptEnded,
    Woke,
)
from ivr.flow.session import Phase, session_from_json, session_to_json
from queues.centre.commands import ReturnReason
from queues.ids import QueueId
from tests.unit.ivr.flow.flow_call import NOW, Call

PLAN = load_plan(
    """
language: en
start: human
human: human
defaults: {no_input: out, wrong_key: out, then: bye, refused: bye, when_silent: human}
prompts: {out: a, one: b, two: c, place: "You are number {n}.", bye: d,
  range: "Between {low} and {high} minutes.", other: e}
nodes:
  human:
    queue: service
    keys: {1: out}
    waiting: {first_s: 10, every_s: 45, say: [one, two], position: place, wait: range}
  out: {menu: out, keys: {2: human, 3: other, 4: bye}}
  other: {queue: billing, say: other}
  bye: {goodbye: bye}
""",
    file="waiting.yaml",
    queues=["service", "billing"],
)
OVERFLOW = load_plan(
    """
language: en
start: human
human: human
defaults: {then: bye, refused: other}
prompts: {bye: d}
nodes:
  human: {queue: service, keys: {1: other}, when_long: other}
  other: {queue: billing, refused: bye, when_full: human, when_long: human}
  bye: {goodbye: bye}
""",
    file="overflow.yaml",
    queues=["service", "billing"],
)
SERVICE, BILLING = QueueId("service"), QueueId("billing")


def waiting() -> Call:
    return Call(PLAN)


def at_the_way_out() -> Call:
    call = waiting()
    call.tell(KeyPressed("1"))
    call.ended()
    return call


def test_the_wait_is_told_at_its_time_and_music_follows_until_the_next() -> None:
    call = waiting()
    assert call.last[1:] == (EnterQueue(SERVICE), WakeAt(NOW + 10, 1))
    assert call.tell(Woke(1)) == (TellWait(("one",), "place", "range", 2, True),)
    assert call.tell(PromptEnded(2, cut=False)) == (WaitOn(), WakeAt(NOW + 45, 3))
    assert call.tell(Woke(2)) == ()  # an alarm of before
    assert call.tell(Woke(3)) == (TellWait(("two",), "place", "range", 4, True),)
    call.tell(PromptEnded(4, cut=False))
    assert call.tell(Woke(5)) == (TellWait(("one",), "place", "range", 6, True),)


def test_an_agent_ends_the_telling() -> None:
    call = waiting()
    call.tell(Woke(1))
    assert call.tell(AgentJoined()) == ()
    assert call.tell(PromptEnded(2, cut=True)) == ()
    assert call.session.phase is Phase.TALKING


def test_a_key_leads_to_the_way_out_and_the_place_is_held() -> None:
    call = waiting()
    assert call.tell(KeyPressed("7")) == ()
    assert call.tell(KeyPressed("1")) == (Play(("out",), 2, True),)
    assert (call.session.node, call.session.holds) == ("out", "human")
    call.ended()
    assert call.tell(KeyPressed("2")) == (WaitOn(), WakeAt(NOW + 10, 4))
    assert (call.session.phase, call.session.holds) == (Phase.WAITING, None)
    assert [entry.said for entry in call.session.card] == ["1", "2"]


def test_silence_at_the_way_out_leads_back_to_the_place() -> None:
    call = at_the_way_out()
    call.silence()
    call.ended()
    call.silence()  # as often as the menu is patient
    assert call.session.phase is Phase.WAITING
    assert WaitOn() in call.last


def test_another_queue_gets_the_time_waited_and_only_then_the_place_is_given_up() -> None:
    call = at_the_way_out()
    call.tell(KeyPressed("3"))
    assert call.session.holds == "human"  # its announcement is spoken
    assert call.ended() == (LeaveQueue(), EnterQueue(BILLING))


def test_an_agent_joins_at_the_way_out_and_what_follows_the_talk_is_the_queues() -> None:
    call = at_the_way_out()
    assert call.tell(AgentJoined()) == ()
    assert (call.session.phase, call.session.node, call.session.holds) == (
        Phase.TALKING,
        "human",
        None,
    )
    assert call.tell(CallReturned(ReturnReason.TALK_OVER)) == (Play(("bye",), 4, False),)


def test_a_queue_that_gives_the_place_up_leaves_the_caller_at_the_way_out() -> None:
    call = at_the_way_out()
    assert call.tell(CallReturned(ReturnReason.WAITED)) == ()
    assert call.session.phase is Phase.LISTENING
    call.tell(KeyPressed("2"))
    assert call.last[0] == EnterQueue(SERVICE)


def test_goodbye_at_the_way_out_gives_the_place_back_before_it_hangs_up() -> None:
    call = at_the_way_out()
    call.tell(KeyPressed("4"))
    assert call.ended() == (LeaveQueue(), HangUp())
    assert call.tell(CallerHungUp()) == ()


@pytest.mark.parametrize(
    "reason", [ReturnReason.WAITED, ReturnReason.FULL, ReturnReason.NOBODY, ReturnReason.FAILED]
)
def test_who_is_given_back_takes_the_time_waited_into_another_queue(reason: ReturnReason) -> None:
    session = Call(OVERFLOW).session
    _, commands = advance(OVERFLOW, session, CallReturned(reason, SERVICE), now=NOW + 600)
    assert commands == (EnterQueue(BILLING, waited_s=600),)


def test_a_full_queue_gives_the_caller_back_to_the_first_with_the_time_waited() -> None:
    session, _ = advance(OVERFLOW, Call(OVERFLOW).session, KeyPressed("1"), now=NOW + 300)
    back = CallReturned(ReturnReason.FULL, BILLING)
    _, commands = advance(OVERFLOW, session, back, now=NOW + 301)
    assert commands == (EnterQueue(SERVICE, waited_s=301),)


def test_a_place_lost_at_the_way_out_keeps_the_time_waited_for_another_queue() -> None:
    waited = CallReturned(ReturnReason.WAITED, SERVICE)
    lost, _ = advance(PLAN, at_the_way_out().session, waited, now=NOW + 600)
    to_billing, _ = advance(PLAN, lost, KeyPressed("3"), now=NOW + 605)
    spoken = PromptEnded(to_billing.token, cut=False)
    _, commands = advance(PLAN, to_billing, spoken, now=NOW + 610)
    assert commands == (EnterQueue(BILLING, waited_s=610),)
    _, commands = advance(PLAN, lost, KeyPressed("2"), now=NOW + 605)
    assert commands[0] == EnterQueue(SERVICE)  # or it would be given back at once


def test_two_queues_that_both_kept_a_caller_too_long_do_not_hand_the_call_to_and_fro() -> None:
    session = Call(OVERFLOW).session
    after, _ = advance(OVERFLOW, session, CallReturned(ReturnReason.WAITED), now=NOW + 600)
    _, commands = advance(OVERFLOW, after, CallReturned(ReturnReason.WAITED), now=NOW + 601)
    assert commands == (EnterQueue(SERVICE),)


def test_a_talk_ends_the_time_waited() -> None:
    call = Call(OVERFLOW)
    call.tell(AgentJoined())
    call.tell(CallReturned(ReturnReason.TALK_OVER, SERVICE))
    assert call.session.queued_at is None


def test_the_word_of_a_queue_that_was_left_for_another_is_stale() -> None:
    call = Call(OVERFLOW)
    assert call.tell(KeyPressed("1")) == (LeaveQueue(), EnterQueue(BILLING))
    assert call.tell(CallReturned(ReturnReason.WAITED, SERVICE)) == ()
    assert (call.session.node, call.session.phase) == (NodeId("other"), Phase.WAITING)
    assert call.tell(CallReturned(ReturnReason.FULL, BILLING)) == (EnterQueue(SERVICE),)
    assert call.tell(CallReturned(ReturnReason.REFUSED, SERVICE)) != ()


def test_after_a_restart_every_queues_word_counts() -> None:
    """The service may have been killed before the queue knew that it was left."""
    call = Call(OVERFLOW)
    call.tell(KeyPressed("1"))
    call.session = session_from_json(session_to_json(call.session))
    call.tell(CallResumed(waits=True, talks=False, listening=False))
    assert call.tell(CallReturned(ReturnReason.FULL, SERVICE)) == (EnterQueue(SERVICE),)


def test_after_a_restart_who_was_at_the_way_out_waits_at_the_place() -> None:
    call = at_the_way_out()
    kept = session_from_json(session_to_json(call.session))
    assert kept == call.session
    again = in_the_queue(kept, PLAN)
    assert again is not None
    call.session = again
    told = call.tell(CallResumed(waits=True, talks=False, listening=False))
    assert told == (WaitOn(), WakeAt(NOW + 45, call.session.token))
    assert (call.session.node, call.session.phase) == (NodeId("human"), Phase.WAITING)


@pytest.mark.parametrize("phase", ["waiting", "way out"])
def test_a_caller_who_hangs_up_is_done(phase: str) -> None:
    call = waiting() if phase == "waiting" else at_the_way_out()
    call.tell(CallerHungUp())
    assert call.session.phase is Phase.DONE

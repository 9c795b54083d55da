"""One call's dialogue by keys: what a caller experiences."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ivr.dialplan import NodeId, Plan, load_plan
from ivr.flow.advance import advance
from ivr.flow.commands import Answer, EnterQueue, HangUp, Play, WakeAt
from ivr.flow.events import AgentJoined, CallReturned, CallStarted, KeyPressed, PromptEnded, Woke
from ivr.flow.moves import MAX_TYPED, IllegalTransition
from ivr.flow.session import Phase, open_session, session_from_json, session_to_json
from queues.centre.commands import ReturnReason
from queues.ids import CallId, LineId, QueueId
from tests.unit.ivr.flow.flow_call import NOW, PLAN, Call, play


def test_a_call_is_answered_and_hears_the_first_node_and_then_the_menu() -> None:
    call = Call()
    assert call.last == (Answer(), *play("welcome", token=1))
    assert call.ended() == play("main", token=2)
    assert call.ended() == (WakeAt(NOW + 6, 3),)
    assert call.session.phase is Phase.LISTENING


def test_a_key_leads_on_while_the_menu_speaks_and_after_it() -> None:
    assert Call().at_main().key("4") == play("hours", token=3)
    assert Call().listening_at_main().key("4") == play("hours", token=4)


def test_the_menu_speaks_its_prompts_in_a_row_and_waits_as_long_as_it_says() -> None:
    call = Call().at_main()
    assert call.key("1") == play("hours", "more", token=3)
    assert call.ended() == (WakeAt(NOW + 3, 4),)


def test_a_wrong_key_is_answered_shortly_and_the_second_leads_to_a_human() -> None:
    call = Call().listening_at_main()
    assert call.key("7") == play("wrong", "main", token=4)
    assert call.key("#") == play("connecting", token=5, cut=False)
    assert call.ended() == (EnterQueue(QueueId("service")),)


def test_silence_is_answered_by_a_hint_and_the_second_leads_to_a_human() -> None:
    call = Call().listening_at_main()
    assert call.silence() == play("silence", "main", token=4)
    assert call.ended() == (WakeAt(NOW + 6, 5),)
    assert call.silence() == play("connecting", token=6, cut=False)


def test_a_caller_who_only_stays_silent_goes_where_the_menu_says() -> None:
    call = Call().silent_after_the_hours()
    assert call.silence()[0] == Play(("bye",), call.session.token, False)
    assert call.ended() == (HangUp(),)
    assert call.session.ended


def test_key_0_in_a_goodbye_leads_to_a_human_and_any_other_key_to_its_end() -> None:
    for keys, follows in (("0", Play), ("70", Play), ("7", HangUp), ("", HangUp)):
        call = Call().silent_after_the_hours()
        call.silence()
        for key in keys:
            assert call.tell(KeyPressed(key)) == ()
        (command,) = call.ended()
        assert isinstance(command, follows)
        assert not isinstance(command, Play) or command.prompts == ("connecting",)
        assert call.session.typed == ""


def test_silence_and_a_wrong_key_are_two_failed_turns_of_someone_who_needs_a_human() -> None:
    call = Call().silent_after_the_hours()
    assert call.key("8")[0] == Play(("connecting",), call.session.token, False)


def test_the_order_of_a_wrong_key_and_silence_makes_no_difference() -> None:
    call = Call().at_main()
    call.key("4")
    call.ended()
    call.key("8")
    call.ended()
    assert call.silence()[0] == Play(("connecting",), call.session.token, False)


def test_a_wrong_key_at_an_earlier_menu_is_forgotten() -> None:
    call = Call().listening_at_main()
    call.key("7")
    call.key("4")
    call.ended()
    call.ended()
    call.silence()
    call.ended()
    assert call.silence()[0] == Play(("bye",), call.session.token, False)


def test_keys_typed_behind_a_wrong_one_are_dropped_with_it() -> None:
    call = Call().at_main()
    call.tell(KeyPressed("7"))
    call.tell(KeyPressed("4"))
    assert call.ended(cut=True) == play("wrong", "main", token=3)
    assert call.ended() == (WakeAt(NOW + 6, 4),)


def test_a_caller_may_go_round_as_often_as_the_caller_likes() -> None:
    call = Call().listening_at_main()
    for _ in range(5 * len(PLAN.nodes)):
        call.key("1")
        assert call.key("9")[0] == Play(("main",), call.session.token, True)
    call.key("7")
    assert call.session.unattended == 0
    talked = Call().talking()
    talked.tell(CallReturned(ReturnReason.TALK_OVER))
    assert talked.session.unattended == 1


def test_keys_typed_ahead_may_open_more_menus_than_the_plan_has() -> None:
    text = """
{language: en, start: a, human: h, defaults: {no_input: a, wrong_key: a, then: b, refused: b},
prompts: {a: A}, nodes: {a: {menu: a, keys: {9: a}}, h: {queue: service}, b: {goodbye: a}}}"""
    plan = load_plan(text, file="small.yaml", queues=["service"])
    session, _ = advance(plan, open_session(CallId("c"), LineId("1"), plan), CallStarted(), now=NOW)
    for _ in range(MAX_TYPED):
        session, _ = advance(plan, session, KeyPressed("9"), now=NOW)
    session, commands = advance(plan, session, PromptEnded(session.token, True), now=NOW)
    assert commands == play("a", token=2)


def test_a_key_that_fits_begins_the_count_of_failed_turns_anew() -> None:
    call = Call().listening_at_main()
    call.key("7")
    call.key("1")
    assert call.key("7")[0] == Play(("wrong", "hours", "more"), call.session.token, True)


def test_a_key_in_an_announcement_cuts_it_and_is_kept_for_the_menu() -> None:
    call = Call()
    assert call.tell(KeyPressed("4")) == ()
    assert call.ended(cut=True) == play("hours", token=2)


def test_keys_typed_ahead_open_one_menu_after_the_other() -> None:
    call = Call()
    for key in "12":
        call.tell(KeyPressed(key))
    assert call.ended(cut=True) == play("hours", token=2)
    assert call.session.node == "hours"


def test_a_kept_key_that_does_not_fit_is_dropped_and_the_menu_speaks() -> None:
    call = Call()
    call.tell(KeyPressed("7"))
    assert call.ended(cut=True) == play("main", token=2)
    assert (call.session.failed, call.session.typed) == (0, "")


def test_no_more_keys_are_kept_than_anyone_types_with_a_purpose() -> None:
    call = Call()
    for _ in range(50):
        call.tell(KeyPressed("8"))
    assert len(call.session.typed) == MAX_TYPED


def test_what_is_no_key_is_no_key() -> None:
    call = Call()
    call.tell(KeyPressed("44"))
    call.tell(KeyPressed(""))
    assert call.session.typed == ""
    listening = Call().listening_at_main()
    before = listening.session
    assert (listening.tell(KeyPressed("A")), listening.session) == ((), before)


def test_the_announcement_before_the_queue_is_heard_and_keys_in_it_are_dropped() -> None:
    call = Call().at_main()
    assert call.key("0") == play("connecting", token=3, cut=False)
    call.tell(KeyPressed("1"))
    assert call.ended() == (EnterQueue(QueueId("service")),)
    assert call.session.typed == ""


def test_a_queue_without_announcement_is_entered_at_once() -> None:
    assert Call().at_main().key("5") == (EnterQueue(QueueId("service")),)


def test_after_the_talk_the_caller_is_asked_for_more() -> None:
    call = Call().talking()
    assert call.tell(CallReturned(ReturnReason.TALK_OVER)) == play("more", token=4)


def test_a_caller_whom_the_queue_refuses_is_told_and_let_go() -> None:
    call = Call().waiting()
    assert call.tell(CallReturned(ReturnReason.REFUSED)) == play("sorry", token=4, cut=False)
    assert call.ended() == (HangUp(),)


@pytest.mark.parametrize(
    ("reason", "node"),
    [
        (ReturnReason.FULL, "full"),
        (ReturnReason.NOBODY, "empty"),
        (ReturnReason.WAITED, "long"),
        (ReturnReason.CLOSED, "shut"),
        (ReturnReason.CLOSING, "shut"),
        (ReturnReason.REFUSED, "b"),
        (ReturnReason.FAILED, "b"),
    ],
)
def test_why_the_queue_keeps_no_caller_decides_what_follows(
    reason: ReturnReason, node: str
) -> None:
    text = """
{language: en, start: a, human: h, prompts: {a: A},
defaults: {no_input: a, wrong_key: a, then: b, refused: b, when_full: full},
nodes: {a: {menu: a, keys: {0: h}},
h: {queue: service, when_nobody: empty, when_long: long, when_closed: shut},
b: {goodbye: a}, shut: {goodbye: a}, full: {goodbye: a}, empty: {goodbye: a},
long: {goodbye: a}}}"""
    plan = load_plan(text, file="small.yaml", queues=["service"])
    session = replace(open_session(CallId("c"), LineId("1"), plan), phase=Phase.WAITING)
    waiting = replace(session, node=NodeId("h"))
    after, _ = advance(plan, waiting, CallReturned(reason), now=NOW)
    assert after.node == node


@pytest.mark.parametrize("reason", [ReturnReason.CLOSED, ReturnReason.CLOSING])
def test_a_caller_whom_a_closed_queue_sends_away_goes_where_refused_ones_go_unless_said(
    reason: ReturnReason,
) -> None:
    call = Call().waiting()
    assert call.tell(CallReturned(reason)) == play("sorry", token=4, cut=False)


def test_nothing_is_played_into_a_talk() -> None:
    call = Call().waiting()
    for late in (AgentJoined(), PromptEnded(3, cut=False), KeyPressed("1"), Woke(3), AgentJoined()):
        assert call.tell(late) == ()
    assert call.session.phase is Phase.TALKING


def test_an_old_token_changes_nothing() -> None:
    call = Call().listening_at_main()
    for stale in (Woke(2), PromptEnded(2, cut=True), PromptEnded(3, cut=False), Woke(99)):
        before = call.session
        assert (call.tell(stale), call.session) == ((), before)
    call.key("4")
    before = call.session
    assert (call.tell(Woke(3)), call.session) == ((), before)


def test_a_session_survives_being_stored_and_its_keys_stand_in_no_repr() -> None:
    call = Call()
    call.tell(KeyPressed("7"))
    stored = json.dumps(session_to_json(call.session))
    assert session_from_json(json.loads(stored)) == call.session
    assert "typed" not in repr(call.session)
    assert "7" not in repr(call.session).replace(PLAN.hash, "")
    assert "7" not in repr(KeyPressed("7"))


def test_a_session_never_runs_on_another_plan() -> None:
    session = replace(open_session(CallId("c1"), LineId("1"), PLAN), plan="0" * 64)
    with pytest.raises(IllegalTransition):
        advance(PLAN, session, CallStarted(), now=NOW)


def test_a_plan_that_goes_round_without_the_caller_ends_the_call() -> None:
    says = {NodeId("hours"): replace(PLAN.nodes[NodeId("hours")], goto=NodeId("hours"))}  # type: ignore[call-arg]
    endless: Plan = replace(PLAN, nodes={**PLAN.nodes, **says}, start=NodeId("hours"))
    session = open_session(CallId("c1"), LineId("1"), endless)
    session, commands = advance(endless, session, CallStarted(), now=NOW)
    for _ in range(len(PLAN.nodes)):
        session, commands = advance(endless, session, PromptEnded(session.token, False), now=NOW)
    assert commands == (HangUp(),)
    assert session.ended

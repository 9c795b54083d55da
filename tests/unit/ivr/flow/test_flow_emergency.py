"""One call's dialogue: by key or word straight to the emergency number, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.dialplan import Plan, load_plan
from ivr.dialplan.written import plan_from_text, plan_to_text
from ivr.flow.commands import CallEmergency, EnterQueue, LeaveQueue, Play
from ivr.flow.events import (
    AgentJoined,
    CallResumed,
    CallReturned,
    EmergencyOver,
    KeyPressed,
    Woke,
)
from ivr.flow.session import Phase, session_from_json, session_to_json
from queues.cards import By
from queues.centre.commands import ReturnReason
from tests.unit.ivr.flow.flow_call import EARS_TEXT, Call

TEXT = EARS_TEXT.replace("more: k}", "more: k, alarm: l, eight: m}").replace(
    "  bye: {goodbye: bye}\n",
    "  bye: {goodbye: bye}\n  alarm: {emergency: alarm, refused: human}\n",
) + (
    'emergency: alarm\nemergency_key: "8"\nemergency_words: [gas, fire]\nemergency_notice: eight\n'
)


def plan() -> Plan:
    return load_plan(TEXT, file="alarm.yaml", queues=["service"])


def connecting(call: Call) -> bool:
    """Whether the caller hears that the emergency number is called."""
    (command,) = call.last
    return isinstance(command, Play) and command.prompts == ("alarm",)


def calling() -> Call:
    """A caller who was sent to the emergency number."""
    call = Call(plan()).at_main()
    call.key("8")
    call.ended()
    return call


def test_every_menu_has_the_key_and_the_words() -> None:
    for end in ("key", "word"):
        for way in ("", "1"):
            call = Call(plan()).at_main()
            if way:
                call.key(way)
            call.key("8") if end == "key" else call.says("fire")
            assert connecting(call)
            assert call.ended() == (CallEmergency(),)
            assert call.session.phase is Phase.EMERGENCY
            assert call.session.card[-1].by is (By.KEY if end == "key" else By.VOICE)


def test_the_key_counts_in_a_greeting_an_announcement_and_a_goodbye() -> None:
    welcome = Call(plan())
    welcome.key("8")
    assert connecting(welcome)
    human = Call(plan()).at_main()
    human.key("0")
    human.tell_key_only("8")  # while it is said that a human follows
    human.ended()
    assert connecting(human)
    bye = Call(plan(), listening=False).silent_after_the_hours()
    bye.silence()
    assert bye.session.node == "bye"
    bye.tell_key_only("8")
    bye.ended()
    assert connecting(bye)


def test_a_word_counts_while_something_is_told() -> None:
    call = Call(plan()).told_the_hours()
    (told,) = call.last
    assert isinstance(told, Play)
    assert told.phrases == ("person", "help", "gas", "fire")
    call.says("gas")
    assert connecting(call)


def test_a_waiting_caller_lets_the_place_go_and_no_agent_is_joined() -> None:
    call = Call(plan()).waiting()
    call.tell(KeyPressed("8"))
    assert connecting(call)
    assert call.ended() == (LeaveQueue(), CallEmergency())
    for late in (AgentJoined(), CallReturned(ReturnReason.FAILED), KeyPressed("0"), Woke(1)):
        assert call.tell(late) == ()
        assert call.session.phase is Phase.EMERGENCY


def test_after_the_talk_the_call_goes_on_and_without_one_a_human_helps() -> None:
    helped = calling()
    helped.tell(EmergencyOver(reached=True))
    assert helped.session.node == "more"
    unhelped = calling()
    (announced,) = unhelped.tell(EmergencyOver(reached=False))
    assert isinstance(announced, Play)
    assert any(isinstance(each, EnterQueue) for each in unhelped.ended())


def test_the_time_waited_before_counts_if_nobody_was_reached() -> None:
    call = Call(plan()).waiting()
    call.session = replace(call.session, queued_at=call.session.queued_at - 60)
    call.tell(KeyPressed("8"))
    call.ended()
    call.tell(EmergencyOver(reached=False))
    (entered,) = (each for each in call.ended() if isinstance(each, EnterQueue))
    assert entered.waited_s == 60


def test_what_comes_late_is_stale() -> None:
    call = Call(plan()).at_main()
    assert call.tell(EmergencyOver(reached=True)) == ()
    ended = Call(plan())
    ended.session = replace(ended.session, phase=Phase.DONE)
    assert ended.tell(EmergencyOver(reached=True)) == ()


def test_after_a_restart_it_is_said_anew_or_a_human_helps() -> None:
    said = Call(plan()).at_main()
    said.key("8")
    said.tell(CallResumed(waits=False, talks=False, listening=False))
    assert connecting(said)
    there = calling()
    there.session = session_from_json(session_to_json(there.session))
    (announced,) = there.tell(CallResumed(waits=False, talks=False, listening=False))
    assert isinstance(announced, Play)
    assert there.session.node == "human"


def test_a_kept_plan_knows_its_emergency() -> None:
    kept = plan()
    read = plan_from_text(plan_to_text(kept), kept.hash, file="kept")
    assert (read.emergency, read.emergency_key) == ("alarm", "8")
    assert read.emergency_phrases == ("gas", "fire")
    assert read.nodes == kept.nodes


@pytest.mark.parametrize(
    ("old", "new"), [('emergency_key: "8"', 'emergency_key: "7"'), ("[gas, fire]", "[gas]")]
)
def test_the_hash_tells_what_leads_there(old: str, new: str) -> None:
    changed = load_plan(TEXT.replace(old, new), file="t.yaml", queues=["service"])
    assert changed.hash != plan().hash

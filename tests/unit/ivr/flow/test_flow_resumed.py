"""A dialogue that another service goes on with: the same node, nothing counted, nothing lost."""

from __future__ import annotations

import json

import pytest

from ivr.flow.commands import Answer, Ask, EnterQueue, HangUp, Play, WaitOn
from ivr.flow.events import CallerHungUp, CallResumed
from ivr.flow.session import Phase, open_session, session_from_json, session_to_json
from queues.ids import CallId, LineId, QueueId
from tests.unit.ivr.flow.flow_call import EARS, PLAN, Call


def resumed(
    call: Call, *, waits: bool = False, talks: bool = False, listening: bool = True
) -> Call:
    """The call, as a service reads it that was started anew."""
    call.session = session_from_json(json.loads(json.dumps(session_to_json(call.session))))
    call.tell(CallResumed(waits=waits, talks=talks, listening=listening))
    return call


def test_a_menu_speaks_again_and_failed_turns_stay_counted() -> None:
    call = Call().listening_at_main()
    call.key("7")
    node, failed = call.session.node, call.session.failed
    assert resumed(call).last == (Play(("main",), call.session.token, True),)
    assert (call.session.node, call.session.failed) == (node, failed)
    assert call.key("4") == (Play(("hours",), call.session.token, True),)


@pytest.mark.parametrize("listening", [True, False])
def test_a_menu_that_listened_listens_again_if_somebody_can(listening: bool) -> None:
    call = Call(EARS).at_main()
    assert call.session.phase is Phase.ASKING
    (command,) = resumed(call, listening=listening).last
    assert isinstance(command, Ask if listening else Play)
    assert command.prompts == (("main",) if listening else ("keys", "main"))


def test_keys_typed_into_a_prompt_are_used_when_it_has_been_spoken_again() -> None:
    call = Call()
    call.tell_key_only("4")
    assert resumed(call).last == (Play(("welcome",), call.session.token, True),)
    assert call.ended() == (Play(("hours",), call.session.token, True),)


def test_a_call_that_rang_is_answered() -> None:
    call = Call()
    call.session = open_session(CallId("c1"), LineId("100"), PLAN)
    assert resumed(call).last == (Answer(), Play(("welcome",), call.session.token, True))


def test_a_caller_whom_the_queue_knows_gets_music_and_keeps_the_place() -> None:
    assert resumed(Call().waiting(), waits=True).last == (WaitOn(),)


def test_a_caller_whom_the_queue_does_not_know_yet_is_handed_over_again() -> None:
    assert resumed(Call().waiting()).last == (EnterQueue(QueueId("service")),)


def test_a_talk_goes_on_untouched() -> None:
    call = resumed(Call().talking(), waits=True, talks=True)
    assert (call.last, call.session.phase) == ((), Phase.TALKING)


def test_a_talk_that_ended_meanwhile_is_followed_by_the_dialogue() -> None:
    assert resumed(Call().talking()).last == (Play(("more",), 4, True),)


def test_a_goodbye_is_spoken_again_and_a_call_that_was_done_is_hung_up() -> None:
    call = Call().waiting()
    call.session = open_session(CallId("c1"), LineId("100"), PLAN)
    call.tell(CallerHungUp())
    assert resumed(call).last == (HangUp(),)


def test_the_announcement_of_a_queue_is_spoken_again() -> None:
    call = Call().at_main()
    call.key("0")
    assert resumed(call).last == (Play(("connecting",), call.session.token, False),)

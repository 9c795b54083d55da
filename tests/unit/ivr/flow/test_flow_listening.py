"""One call's dialogue by voice: asked, understood or not, told when nobody listens."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ivr.dialplan import load_plan
from ivr.flow.advance import advance
from ivr.flow.commands import Answer, Ask, EnterQueue, HangUp, Play, WakeAt
from ivr.flow.events import CallReturned, Heard, KeyPressed
from ivr.flow.session import Phase, session_from_json, session_to_json
from queues.cards import By, CardEntry
from queues.centre.commands import ReturnReason
from queues.ids import QueueId
from tests.unit.ivr.flow.flow_call import EARS, EARS_TEXT, HUMAN, NOW, PLAN, Call, play

WITH_KEYS_NOTICE = load_plan(
    EARS_TEXT.replace("listening_notice: welcome", "listening_notice: notice\nkeys_notice: by_keys")
    .replace("{welcome: a,", "{hello: a, notice: l, by_keys: m,")
    .replace("{say: welcome,", "{say: [hello, notice],"),
    file="by_keys.yaml",
    queues=["service"],
)
MAIN = ("bills", "my bill", "opening hours", "queue", "person", "help")


def ask(*prompts: str, token: int, phrases: tuple[str, ...] = MAIN, wait_s: float = 5) -> Ask:
    return Ask(prompts, phrases, token, wait_s)


def at_main(*, listening: bool | None = None) -> Call:
    return Call(EARS, listening=listening).at_main()


def test_a_menu_with_words_speaks_and_listens_at_once() -> None:
    call = Call(EARS)
    assert call.last == (Answer(), *play("welcome", token=1))
    assert call.ended() == (ask("main", token=2),)
    assert (call.session.phase, call.session.wake_at) == (Phase.ASKING, None)


def test_an_understood_phrase_leads_on() -> None:
    assert at_main().says("opening hours") == play("hours", token=3, phrases=HUMAN)
    sub = ask("hours", "more", token=3, phrases=("back", "person", "help"), wait_s=3)
    assert at_main().says("my bill") == (sub,)


def test_a_word_for_a_human_leads_to_one_from_every_menu() -> None:
    call = at_main()
    call.says("bills")
    assert call.says("help") == play("connecting", token=4, cut=False)
    assert call.ended() == (EnterQueue(QueueId("service")),)


def test_a_word_may_lead_into_a_queue_that_announces_nothing() -> None:
    assert at_main().says("queue") == (EnterQueue(QueueId("service")),)


def test_a_key_wins_and_what_is_heard_after_it_is_stale() -> None:
    call = at_main()
    old = call.session.token
    assert call.tell(KeyPressed("4")) == play("hours", token=3, phrases=HUMAN)
    assert call.tell(Heard(old, "help")) == ()
    assert call.ended() == (ask("more", token=4, phrases=("yes", "no", "person", "help")),)


def test_keys_in_quick_succession_open_one_menu_after_the_other() -> None:
    call = at_main()
    call.tell(KeyPressed("1"))
    assert call.tell(KeyPressed("2")) == play("hours", token=4, phrases=HUMAN)


@pytest.mark.parametrize("second", ["silence", "mumble", "wrong key"])
@pytest.mark.parametrize("first", ["silence", "mumble", "wrong key"])
def test_two_failed_turns_in_any_mix_lead_to_a_human(first: str, second: str) -> None:
    call = at_main()
    fail = {
        "silence": call.says_nothing,
        "mumble": call.mumbles,
        "wrong key": lambda: call.tell(KeyPressed("7")),
    }
    hint = {"silence": "silence", "mumble": "what", "wrong key": "wrong"}[first]
    assert fail[first]() == (ask(hint, "main", token=3),)
    assert fail[second]() == play("connecting", token=4, cut=False)


def test_only_a_caller_who_was_never_heard_goes_where_the_silent_go() -> None:
    for mumbles, leads_to in ((False, "bye"), (True, "connecting")):
        call = at_main()
        call.says("opening hours")
        call.ended()
        call.says_nothing()
        assert (call.mumbles if mumbles else call.says_nothing)() == play(
            leads_to, token=6, cut=False
        )


def test_nobody_hears_three_times_that_nothing_was_understood() -> None:
    call = at_main()
    call.mumbles()
    call.says("bills")
    assert call.mumbles()[0] == ask("what", "hours", "more", token=5,
                                    phrases=("back", "person", "help"), wait_s=3)  # fmt: skip
    assert call.mumbles() == play("connecting", token=6, cut=False)
    again = at_main()
    again.mumbles()
    again.says("bills")
    again.mumbles()
    again.says("back")
    assert again.mumbles() == play("connecting", token=7, cut=False)


def test_a_phrase_the_menu_never_asked_for_was_not_understood() -> None:
    assert at_main().says("abracadabra") == (ask("what", "main", token=3),)


def test_when_listening_fails_the_caller_is_told_and_the_menu_goes_on_by_keys() -> None:
    call = at_main()
    assert call.ears_fail() == play("keys", "main", token=3)
    assert call.ended() == (WakeAt(NOW + 5, 4),)
    assert not call.session.listening


def test_the_failure_of_listening_is_no_failed_turn() -> None:
    call = at_main()
    call.ears_fail()
    call.ended()
    assert call.silence() == play("silence", "main", token=5)
    failed_before = at_main()
    failed_before.mumbles()
    failed_before.ears_fail()
    failed_before.ended()
    assert failed_before.silence() == play("connecting", token=6, cut=False)


def test_a_caller_whom_nobody_could_listen_to_is_listened_to_again_at_the_next_menu() -> None:
    call = at_main()
    call.ears_fail()
    sub = ask("hours", "more", token=4, phrases=("back", "person", "help"), wait_s=3)
    assert call.key("1") == (sub,)


def test_who_is_deaf_again_and_again_hears_once_in_a_call_that_keys_must_do() -> None:
    call = at_main()
    call.ears_fail()
    call.key("1")
    assert call.ears_fail() == play("hours", "more", token=5)
    call.key("9")
    assert call.ears_fail() == play("main", token=7)


def test_who_cannot_be_listened_to_is_not_told_that_a_machine_listens() -> None:
    call = Call(EARS, listening=False)
    assert call.last == (Answer(), *play("keys", "main", token=1))
    by_keys = Call(WITH_KEYS_NOTICE, listening=False)
    assert by_keys.last == (Answer(), *play("hello", "by_keys", token=1))
    assert by_keys.ended() == play("main", token=2)


def test_who_could_not_be_listened_to_from_the_first_on_goes_on_by_keys_alone() -> None:
    call = Call(WITH_KEYS_NOTICE, listening=False)
    call.ended()
    assert call.key("1") == play("hours", "more", token=3)
    assert not call.session.listening
    assert not call.session.told_listening


def test_who_cut_the_notice_hears_it_before_anybody_listens() -> None:
    call = Call(WITH_KEYS_NOTICE)
    assert call.last == (Answer(), *play("hello", "notice", token=1))
    assert call.key("3") == play("notice", token=2)
    assert not call.session.told_listening
    assert call.key("4") == play("hours", token=3)
    assert call.ended() == play("notice", token=4)
    assert call.ended() == (ask("more", token=5, phrases=("yes", "no", "person", "help")),)
    assert call.session.told_listening


def test_who_cut_the_notice_of_a_menu_with_no_key_of_a_telephone_goes_on_by_keys() -> None:
    call = Call(WITH_KEYS_NOTICE)
    call.key("3")
    assert call.ended(cut=True) == play("keys", "main", token=3)
    assert not call.session.told_listening


def test_a_word_for_a_human_leads_to_one_while_something_is_said() -> None:
    call = at_main()
    call.says("opening hours")
    assert call.says("person") == play("connecting", token=4, cut=False)
    assert [entry.said for entry in call.session.card] == ["opening hours", "person"]


def test_a_word_that_is_none_for_a_human_only_lets_the_dialogue_go_on() -> None:
    call = at_main()
    call.says("opening hours")
    more = ask("more", token=4, phrases=("yes", "no", "person", "help"))
    assert call.says("bills") == (more,)


def test_one_who_never_stops_talking_is_told_to_use_keys_and_then_gets_a_human() -> None:
    call = at_main()
    assert call.talks_on() == play("keys", "main", token=3)
    assert call.ended() == (WakeAt(NOW + 5, 4),)
    assert call.silence() == play("connecting", token=5, cut=False)


def test_a_plan_without_words_is_never_listened_to_and_speaks_of_it_to_nobody() -> None:
    call = Call(PLAN, listening=True)
    assert call.ended() == play("main", token=2)
    assert not call.session.listening


def test_a_caller_back_from_a_talk_is_listened_to_again() -> None:
    call = Call(EARS).talking()
    (command,) = call.tell(CallReturned(ReturnReason.TALK_OVER))
    assert isinstance(command, Ask)
    assert call.says("no") == (Play(("bye",), call.session.token, False),)
    assert call.ended() == (HangUp(),)


def test_after_a_talk_it_is_tried_again_to_listen() -> None:
    call = at_main()
    call.ears_fail()
    call.key("5")
    more = ask("more", token=4, phrases=("yes", "no", "person", "help"))
    assert call.tell(CallReturned(ReturnReason.TALK_OVER)) == (more,)


def test_endless_noise_where_no_queue_takes_the_caller_ends_the_call() -> None:
    call = at_main()
    for _ in range(5 * len(EARS.nodes)):
        if call.session.phase is Phase.WAITING:
            call.tell(CallReturned(ReturnReason.REFUSED))
        elif call.session.phase is Phase.SPEAKING:
            call.ended()
        else:
            call.mumbles()
    assert call.session.ended


def test_a_session_that_listens_survives_being_stored() -> None:
    call = at_main()
    call.mumbles()
    stored = json.loads(json.dumps(session_to_json(call.session)))
    assert session_from_json(stored) == call.session
    assert (stored["listening"], stored["misheard"], stored["answered"]) == (True, 1, True)


def test_each_answer_stands_on_the_card_with_its_own_time() -> None:
    call = at_main()
    first = replace(call.session, card=(CardEntry("old", By.KEY, "1", "main"),))  # of no known time
    heard, _ = advance(EARS, first, Heard(first.token, "bills"), now=NOW + 7)
    keyed, _ = advance(EARS, heard, KeyPressed("9"), now=NOW + 9)
    assert [(entry.node, entry.at) for entry in keyed.card] == [
        ("old", None),
        ("main", NOW + 7),
        ("sub", NOW + 9),
    ]
    assert session_from_json(json.loads(json.dumps(session_to_json(keyed)))) == keyed


def test_a_session_of_an_older_release_is_read_though_its_answers_have_no_time() -> None:
    call = at_main()
    call.says("bills")
    stored = session_to_json(call.session)
    stored["card"] = [entry[:4] for entry in stored["card"]]
    (entry,) = session_from_json(stored).card
    assert entry == replace(call.session.card[0], at=None)


def test_what_a_caller_said_stands_in_no_repr() -> None:
    assert repr(Heard(3, "sentinel")) == "Heard(token=3)"

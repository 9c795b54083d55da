"""What a real Asterisk said, and what anybody could say, read into our events."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panoramisk.message import Message

from ivr.asterisk import wire
from ivr.asterisk import wire_events as e
from ivr.phone_number import PhoneNumber

CORPUS = Path(__file__).parents[3] / "corpus" / "ami"


def recorded(name: str) -> list[Message]:
    text = (CORPUS / name).read_bytes().replace(b"\r\n", b"\n").decode()
    found = (Message.from_line(part.replace("\n", "\r\n")) for part in text.split("\n\n"))
    return [message for message in found if message is not None]


def events(name: str) -> list[object]:
    """All events of a recording that are ours."""
    read = (wire.translate(m) for m in recorded(name) if wire.is_event(m))
    return [event for event in read if event is not None]


def headers(**values: object) -> dict[str, object]:
    return dict(values)


def test_no_recorded_message_is_unreadable() -> None:
    for path in CORPUS.glob("*.txt"):
        assert recorded(path.name)
        assert not [ev for ev in events(path.name) if isinstance(ev, wire.Unreadable)]


def test_a_busy_phone_rings_ends_with_its_sip_code_and_the_dial_is_named_by_its_id() -> None:
    told = events("dials-that-are-busy-and-answered.txt")
    dialled = e.ChannelId("p1-1")
    assert e.RingingSeen(dialled) in told
    assert e.ChannelEnded(dialled, 17, "486") in told
    assert e.OriginateDone("p1-1", dialled, False, 0) in told
    assert told.index(e.RingingSeen(dialled)) < told.index(e.ChannelEnded(dialled, 17, "486"))


def test_an_answered_phone_comes_to_agi_presses_a_key_and_hangs_up() -> None:
    told = events("dials-that-are-busy-and-answered.txt")
    channel = e.ChannelId("p1-2")
    name = e.ChannelName("PJSIP/stub-00000001")
    assert e.ChannelInAgi(channel, "stub", "new", "agi", PhoneNumber("030999"), name) in told
    assert e.KeyReleased(channel, "5") in told
    assert e.OriginateDone("p1-2", channel, True, 4) in told
    assert e.ChannelLeftAgi(channel) in told
    assert e.ChannelEnded(channel, 16, None) in told


def test_a_phone_that_goes_and_comes_is_seen_by_contact_and_by_device() -> None:
    told = events("dials-that-are-busy-and-answered.txt")
    contacts = [ev for ev in told if isinstance(ev, e.ContactChanged)]
    assert contacts == [e.ContactChanged("stub", reachable) for reachable in (False, True, False)]
    states = [ev.state for ev in told if isinstance(ev, e.DeviceChanged)]
    assert states[:3] == [e.DeviceState.NOT_INUSE, e.DeviceState.RINGING, e.DeviceState.NOT_INUSE]
    assert states[-1] == e.DeviceState.UNAVAILABLE


def test_every_kind_of_agi_answer_is_read() -> None:
    answers = {
        ev.command_id: ev.answer
        for ev in events("agi-answers.txt")
        if isinstance(ev, e.AgiAnswered)
    }
    assert answers["c1"].code == 510
    assert not answers["c1"].ok
    assert answers["c2"].code == 520
    assert answers["c3"].number == 1
    assert answers["c4"] == e.AgiAnswer(200, "1", "Jürgen (1) x", None)
    assert answers["c5"].number == 0
    assert answers["c6"] == e.AgiAnswer(200, "0", None, None)  # Gosub, two lines
    assert answers["c7"].number == -2
    assert answers["c10"].timed_out
    assert answers["c10"].number is None
    assert answers["c11"] == e.AgiAnswer(200, "0", None, 4000)
    assert answers["c11"].key is None
    assert answers["c17"].number == -1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200 result=49 endpos=1234", e.AgiAnswer(200, "49", None, 1234)),
        ("200 result=-1", e.AgiAnswer(200, "-1", None, None)),
        ("200 result= (timeout)", e.AgiAnswer(200, "", "timeout", None)),
        ("200 result=12 (timeout)", e.AgiAnswer(200, "12", "timeout", None)),
        ("200 result=1 (a\n200 result=5)", e.AgiAnswer(200, "1", "a\n200 result=5", None)),
        ("510 Invalid or unknown command", e.AgiAnswer(510, "", None, None)),
        ("511 Command Not Permitted on a dead channel", e.AgiAnswer(511, "", None, None)),
        ("", None),
        ("HANGUP", None),
        ("100 result=0 Trying...", None),
    ],
)
def test_an_agi_answer_is_read(text: str, expected: e.AgiAnswer | None) -> None:
    assert wire.answer(text) == expected


def test_the_key_that_cut_a_prompt_is_named() -> None:
    assert e.AgiAnswer(200, "49").key == "1"
    assert e.AgiAnswer(200, "35").key == "#"
    assert e.AgiAnswer(200, "-1").key is None


def test_a_living_channel_is_listed_with_what_it_does() -> None:
    listed = [wire.listed(m) for m in recorded("login-lists-bridge-and-refusals.txt")]
    channels = [entry for entry in listed if isinstance(entry, e.ChannelListed)]
    waiting = next(entry for entry in channels if entry.channel == "o1")
    assert waiting.in_agi
    assert waiting.up
    assert waiting.duration_s == 1.0
    assert waiting.endpoint is None
    assert (waiting.context, waiting.exten, waiting.caller_number) == ("tests", "agi", "0301234567")
    bridged = next(entry for entry in channels if entry.bridge)
    assert not bridged.in_agi
    devices = [m for m in recorded("login-lists-bridge-and-refusals.txt") if "Device" in m]
    assert wire.listed(devices[0]) == e.DeviceListed("caller1", e.DeviceState.UNAVAILABLE)


def test_the_switchs_own_queue_is_listed_with_phones_and_waiting_callers() -> None:
    listed = [wire.listed(m) for m in recorded("own-queue-and-missed-calls.txt")]
    waits = e.ChannelId("freizeichen-1795653782.0")
    assert [m for m in listed if isinstance(m, e.QueueMemberListed)] == [
        e.QueueMemberListed("desk1")  # and not the Local channel of somebody else
    ]
    assert [m for m in listed if isinstance(m, e.QueueCallerListed)] == [e.QueueCallerListed(waits)]


def test_what_the_dialplan_kept_of_missed_calls_is_listed() -> None:
    listed = [wire.listed(m) for m in recorded("own-queue-and-missed-calls.txt")]
    assert [m for m in listed if isinstance(m, e.MissedCallListed)] == [
        e.MissedCallListed(
            e.ChannelId("freizeichen-1795651894.5"), "100", 1795651894.0, "+4930999"
        ),
        e.MissedCallListed(e.ChannelId("freizeichen-1795651895.7"), "200", 1795651895.0, None),
    ]
    assert "4930999" not in repr(listed)


@pytest.mark.parametrize(
    ("kept", "number"),
    [
        ("+49|100|1", "+49"),
        ("++|100|1", None),
        ("1+2|100|1", None),
        (f"{'4' * 33}|100|1", None),
        ("٣|100|1", None),
        ("49|100", "unreadable"),
        ("49|100|x", "unreadable"),
        ("49|100|1|2", "unreadable"),
        ("49|100|1|served", "unreadable"),  # where no number is needed none is kept
    ],
)
def test_only_a_number_is_read_as_one(kept: str, number: str | None) -> None:
    read = wire.listed(headers(Event="DBGetTreeResponse", Key="/fz-missed/c-1", Val=kept))
    if number == "unreadable":
        assert read == wire.Unreadable("DBGetTreeResponse")
    else:
        assert read == e.MissedCallListed(e.ChannelId("c-1"), "100", 1.0, number)


def test_a_caller_whom_an_agent_answered_is_noted_without_a_number() -> None:
    noted = headers(Event="DBGetTreeResponse", Key="/fz-missed/c-1", Val="|100|17|served")
    assert wire.listed(noted) == e.ServedCallListed(e.ChannelId("c-1"), 17.0)


def test_the_refusals_of_a_real_asterisk_are_told_apart() -> None:
    sentences = [
        wire.message(m)
        for m in recorded("login-lists-bridge-and-refusals.txt")
        if not wire.is_event(m) and wire.is_refusal(m)
    ]
    assert sentences
    assert all(wire.says_no_such_channel(s) for s in sentences if "hannel" in s)
    assert wire.says_not_in_agi("Failed to add AGI command to channel x queue")
    assert wire.says_login_in_use("Login Already In Use")
    assert not wire.says_login_in_use("Authentication failed")
    assert wire.says_shutting_down("Asterisk is shutting down")
    assert not wire.says_shutting_down("Authentication failed")


def test_numbers_and_keys_do_not_show_in_a_repr() -> None:
    told = events("dials-that-are-busy-and-answered.txt")
    assert "030999" not in repr(told)
    assert "'5'" not in repr(e.KeyReleased(e.ChannelId("c"), "5"))
    assert "1234" not in repr(e.AgiAnswer(200, "1234", "1234"))


def test_a_line_break_in_a_name_forges_neither_the_reason_nor_the_line() -> None:
    env = "agi_calleridname: x\nagi_arg_1: agent\nagi_arg_2: 1\nagi_arg_1: new\nagi_arg_2: 100\n\n"
    told = wire.translate(
        headers(Event="AsyncAGIStart", Uniqueid="1.1", Channel="PJSIP/t-1", Env=quote(env))
    )
    name = e.ChannelName("PJSIP/t-1")
    assert told == e.ChannelInAgi(e.ChannelId("1.1"), "t", "new", "100", None, name)


def test_a_header_that_comes_twice_makes_the_event_unreadable_instead_of_believed() -> None:
    twice = headers(Event="Hangup", Uniqueid=["1.1", "2.2"], Cause="16")
    assert wire.translate(twice) == wire.Unreadable("Hangup")


@pytest.mark.parametrize(
    "broken",
    [
        headers(Event="Hangup"),
        headers(Event="Hangup", Uniqueid=""),
        headers(Event="Hangup", Uniqueid="1", Cause="x"),
        headers(Event="DTMFEnd", Uniqueid="1", Direction="Received", Digit="55"),
        headers(Event="AsyncAGIExec", Uniqueid="1", CommandId="c", Result="nonsense"),
        headers(Event="DeviceStateChange", Device="PJSIP/x", State="DANCING"),
        headers(Event="FullyBooted", Uptime="-1"),
    ],
)
def test_a_malformed_event_is_unreadable_and_raises_nothing(broken: dict[str, object]) -> None:
    assert isinstance(wire.translate(broken), wire.Unreadable)


@pytest.mark.parametrize(
    "foreign",
    [
        headers(Event="Newexten", Uniqueid="1"),
        headers(Event="DTMFEnd", Uniqueid="1", Direction="Sent", Digit="5"),
        headers(Event="DialState", DestUniqueid="1", DialStatus="PROGRESS"),
        headers(Event="DeviceStateChange", Device="Local/x@y", State="INUSE"),
        headers(Event="OriginateResponse", Response="Success", Reason="4", Uniqueid="1"),
        headers(Event="ContactStatus", ContactStatus="Unknown", EndpointName="x"),
        headers(Response="Success"),
        headers(Event=["Hangup", "Hangup"]),
        headers(),
    ],
)
def test_what_is_not_for_us_is_nothing(foreign: dict[str, object]) -> None:
    assert wire.translate(foreign) is None


_NAMES = st.sampled_from(sorted([*wire._EVENTS, *wire._ENTRIES, "Other"]))
_KEYS = st.sampled_from(
    """Uniqueid Channel Env Result CommandId Cause Digit Direction ActionID Response Reason Device
    State Duration Uptime CallerIDNum ContactStatus EndpointName BridgeUniqueid DialStatus
    DestUniqueid""".split()  # noqa: SIM905  (twenty names read better without their quotes)
)
_VALUES = st.one_of(st.text(max_size=30), st.lists(st.text(max_size=5), min_size=2, max_size=3))


@settings(deadline=None)  # other work shares the cores
@given(_NAMES, st.dictionaries(_KEYS, _VALUES))
def test_no_headers_whatever_make_reading_fail(name: str, values: dict[str, object]) -> None:
    wire.translate({"Event": name, **values})
    wire.listed({"Event": name, **values})
    wire.response(values, "1")
    wire.is_refusal(values)
    wire.ends_list(values)


@settings(deadline=None)  # other work shares the cores
@given(st.text())
def test_no_text_whatever_makes_an_agi_answer_fail(text: str) -> None:
    found = wire.answer(text)
    if found is not None:
        assert found.key is None or len(found.key) == 1
        assert found.number is None or isinstance(found.number, int)

"""What the bench of recovery sees is judged as it says; what it sends is SIP."""

from __future__ import annotations

import pytest

from ivr.bench.plain_message import authorization, read_message, response, sound_description
from ivr.bench.recovery_judging import (
    Listed,
    Rung,
    begun_anew,
    displaced,
    left_without_talk,
    listed,
    longest_gap,
    rung_twice,
)
from ivr.bench.recovery_kills import Killed, Outcome, rows_of
from ivr.bench.recovery_ringing import rows_of as ringing_rows_of
from queues.centre.facts.calls import CallClosed
from queues.centre.facts.fact import Fact
from queues.centre.facts.offers import OfferMade, TalkBegan
from queues.centre.inputs.calls import EndCause
from queues.ids import AgentId, CallId, OfferId, PlaceId, QueueId

QUEUE = QueueId("service")
NEVER_LATE = Killed(1.8, 0, 0, 0.03, 102)


def calls(*waiting: tuple[str, int]) -> list[Listed]:
    return [Listed(call, f"12:00:{since:02}", "waiting") for call, since in waiting]


def offer(number: int, agent: str, call: str, at: float) -> OfferMade:
    return OfferMade(
        at=at,
        offer=OfferId(f"x-{number}"),
        number=number,
        call=CallId(call),
        agent=AgentId(agent),
        place=PlaceId(f"p-{agent}"),
        queue=QUEUE,
        ring_timeout_s=15.0,
        deadline=at + 17,
        policy="longest-wait/1",
        waited_s=1.0,
        idle_s=1.0,
        runner_up=None,
        candidates=1,
    )


def test_calls_that_came_and_went_displace_nobody() -> None:
    before = calls(("a", 1), ("b", 2), ("c", 3))
    after = calls(("b", 2), ("c", 3), ("d", 4))
    assert displaced(before, after) == 0


@pytest.mark.parametrize(
    ("after", "number"),
    [
        (calls(("a", 1), ("b", 9), ("c", 3)), 1),
        (calls(("b", 2), ("a", 1), ("c", 3)), 1),
        (calls(("a", 9), ("b", 9), ("c", 9)), 3),
    ],
    ids=["waits anew", "overtaken", "all wait anew"],
)
def test_a_call_with_another_time_or_place_is_counted(after: list[Listed], number: int) -> None:
    assert displaced(calls(("a", 1), ("b", 2), ("c", 3)), after) == number


def test_a_caller_in_a_menu_with_fewer_answers_than_before_has_begun_anew() -> None:
    before = {"a": 2, "b": 1, "gone": 3}
    assert begun_anew(before, {"a": 2, "b": 2, "new": 0}) == 0
    assert begun_anew(before, {"a": 0, "b": 0}) == 2


def test_a_second_ring_for_the_same_call_is_one_too_many() -> None:
    facts = [offer(1, "anna", "a", 10.0), offer(2, "anna", "b", 20.0)]
    once_each = [Rung("anna", 10.01), Rung("anna", 20.01)]
    assert rung_twice(once_each, facts) == 0
    assert rung_twice([*once_each, Rung("anna", 21.0)], facts) == 1


def test_a_second_offer_of_the_same_call_counts_once_the_phone_rings_for_it() -> None:
    facts = [offer(1, "anna", "a", 10.0), offer(2, "anna", "a", 20.0)]
    assert rung_twice([Rung("anna", 20.01)], facts) == 0
    assert rung_twice([Rung("anna", 10.01), Rung("anna", 20.01)], facts) == 1


def test_another_agent_may_be_rung_for_the_call_and_a_ring_without_offer_counts() -> None:
    facts = [offer(1, "anna", "a", 10.0), offer(2, "bert", "a", 20.0)]
    assert rung_twice([Rung("anna", 10.01), Rung("bert", 20.01)], facts) == 0
    assert rung_twice([Rung("bert", 10.01)], facts) == 1
    assert rung_twice([Rung("anna", 9.99)], facts) == 0  # two clocks, read apart


def test_who_left_the_queue_and_had_not_talked_is_counted() -> None:
    talked = TalkBegan(1.0, OfferId("x-1"), CallId("a"), AgentId("anna"), PlaceId("p"), QUEUE, 1.0)
    ended: list[Fact] = [
        CallClosed(2.0, CallId(call), QUEUE, EndCause.HUNG_UP, 2.0) for call in ("a", "b")
    ]
    assert left_without_talk([talked, *ended]) == 1


def test_a_gap_at_either_end_is_a_gap() -> None:
    assert longest_gap([1.0, 1.1], 0.9, 1.2) == pytest.approx(0.1)
    assert longest_gap([1.0, 1.1], 0.9, 3.1) == pytest.approx(2.0)
    assert longest_gap([], 1.0, 3.0) == pytest.approx(2.0)


def test_a_table_without_losses_holds_and_any_loss_breaks_it() -> None:
    good = Outcome((NEVER_LATE,) * 3, 150, dropped=0, left=0, refused=0, rung=30, rung_twice=0)
    assert all(row.holds for row in rows_of(good))
    for bad in (
        Outcome((NEVER_LATE,), 150, dropped=1, left=0, refused=0, rung=30, rung_twice=0),
        Outcome((NEVER_LATE,), 150, dropped=0, left=1, refused=0, rung=30, rung_twice=0),
        Outcome((NEVER_LATE,), 150, dropped=0, left=0, refused=1, rung=30, rung_twice=0),
        Outcome((NEVER_LATE,), 150, dropped=0, left=0, refused=0, rung=30, rung_twice=1),
        Outcome((NEVER_LATE, NEVER_LATE, Killed(5.1, 0, 0, 0.03, 102)), 150, 0, 0, 0, 30, 0),
        Outcome((NEVER_LATE, NEVER_LATE, Killed(1.8, 1, 0, 0.03, 102)), 150, 0, 0, 0, 30, 0),
        Outcome((NEVER_LATE, NEVER_LATE, Killed(1.8, 0, 1, 0.03, 102)), 150, 0, 0, 0, 30, 0),
        Outcome((NEVER_LATE, NEVER_LATE, Killed(1.8, 0, 0, 0.03, 99)), 150, 0, 0, 0, 30, 0),
    ):
        assert not all(row.holds for row in rows_of(bad))


def test_readiness_to_ring_holds_only_beside_a_queue_that_rang() -> None:
    ours = [[8.0, 9.0, 10.0]] * 5
    assert all(row.holds for row in ringing_rows_of(ours, [[600.0, 700.0, 800.0]] * 5))
    assert not any(row.holds for row in ringing_rows_of(ours, []))
    assert not all(row.holds for row in ringing_rows_of(ours, [[5.0, 5.0, 5.0]] * 5))
    late = [[8.0] * 18 + [90.0] * 2] * 5
    assert not all(row.holds for row in ringing_rows_of(late, [[600.0, 700.0]] * 5))


INVITE = (
    b"INVITE sip:p-anna@127.0.0.1:5 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:4;branch=z9hG4bK1\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:3;branch=z9hG4bK0\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\n"
    b"i: abc\r\nCSeq: 7 INVITE\r\nm: <sip:asterisk@127.0.0.1:4>\r\n\r\n"
)


def test_a_plain_phone_reads_a_message_and_answers_it_in_its_dialog() -> None:
    invite = read_message(INVITE + sound_description("127.0.0.1", 4002).encode())
    assert invite is not None
    assert (invite.method, invite.status, invite.call_id) == ("INVITE", 0, "abc")
    assert (invite.contact, invite.rtp_port) == ("sip:asterisk@127.0.0.1:4", 4002)
    answered = response(invite, "200 OK", "us", contact="sip:p-anna@127.0.0.1:5", body="v=0\r\n")
    again = read_message(answered)
    assert again is not None
    assert (again.method, again.status) == ("INVITE", 200)
    assert again.headers["via"] == invite.headers["via"]
    assert again.first("to").endswith(";tag=us")
    assert again.body == "v=0\r\n"
    assert read_message(b"\0\1\2") is None
    assert "abc" not in repr(invite)


def test_a_plain_phone_proves_who_it_is_by_digest() -> None:
    challenge = read_message(
        b"SIP/2.0 401 Unauthorized\r\nCall-ID: abc\r\nCSeq: 7 REGISTER\r\n"
        b'WWW-Authenticate: Digest realm="asterisk",nonce="n",algorithm=MD5\r\n\r\n'
    )
    assert challenge is not None
    # RFC 2617: MD5(MD5(name:realm:password):nonce:MD5(method:uri))
    proof = authorization(challenge, "REGISTER", "sip:127.0.0.1:5", "anna", "secret")
    assert 'response="' in proof
    assert "secret" not in proof
    assert authorization(challenge, "REGISTER", "sip:127.0.0.1:5", "anna", "other") != proof


def test_who_is_in_a_dialogue_has_no_place_in_the_order() -> None:
    in_menu = {"id": "m", "since": "2026-01-01T08:00:00Z", "state": "listening", "queue": None}
    waits = {"id": "w", "since": "2026-01-01T08:00:01Z", "state": "waiting", "queue": "service"}
    assert [each.call for each in listed([in_menu, waits])] == ["w"]

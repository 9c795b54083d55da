"""Real Asterisk as the customer of a provider, which is a second one: both ways over the trunk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from ivr.asterisk.turned_away import TurnedAway, why_turned_away
from ivr.asterisk.wire_events import ChannelEnded
from queues.centre.inputs.calls import QueueEntered
from tests.ami.running import until
from tests.asterisk.provider import (
    TLS,
    UDP,
    WITHIN_S,
    House,
    Provider,
    console_says,
    customer,
    running_provider,
)
from tests.asterisk.sipp import sipp
from tests.folders import open_folder
from tests.journeys.strangers import TrunkLine

OTHER = "+4930555200"  # the line that calls for no line do not come to
FROM = "+4930123456"
pytestmark = pytest.mark.asyncio(loop_scope="module")
_fixture = pytest_asyncio.fixture(scope="module", loop_scope="module")


@_fixture
async def provider() -> AsyncIterator[Provider]:
    with open_folder() as folder:
        async with running_provider(folder) as running:
            yield running


@_fixture
async def house(provider: Provider) -> AsyncIterator[House]:
    """Known by its registration, called by the To header; two calls from one number at most."""
    trunk = {
        "host": "127.0.0.1",
        "port": provider.switch.sip_port,
        "kind": "registration",
        "user": UDP,
        "number": "+4930555200",
        "other_numbers_to": "100",
        "most_calls_each_number": 2,
        "most_calls": 4,
    }
    emergency = {"number": "+4930999000"}
    async with customer(provider.folder / "by-name", trunk, emergency=emergency) as running:
        await provider.registered(UDP)
        yield running


@_fixture
async def neighbour(provider: Provider) -> AsyncIterator[House]:
    """Known by its address, called by the request URI, by a provider that leaves out the plus."""
    trunk = {
        "host": "127.0.0.1",
        "port": provider.switch.sip_port,
        "number_form": "bare",
        "caller_number_in": "from",
    }
    async with customer(provider.folder / "by-address", trunk) as running:
        yield running


def by_tls(provider: Provider, authority: str) -> dict[str, object]:
    """A registration over TLS; sound is encrypted, or there is none."""
    return {
        "host": "127.0.0.1",  # a name would be asked of the DNS
        "port": provider.tls_port,
        "kind": "registration",
        "user": TLS,
        "transport": "tls",
        "srtp": True,
        "other_numbers_to": "100",
        "ca_file": provider.folder / authority,
    }


@_fixture
async def secured(provider: Provider) -> AsyncIterator[House]:
    async with customer(provider.folder / "by-tls", by_tls(provider, "ca.pem")) as running:
        await provider.registered(TLS)
        yield running


async def test_nobody_registers_with_a_provider_whom_nobody_certified(provider: Provider) -> None:
    async with customer(provider.folder / "fooled", by_tls(provider, "other.pem")) as house:
        await console_says(house.switch, "pjsip show registrations", lambda t: "Rejected" in t)
        assert TLS not in await provider.switch.console("pjsip show contacts")


async def test_a_registration_by_password_is_told_as_such(house: House) -> None:
    await console_says(house.switch, "pjsip show registrations", lambda text: "Registered" in text)


@pytest.mark.parametrize(
    ("endpoint", "number", "presentation", "known"),
    [
        ("pai", "+4930123456", "allowed", "+4930123456"),
        ("from", "+4930123456", "allowed", "+4930123456"),
        ("from", "030123456", "allowed", "030123456"),
        ("pai", "+4930123456", "prohib", None),  # the number, with Privacy: id
        ("from", "+4930123456", "prohib", None),  # From: anonymous
        ("from", "anna.x", "allowed", None),
    ],
)
async def test_a_callers_number_is_known_unless_it_is_withheld(
    house: House, provider: Provider, endpoint: str, number: str, presentation: str, known: str
) -> None:
    before = len(house.service.numbers)
    async with provider.calling(endpoint, number=number, presentation=presentation):
        call, line = await house.service.next_caller(before)
        assert house.service.numbers[call] == known
        assert line == "100"
    await house.is_empty()


@pytest.mark.parametrize("endpoint", ["from", "info"])  # RFC 4733, and INFO
async def test_keys_reach_a_menu(house: House, provider: Provider, endpoint: str) -> None:
    before = len(house.service.numbers)
    async with provider.calling(endpoint, act="k15"):
        call, _ = await house.service.next_caller(before)
        await until(lambda: len(house.service.card(call)) == 2, within_s=WITHIN_S)
        assert [entry.said for entry in house.service.card(call)] == ["1", "5"]
    await house.is_empty()


def turned_away(house: House) -> list[TurnedAway]:
    """Why calls were refused so far, as this house was told; the provider may hear of it sooner."""
    ends = [e for e in house.service.seen if isinstance(e, ChannelEnded)]
    return [why for why in map(why_turned_away, ends) if why is not None]


async def test_calls_from_one_number_and_over_the_whole_trunk_are_limited(
    house: House, provider: Provider
) -> None:
    before = len(house.service.numbers)
    async with AsyncExitStack() as stack:
        for number in ("+4930123456", "+4930123456", "+4930123457"):
            await stack.enter_async_context(provider.calling("from", number=number))
        await house.service.next_caller(before + 2)
        assert await provider.refusal("from", number="+4930123456") == "486"
        await stack.enter_async_context(provider.calling("from", number="+4930123458"))
        await house.service.next_caller(before + 3)
        assert await provider.refusal("from", number="+4930123459") == "486"
        await until(lambda: len(turned_away(house)) == 2, within_s=WITHIN_S)
        assert turned_away(house) == [TurnedAway.SOURCE_LIMIT, TurnedAway.TRUNK_LIMIT]
    await house.is_empty()


@pytest.mark.parametrize(
    ("to", "extra", "line", "number"),
    [
        ("<sip:030555200@127.0.0.1>", "Privacy: none", OTHER, FROM),
        # The name beside the address is the caller's to write, or the provider's.
        ('"4930555100@x" <sip:+4930555200@127.0.0.1;user=phone>', "Privacy: id", OTHER, None),
        ('"Help: <sip:030555100@x>" <sip:030555200@127.0.0.1:5060>', "Privacy: none", OTHER, FROM),
        ("<tel:+4930555200>", "Privacy: none", OTHER, FROM),
        (
            "<sip:$%7BSHELL(id)%7D,1&2@127.0.0.1>",  # no number: the line for other numbers
            'P-Asserted-Identity: "${EXTEN}" <sip:4930%24%7BSHELL(id)%7D%7C1@127.0.0.1>',
            "100",
            None,
        ),
    ],
)
async def test_who_is_called_stands_in_to_and_hostile_text_is_no_number(
    house: House, provider: Provider, to: str, extra: str, line: str, number: str | None
) -> None:
    before = len(house.service.numbers)
    contact = await provider.contact(UDP)
    caller = '"${SHELL(id)}" <sip:+4930123456@127.0.0.1>'
    texts = {"contact": contact, "to": to, "extra": extra, "from": caller}
    await sipp("to_header", house.switch.sip_port, provider.folder, **texts)
    call, reached = await house.service.next_caller(before)
    assert (reached, house.service.numbers[call]) == (line, number)
    await house.is_empty()


async def test_who_is_not_the_provider_is_refused(house: House) -> None:
    with TrunkLine(house.switch.sip_port) as stranger:
        await asyncio.to_thread(
            stranger.send,
            "INVITE",
            UDP,
            [
                "From: <sip:+4930123456@127.0.0.1>;tag=1",
                "To: <sip:+4930555100@127.0.0.1>",
                "Call-ID: stranger",
                "CSeq: 1 INVITE",
                "Contact: <sip:+4930123456@127.0.0.1>",
            ],
        )
        status, _ = await asyncio.to_thread(stranger.answer, "INVITE")
    assert status == 401


async def test_a_call_to_112_shows_our_number_and_is_heard_before_it_is_answered(
    house: House, provider: Provider
) -> None:
    desk = house.switch.place("desk1")
    await sipp("early_media", house.switch.sip_port, provider.folder, desk, called="112")
    assert await provider.shown("112") == "+4930555200"
    await house.is_empty()


@pytest.mark.parametrize("nobody", [False, True])
async def test_an_emergency_reaches_the_standing_number_or_a_human(
    house: House, provider: Provider, nobody: bool
) -> None:
    await provider.hotline(open_=not nobody)
    before = len(house.service.numbers)
    async with provider.calling("from", act="k8"):
        call, _ = await house.service.next_caller(before)
        assert await provider.shown("+4930999000") == "+4930555200"
        if nobody:
            await until(
                lambda: any(e.call == call for e in house.service.inputs_of(QueueEntered)),
                within_s=WITHIN_S,
            )
        else:
            await console_says(
                house.switch, "core show channels", lambda text: text.count("Up ") >= 2
            )
    await house.is_empty()


@pytest.mark.parametrize(
    ("called", "line"),
    [
        ("4930555100", "100"),
        ("+4930555100", "100"),
        ("004930555100", "100"),
        ("030555200", "+4930555200"),
    ],
)
async def test_a_called_number_is_a_line_however_it_is_spelled(
    neighbour: House, provider: Provider, called: str, line: str
) -> None:
    before = len(neighbour.service.numbers)
    to = f"/sip:{called}@127.0.0.1:{neighbour.switch.sip_port}"
    async with provider.calling("from", number="4930123456", to=to):
        call, reached = await neighbour.service.next_caller(before)
        assert reached == line
        assert neighbour.service.numbers[call] == "+4930123456"
    await neighbour.is_empty()


async def test_a_house_may_take_the_number_in_from_alone(
    neighbour: House, provider: Provider
) -> None:
    before = len(neighbour.service.numbers)
    to = f"/sip:4930555100@127.0.0.1:{neighbour.switch.sip_port}"
    async with provider.calling("pai", to=to):  # which has another number in From
        call, _ = await neighbour.service.next_caller(before)
        assert neighbour.service.numbers[call] == "0309999999"
    await neighbour.is_empty()


async def test_behind_a_router_the_provider_is_told_the_address_outside(provider: Provider) -> None:
    trunk = {
        "host": "127.0.0.2",
        "external_address": "203.0.113.7",
        "local_nets": ["127.0.0.1/32"],
        "keep_alive_s": 0,
    }
    async with customer(provider.folder / "routed", trunk) as routed:
        with TrunkLine(routed.switch.sip_port, host="127.0.0.2") as line:
            answer = await asyncio.to_thread(_answer_to_an_offer, line)
    assert "c=IN IP4 203.0.113.7" in answer
    assert f"Contact: <sip:203.0.113.7:{routed.switch.sip_port}" in answer


def _answer_to_an_offer(line: TrunkLine) -> str:
    """The whole 200 to a call with sound."""
    lines = [
        "From: <sip:+4930123456@127.0.0.1>;tag=1",
        "To: <sip:+4930555100@127.0.0.1>",
        "Call-ID: offer",
        "CSeq: 1 INVITE",
        "Contact: <sip:+4930123456@127.0.0.1>",
        "Content-Type: application/sdp",
    ]
    offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    line.send("INVITE", "+4930555100", lines, offer + "m=audio 40000 RTP/AVP 8\r\n")
    return line.response(200)


async def test_a_number_that_is_none_of_ours_is_no_number(
    neighbour: House, provider: Provider
) -> None:
    to = f"/sip:4930555999@127.0.0.1:{neighbour.switch.sip_port}"
    assert await provider.refusal("from", to=to) == "404"


async def test_sound_and_signalling_are_encrypted_or_there_is_no_call(
    secured: House, provider: Provider
) -> None:
    assert "transport=tls" in (await provider.contact(TLS)).lower()
    before = len(secured.service.numbers)
    async with provider.calling("srtp", act="k2"):
        call, _ = await secured.service.next_caller(before)
        await until(lambda: len(secured.service.card(call)) == 1, within_s=WITHIN_S)
    assert await provider.refusal("plain") == "488"
    await secured.is_empty()

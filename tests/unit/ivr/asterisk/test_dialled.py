"""Unit: which line a called number is, and how numbers and addresses are written for a provider."""

from __future__ import annotations

import pytest

from ivr.asterisk.dialled import (
    as_the_provider_spells,
    called_lines,
    client_uri,
    dial_uri,
    proxy_uri,
    registrar_uri,
    shown_number,
)
from ivr.phone_number import spellings
from ivr.settings.trunk import Trunk
from tests.switch import test_settings as place_settings


def line(number: str, *public: str) -> dict[str, object]:
    return {
        "number": number,
        "name": "A",
        "language": "de",
        "dialplan": "de/main.yaml",
        "public": public,
    }


@pytest.mark.parametrize(
    ("number", "region", "found"),
    [
        ("+4930123456", "DE", ("+4930123456", "004930123456", "4930123456", "030123456")),
        ("+4930123456", "KR", ("+4930123456", "004930123456", "4930123456")),
        ("+8221234567", "KR", ("+8221234567", "008221234567", "8221234567", "021234567")),
        ("+999123456", "DE", ("+999123456", "00999123456", "999123456")),
    ],
)
def test_a_number_is_dialled_in_these_ways(
    number: str, region: str, found: tuple[str, ...]
) -> None:
    assert spellings(number, region) == found


def test_every_spelling_of_a_public_number_is_its_line_and_what_is_written_wins() -> None:
    lines = [line("100", "+4930123456"), line("+4930999"), line("030123456")]
    called = called_lines(place_settings(lines=lines))
    assert called["100"] == called["4930123456"] == called["+4930123456"] == "100"
    assert called["0049 30999".replace(" ", "")] == called["030999"] == "+4930999"
    assert called["030123456"] == "030123456"


def test_the_shown_number_is_one_of_ours_as_the_provider_spells_it() -> None:
    lines = [line("100"), line("200", "+4930123456", "+4930123457")]
    for trunk, shown in (
        ({"host": "a"}, "+4930123456"),
        ({"host": "a", "number": "+4930123457", "number_form": "zeros"}, "004930123457"),
        ({"host": "a", "number_form": "bare"}, "4930123456"),
    ):
        assert shown_number(place_settings(lines=lines, trunk=trunk)) == shown
    assert shown_number(place_settings(lines=lines)) is None
    assert shown_number(place_settings(trunk={"host": "a"})) is None


def test_addresses_name_the_provider_the_domain_and_what_lies_between() -> None:
    plain = Trunk(host="sip.example.org")
    assert dial_uri(plain, "112") == "sip:112@sip.example.org:5060"
    assert registrar_uri(plain) == "sip:sip.example.org:5060"
    assert proxy_uri(plain) is None
    tls = Trunk(host="edge.example.org", transport="tls", domain="example.org", user="u1")
    assert dial_uri(tls, "112") == "sip:112@example.org\\;transport=tls"
    assert registrar_uri(tls) == "sip:example.org\\;transport=tls"
    assert client_uri(tls) == "sip:u1@example.org"
    assert proxy_uri(tls) == "sip:edge.example.org:5061\\;transport=tls\\;lr"
    named = Trunk(host="a", user="u1@b.example", outbound_proxy="p:5070")
    assert client_uri(named) == "sip:u1@b.example"
    assert proxy_uri(named) == "sip:p:5070\\;lr"


def test_a_number_is_spelled_as_the_provider_wants_it() -> None:
    forms = {"plus": "+4930123", "zeros": "004930123", "bare": "4930123"}
    for form, spelled in forms.items():
        trunk = Trunk.model_validate({"host": "a", "number_form": form})
        assert as_the_provider_spells(trunk, "+4930123") == spelled

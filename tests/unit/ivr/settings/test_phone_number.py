"""What a caller's number is to us. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.phone_number import KnownAs, PhoneNumber, known_region


def known(text: str, region: str = "DE") -> tuple[str, str] | None:
    found = PhoneNumber(text).known_as(region)
    return None if found is None else (found.kind, found.value)


@pytest.mark.parametrize(
    ("text", "region", "e164"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("0301234567", "DE", "+49301234567"),
        ("+49 30 1234567", "DE", "+49301234567"),
        ("0049301234567", "DE", "+49301234567"),
        ("(030) 123\u201145\u201367", "DE", "+49301234567"),
        ("+49 (0)30 1234567", "DE", "+49301234567"),
        ("٠٣٠ 1234567", "DE", "+49301234567"),
        ("+82 2-312-3456", "DE", "+8223123456"),
        ("02-312-3456", "KR", "+8223123456"),
        ("(212) 555-2368", "US", "+12125552368"),
        ("1 212 555 2368", "US", "+12125552368"),
        ("06 6989 1111", "IT", "+390669891111"),
        ("912 34 56 78", "ES", "+34912345678"),
    ],
)
def test_a_valid_number_is_known_by_its_e164_form(text: str, region: str, e164: str) -> None:
    assert known(text, region) == ("phone", e164)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("100", ("phone", "100")),
        ("1 00", ("phone", "100")),
        ("112", ("phone", "112")),
        ("30123", ("phone", "30123")),  # an extension, though +49 30123 could be in Berlin
        ("301234567", ("phone", "301234567")),
        ("49301234567", ("phone", "49301234567")),  # its country or an area code: nobody knows
        ("+999123", ("phone", "+999123")),
        ("9" * 500, ("phone", "9" * 500)),
        ("*31#", ("user", "*31#")),
        ("Anna 7", ("user", "anna7")),
        ("+49301234567;ext=5", ("user", "+49301234567;ext=5")),
        ("0800-FLOWERS", ("user", "0800-flowers")),
    ],
)
def test_what_is_no_valid_number_is_a_literal_of_its_own(
    text: str, literal: tuple[str, str]
) -> None:
    assert known(text) == literal


@pytest.mark.parametrize(
    "text", ["", "  ", "+", "-", "\x00", "\ud800", "Anonymous", "<unknown>", "restricted"]
)
def test_what_names_nobody_is_no_contact_that_two_callers_share(text: str) -> None:
    assert PhoneNumber(text).known_as("DE") is None


def test_what_a_number_was_kept_under_formerly_is_told_and_only_for_its_own_country() -> None:
    assert PhoneNumber("+49 30 1234567").known_as("DE") == KnownAs(
        "phone", "+49301234567", ("0049301234567", "0301234567")
    )
    # 020 7946 0018 is a number of London, and dialled in Germany somebody else's.
    abroad = PhoneNumber("+442079460018").known_as("DE")
    assert abroad is not None
    assert abroad.former == ("00442079460018",)


@given(st.text(st.characters(exclude_categories=())), st.sampled_from(["DE", "KR", "US"]))
def test_hostile_text_neither_raises_nor_comes_out_unwritable(text: str, region: str) -> None:
    found = PhoneNumber(text).known_as(region)
    if found is not None:
        found.value.encode()
        assert found.value.strip()
        assert found.value.isprintable()


@given(st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True))
def test_what_a_number_is_known_as_is_known_as_itself(digits: str) -> None:
    found = PhoneNumber(digits).known_as("DE")
    assert found is not None
    again = PhoneNumber(found.value).known_as("DE")
    assert again is not None
    assert (again.kind, again.value) == (found.kind, found.value)


def test_it_shows_its_last_two_digits_and_no_more() -> None:
    number = PhoneNumber("0301234567")
    assert repr(number) == "PhoneNumber(…67)"
    assert repr(number.known_as("DE")) == "KnownAs(kind='phone')"


def test_a_region_is_two_letters_of_a_country() -> None:
    assert known_region("kr") == "KR"
    for text in ("", "D", "Germany", "XX", "49"):
        with pytest.raises(ValueError, match="two letters"):
            known_region(text)

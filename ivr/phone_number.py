"""What a caller's number is to us: E.164 where it is a valid number, else a literal of its own.

Rules:

1. One number is one contact, however it is spelled: `+49 30 1234567`, `0049301234567` and, in
   Germany, `030 1234567`.
2. A number without the prefix that the region's numbers are dialled with is no number of the phone
   network: `30123` is an extension of the house, also where Berlin has such numbers.
3. What is no valid number stays as it is, without what only spells it; a SIP user's name too.
4. What names nobody (withheld, without a letter or digit) is no contact that another call shares.
5. Whatever a switch tells is hostile text: nothing here raises.

It stands in an error, a log or a picture of memory by its last two digits.
"""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import phonenumbers
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumberFormat

REGION: Final = "DE"
_SHOWN: Final = 2
_LONGEST: Final = 32  # digits; the longest number has 15, and prefixes
_SPELLS: Final = frozenset("()./-")  # and every space
_WITHHELD: Final = frozenset(
    ("anonymous", "private", "restricted", "unavailable", "unknown", "withheld")
)
_PREFIXED: Final = (
    CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN,
    CountryCodeSource.FROM_NUMBER_WITH_IDD,
)


@dataclass(frozen=True, slots=True)
class KnownAs:
    """Under what a caller is looked up in the vault, and under what that was kept formerly."""

    kind: str
    value: str = field(repr=False)
    former: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A caller's number as the switch tells it; `digits` may begin with a plus."""

    digits: str

    def __repr__(self) -> str:
        return f"PhoneNumber(…{self.digits[-_SHOWN:]})"

    __str__ = __repr__

    def known_as(self, region: str = REGION) -> KnownAs | None:
        """The one spelling for this number, dialled in `region`; None when it names nobody."""
        text = _tidy(self.digits)
        if text.strip("<>") in _WITHHELD or not any(map(str.isalnum, text)):
            return None
        plain = "".join(letter for letter in text if letter not in _SPELLS)
        digits = plain.removeprefix("+")
        if not (digits.isascii() and digits.isdecimal()):
            return KnownAs("user", text)
        number = _valid(plain, digits, region) if len(digits) <= _LONGEST else None
        if number is None:
            return KnownAs("phone", plain)
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        former = [plain, f"00{e164[1:]}"]
        if number.country_code == phonenumbers.country_code_for_region(region):
            former.append(_national(number))
        return KnownAs("phone", e164, tuple(dict.fromkeys(f for f in former if f != e164)))


def spellings(number: str, region: str = REGION) -> tuple[str, ...]:
    """How a number with plus and country may be dialled from `region`; first as it is."""
    digits = number.removeprefix("+")
    found = [number, f"00{digits}", digits]
    with suppress(NumberParseException):
        parsed = phonenumbers.parse(number, None)
        if parsed.country_code == phonenumbers.country_code_for_region(region):
            prefix = phonenumbers.ndd_prefix_for_region(region, True) or ""
            found.append(prefix + phonenumbers.national_significant_number(parsed))
    return tuple(found)


def known_region(text: str) -> str:
    """The region with this code of two letters; raises ValueError."""
    region = text.upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("expected a country by two letters (ISO 3166), such as DE or KR")
    return region


def _tidy(text: str) -> str:
    """Small letters and plain digits, without spaces and what cannot be seen or written."""
    found = []
    for letter in unicodedata.normalize("NFKC", text).casefold():
        digit = unicodedata.decimal(letter, None)
        if digit is not None:
            found.append(str(digit))
        elif (category := unicodedata.category(letter)) == "Pd":
            found.append("-")
        elif category[0] not in "CZ":
            found.append(letter)
    return "".join(found)


def _valid(plain: str, digits: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(plain, region, keep_raw_input=True)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    prefix = phonenumbers.ndd_prefix_for_region(region, True) or ""
    dialled = _national(number), prefix + phonenumbers.national_significant_number(number)
    return number if number.country_code_source in _PREFIXED or digits in dialled else None


def _national(number: phonenumbers.PhoneNumber) -> str:
    """As it is dialled within its own country."""
    text = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return "".join(filter(str.isdecimal, text))

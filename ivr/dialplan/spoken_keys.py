"""By which word a caller says a key that a prompt names: "for a bill, two".

Only languages whose models tell the words apart. Korean is none of them: of 56 of its words for
keys by two voices (일번 or 하나, 이번 or 둘, ...) its model heard 15 rightly, took 10 for
another key, and beside them it heard 6 of 22 words of the menu, of which it hears 22 without them.
"""

from __future__ import annotations

from typing import Final

_SPOKEN: Final = {
    "de": ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
}


def spoken_key(language: str, key: str) -> str | None:
    """The word for a key, in the form of a phrase; None for a sign or a language without words."""
    words = _SPOKEN.get(language)
    return words[int(key)] if words is not None and key.isdecimal() else None

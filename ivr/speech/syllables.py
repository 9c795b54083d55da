"""Which short words of a language, in any row, stand for "something else was said"."""

from __future__ import annotations

_HANGUL, _VOWELS, _ENDINGS = 0xAC00, 21, 28
_KOREAN_CONSONANTS = (0, 2, 3, 5, 6, 7, 9, 11, 12, 14, 15, 16, 17, 18)  # none of them doubled
_KOREAN_VOWELS = (0, 5, 8, 13, 18, 20)  # a e o u eu i

_SHORT_WORDS = {
    "de": "ab am an auf aus bei da das der die du ein er es fast gab gar geh gut hat her hin hof "
    "ich ihm im in ist ja kam kann komm lag laut los man mir mit muss nah neu nie nur ob oft ort "
    "rad rot rund sah sie so tag tat tief tun uhr um und uns vor wag was weg wer wie wir wo zu",
    "en": "a add ah all am an are as at ate be big book boy bus but buy by car cut day did do dog "
    "each ear egg eye far few for fun get go good had he her him his hot how i if in is it job key "
    "law let low man may me my new now of off oh old on or our out own put red run saw say see she "
    "sit so sun the they to too top two up us was way we who why you",
}


def syllables(language: str) -> tuple[str, ...]:
    """Short words that cover the sounds of a language; empty where none were chosen."""
    if language == "ko":
        return tuple(
            chr(_HANGUL + (consonant * _VOWELS + vowel) * _ENDINGS)
            for consonant in _KOREAN_CONSONANTS
            for vowel in _KOREAN_VOWELS
        )
    return tuple(_SHORT_WORDS.get(language, "").split())

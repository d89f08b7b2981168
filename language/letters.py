"""The letters of the Vietnamese alphabet, so that fonts and models can be asked whether they have them all."""

import unicodedata

_VOWELS = "aăâeêioôơuưy"
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")

VIETNAMESE_LETTERS = (
    "".join(
        letter
        for vowel in _VOWELS
        for tone in _TONES
        for letter in (
            unicodedata.normalize("NFC", vowel + tone),
            unicodedata.normalize("NFC", vowel + tone).upper(),
        )
    )
    + "đĐ"
)
"""Every vowel in every tone and đ, both cases: 146 letters (TCVN 6909:2001)."""

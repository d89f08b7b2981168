"""Spellings that mean the same syllable become one search key: tone placement (hoà, hòa) and i or y (kỹ, kĩ).

Source: both spellings stand side by side in official papers; the 1980 spelling rules (Quyết định 240/QĐ of the Ministry
of Education, 1984) write i where the older practice writes y, and neither side ever won.
"""

import re
import unicodedata
from functools import lru_cache

from language.fold import fold

_TONES = {"\u0300": "`", "\u0309": "?", "\u0303": "~", "\u0301": "´", "\u0323": "."}
TONE_SIGNS = "".join(_TONES.values())
"""What stands for a tone at the end of a toned key; no token contains any of these."""

_LETTERS: dict[str, tuple[str, str]] = {
    unicodedata.normalize("NFC", base + mark): (base, sign)
    for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for mark, sign in _TONES.items()
}
_UNTONED = str.maketrans({toned: base for toned, (base, _) in _LETTERS.items()})
_TONE_OF = {toned: sign for toned, (_, sign) in _LETTERS.items()}
_FORGET = str.maketrans("", "", TONE_SIGNS)
_Y_AFTER = frozenset({"b", "c", "d", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x"})
_Y_AFTER_TWO = frozenset({"qu", "th", "ph", "kh", "nh", "ch", "tr"})


def _i_for_y(plain: str) -> str:
    """Write a final y as i where the two are the same sound: after a lone consonant and after qu (kỹ, lý, quý)."""
    # both letters count without their marks, so that the folded key of a word is that of the folded word (ÑY, Kÿ)
    if fold(plain[-1:]) == "y" and (
        (len(plain) == 2 and fold(plain[0]) in _Y_AFTER)
        or (len(plain) == 3 and fold(plain[:2]) in _Y_AFTER_TWO)
    ):
        return plain[:-1] + "i"
    return plain


_PLACED = {
    unicodedata.normalize("NFC", a + b + mark): unicodedata.normalize("NFC", a + mark + b)
    for a, b in ("oa", "oe", "uy", "Oa", "Oe", "Uy", "OA", "OE", "UY")
    for mark in _TONES
}
_AT_THE_END = re.compile(rf"(?<![qQ])(?:{'|'.join(_PLACED)})(?![^\W\d_])")


def one_placement(text: str) -> str:
    """Return canonical `text` with the tone of oa, oe and uy at a syllable's end where official papers print it.

    >>> one_placement("Uỷ ban xã Hoà Bình, quý, hoàn")
    'Ủy ban xã Hòa Bình, quý, hoàn'
    """
    return _AT_THE_END.sub(lambda met: _PLACED[met.group()], text)


@lru_cache(maxsize=65536)
def toned_key(token: str) -> str:
    """Return the search key of a canonical token with its marks: lower case, tone sign at the end, i for y.

    >>> toned_key("hoà") == toned_key("Hòa"), toned_key("Kỹ"), toned_key("kĩ"), toned_key("thuý")
    (True, 'ki~', 'ki~', 'thuy´')
    """
    if token.isascii():
        return _i_for_y(token.lower())
    tone = "".join(_TONE_OF[c] for c in token if c in _TONE_OF)
    # One code point stays one code point, as in `fold`: a whole-word lower() knows longer forms and final letters.
    return _i_for_y("".join(c.lower()[0] for c in token.translate(_UNTONED))) + tone


@lru_cache(maxsize=65536)
def folded_key(token: str) -> str:
    """Return the search key of a canonical token without marks; as long as the token, so offsets stay true.

    >>> folded_key("Mỹ"), folded_key("mĩ"), folded_key("Đảng")
    ('mi', 'mi', 'dang')
    """
    return forget_tones(toned_key(token))


def forget_tones(toned: str) -> str:
    """Return the folded keys of a text of toned keys (joined by spaces): `folded_key` without cutting it up again.

    >>> forget_tones("chuyên? sinh hoat.")
    'chuyen sinh hoat'
    """
    return fold(toned.translate(_FORGET))


def has_marks(text: str) -> bool:
    """Return whether somebody wrote `text` with Vietnamese marks (a tone, a vowel mark, or đ)."""
    return any(c.lower()[0] != f for c, f in zip(text, fold(text), strict=True) if c.isalpha())

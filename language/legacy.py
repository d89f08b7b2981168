"""The two codes in which Vietnamese was written before Unicode, told by the font: TCVN3 (ABC, `.VnTime`) and VNI.

Both put Vietnamese letters into the places of Western ones, so that a paper looks right on the page while its text says
`Céng hoµ x· héi` or `Coäng hoøa xaõ hoäi`. Files of the years before 2005 are full of them. Tables: TCVN 5712:1993
(VN3) and the VNI for Windows code page.
"""

import re
from typing import Literal

from language.fold import canonical
from language.syllables import is_syllable

Code = Literal["tcvn3", "tcvn3-capitals", "vni"]

_TCVN3_PLACES = (
    (0xA1, "ĂÂÊÔƠƯĐăâêôơưđ"),
    (0xB5, "àảãáạ"), (0xBB, "ằẳẵắ"), (0xC6, "ặầẩẫấậè"), (0xCE, "ẻẽéẹềểễếệìỉ"), (0xDC, "ĩíịò"),
    (0xE1, "ỏõóọồổỗốộờởỡớợù"), (0xF1, "ủũúụừửữứựỳỷỹýỵ"),
)  # fmt: skip
_TCVN3 = {start + n: char for start, chars in _TCVN3_PLACES for n, char in enumerate(chars)}
_SIGNS = str.maketrans({"ø": "\u0300", "ù": "\u0301", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"})
"""VNI writes a tone as a letter of its own behind the vowel."""
_ROOF = dict(zip("âáàåãä", ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"), strict=True))
_BOWL = dict(zip("êéèúüë", ("", "\u0301", "\u0300", "\u0309", "\u0303", "\u0323"), strict=True))
_ALONE = {"ì": "ì", "í": "í", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "ô": "ơ", "ö": "ư", "î": "ỵ", "ñ": "đ"}
_FONT = re.compile(r"^(?:[A-Z]{6}\+)?(?:(?P<tcvn>\.?Vn[A-Z0-9])|(?P<vni>VNI[-_ A-Z]))")
_CAPITALS = re.compile(r"^\.?Vn\w+?H(?:[- ,]|Bold|Italic|$)|H$")
_SOFT, _HYPHEN = "\u00ad", "-"

MIN_WORDS = 5
"""Words that a judgement about a whole text needs."""
_SURE = 0.75
"""Share of syllables from which a text counts as Vietnamese."""
_LETTERS = re.compile(r"[^\W\d_]+(?:[\u00ad\u00b5\u00b7\u00b8\u00b9\u00a7-][^\W\d_]*)*")


def code_of_font(name: str) -> Code | None:
    """Return the code that a font of this PostScript or family name writes, None for any other.

    `.VnTime`, `VnArial-Bold`, `ABCDEF+.VnTimeH` are TCVN3 (an H at the end shows every letter as a capital);
    `VNI-Times`, `VNI Helve` are VNI.
    """
    found = _FONT.match(name)
    if found is None:
        return None
    if found["vni"]:
        return "vni"
    bare = name.split("+", 1)[-1]
    return "tcvn3-capitals" if _CAPITALS.search(bare) else "tcvn3"


def decoded(text: str, code: Code) -> str:
    """Return `text`, as a PDF or an old file gives it (each byte as its Windows-1252 character), in Unicode NFC.

    Characters that the code does not use stay. In TCVN3 the letter ư stands in the place of the soft hyphen, which
    readers of PDF turn into a hyphen; where a word is a syllable only with ư, it is one.
    """
    if code == "vni":
        return canonical(_from_vni(text))
    return canonical(_from_tcvn3(text, capitals=code == "tcvn3-capitals"))


def guessed_code(text: str) -> Code | None:
    """Return the code of a text whose fonts do not tell: the one that makes it Vietnamese while it is not so as it is.

    None when it is Vietnamese already, too short (`MIN_WORDS`), or Vietnamese in no code.
    """
    if vietnamese_share(text) >= _SURE:
        return None
    codes: tuple[Code, ...] = ("tcvn3", "vni")
    best = max(codes, key=lambda code: vietnamese_share(decoded(text, code)))
    return best if vietnamese_share(decoded(text, best)) >= _SURE else None


def is_garbage(text: str) -> bool:
    """Return whether a text that claims to be Vietnamese says nothing: no code makes it so, and it is no plain ASCII.

    Papers in other languages are left alone: what has no letters beyond ASCII cannot be told from English.
    """
    words = _words(text)
    if len(words) < MIN_WORDS or all(word.isascii() for word in words):
        return False
    return vietnamese_share(text) < _SURE / 2 and guessed_code(text) is None


def vietnamese_share(text: str) -> float:
    """Return the share of words that are Vietnamese syllables, 0.0 when there are fewer than `MIN_WORDS` words."""
    words = _words(text)
    return sum(map(is_syllable, words)) / len(words) if len(words) >= MIN_WORDS else 0.0


def _words(text: str) -> list[str]:
    return [word for word in _LETTERS.findall(text) if len(word) > 1]


def _from_tcvn3(text: str, *, capitals: bool) -> str:
    out = [_TCVN3.get(byte, char) for char in text for byte in (_byte(char),)]
    plain = "".join(out).replace(_SOFT, "ư")
    if _HYPHEN in plain:
        plain = re.sub(r"[^\W\d_]*(?:-[^\W\d_]*)+", lambda found: _with_horn(found[0]), plain)
    return plain.upper() if capitals else plain


def _with_horn(word: str) -> str:
    """Return a word with a hyphen as it is, unless the letter ư in its place makes a syllable of it."""
    horned = word.replace(_HYPHEN, "ư")
    apart = [part for part in word.split(_HYPHEN) if part]
    whole = is_syllable(canonical(horned)) and len(horned) > 1
    return horned if whole and not (len(apart) > 1 and all(map(is_syllable, apart))) else word


def _from_vni(text: str) -> str:
    out: list[str] = []
    for char in text:
        small, before = char.lower(), out[-1][-1] if out else ""
        base = before.lower()
        if base == "a" and small in _BOWL:
            out[-1] = _case("ă", before) + _BOWL[small]
        elif base in "aeo" and base and small in _ROOF:
            out[-1] = _case({"a": "â", "e": "ê", "o": "ô"}[base], before) + _ROOF[small]
        elif base in "aeouyơư" and base and small in "øùûõï":
            out[-1] += small.translate(_SIGNS)
        elif small in _ALONE:
            out.append(_case(_ALONE[small], char))
        else:
            out.append(char)
    return "".join(out)


def _case(letter: str, like: str) -> str:
    return letter.upper() if like.isupper() else letter


def _byte(char: str) -> int:
    """Return the Windows-1252 byte of a character, 0 for one that has none."""
    try:
        return char.encode("cp1252")[0]
    except UnicodeEncodeError:
        return ord(char) if ord(char) < 0x100 else 0

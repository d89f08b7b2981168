"""The one fold: its laws over all of Unicode, and the vectors that TypeScript shares."""

import json
import sys
import unicodedata
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from language.fold import canonical, fold

VECTORS = json.loads(
    (Path(__file__).parents[3] / "language" / "fold_vectors.json").read_text(encoding="utf-8")
)
ANY = st.text(st.characters(min_codepoint=0, max_codepoint=sys.maxunicode, exclude_categories=()))


@given(ANY)
@example("\ud800")
@example("\x00")
@example("e\u0323\u0302")  # ệ, both orders of the marks
@example("e\u0302\u0323")
@example("𝐇𝐚̉𝐢")
@example("İı ß ﬁ ǅ Σς")
def test_fold_keeps_every_offset(text: str) -> None:
    clean = canonical(text)
    assert len(fold(clean)) == len(clean)
    assert fold(fold(clean)) == fold(clean)


@given(ANY)
def test_canonical_text_has_one_utf16_unit_a_code_point(text: str) -> None:
    clean = canonical(text)
    assert len(clean.encode("utf-16-le", "surrogatepass")) == 2 * len(clean)
    assert not any(unicodedata.combining(c) for c in clean)


@given(ANY)
def test_nfd_and_nfc_input_meet(text: str) -> None:
    assert canonical(unicodedata.normalize("NFD", text)) == canonical(unicodedata.normalize("NFC", text))


def test_every_code_point_folds_to_one() -> None:
    bad = [code for code in range(sys.maxunicode + 1) if len(fold(chr(code))) != 1]
    assert not bad


def test_every_vietnamese_letter_folds_to_its_base() -> None:
    for base in "aăâeêioôơuưy":
        plain = unicodedata.normalize("NFD", base)[0]
        for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"):
            letter = unicodedata.normalize("NFC", base + tone)
            assert fold(letter) == fold(letter.upper()) == plain, letter
    assert fold("đĐ") == "dd"


def test_vectors_that_typescript_shares() -> None:
    assert len(VECTORS) >= 150
    for vector in VECTORS:
        assert canonical(vector["input"]) == vector["canonical"], vector
        assert fold(vector["canonical"]) == vector["fold"], vector

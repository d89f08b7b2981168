"""Tokens and keys: offsets that stay true, spellings that meet, syllables that exist."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import language.syllables
import language.tokens
import language.variants
from language.fold import canonical, fold
from language.syllables import folded_inventory, inventory, is_folded_syllable, is_syllable
from language.tokens import MAX_TOKEN, bigrams, skip_bigrams, token_texts, tokens
from language.variants import TONE_SIGNS, folded_key, forget_tones, has_marks, toned_key

ANY = st.text(st.characters(min_codepoint=0, max_codepoint=sys.maxunicode, exclude_categories=()))


@pytest.mark.parametrize("module", [language.tokens, language.variants, language.syllables])
def test_examples_in_the_docstrings(module) -> None:
    assert doctest.testmod(module).failed == 0


@given(ANY)
def test_tokens_tile_the_text(text: str) -> None:
    clean = canonical(text)
    end = 0
    for token in tokens(clean):
        assert token.start >= end
        end = token.end
        assert clean[token.start : token.end].startswith(token.text)
        assert len(token.text) <= MAX_TOKEN
        assert not any(c.isspace() or c in TONE_SIGNS or c in "_|~" for c in token.text)
    assert token_texts(clean) == [token.text for token in tokens(clean)]


@given(ANY)
@example("ÑY")
@example("Kÿ")
def test_keys_of_a_token(text: str) -> None:
    for run in token_texts(canonical(text)):
        assert len(folded_key(run)) == len(run)
        assert folded_key(run) == forget_tones(toned_key(run))
        assert folded_key(fold(run)) == folded_key(run)
        assert toned_key(run).split() == [toned_key(run)], "an engine that cuts at spaces leaves it whole"


@given(st.lists(st.text("abc", min_size=1), max_size=8))
def test_pairs(keys: list[str]) -> None:
    assert len(bigrams(keys)) == max(0, len(keys) - 1)
    assert len(skip_bigrams(keys)) == max(0, len(keys) - 2)


PAIRS = "hoà hòa thuý thúy thuỷ thủy khoẻ khỏe kỹ kĩ lý lí quý quí MỸ mĩ Tỷ tỉ sỹ sĩ thỳ thì".split()


@pytest.mark.parametrize(("one", "other"), list(zip(PAIRS[::2], PAIRS[1::2], strict=True)))
def test_spellings_that_meet(one: str, other: str) -> None:
    assert toned_key(canonical(one)) == toned_key(canonical(other))
    assert folded_key(canonical(one)) == folded_key(canonical(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("tuy", "tui"), ("tay", "tai"), ("bàn", "bán"), ("ma", "mà"), ("đa", "da"), ("yên", "iên"), ("y", "i")],
)
def test_spellings_that_do_not_meet(one: str, other: str) -> None:
    assert toned_key(one) != toned_key(other)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("chuyen sinh hoat", False),
        ("Đ", True),
        ("đi", True),
        ("a à", True),
        ("1593-CV/TU", False),
        ("", False),
    ],
)
def test_has_marks(text: str, marks: bool) -> None:
    assert has_marks(text) is marks


WORDS = """
giúp giùm giữa nghị quyết đại hội đảng bộ tỉnh hòa hoà bình ủy uỷ ban nhân dân nguyễn trường giang gì giếng giết quốc
khuỷu khúc quyển ngoằn ngoèo nghiêng ghế kỹ kĩ yêu yếu ý ở ừ ượt chuyển sinh hoạt tuyên truyền thuở huơ xoong buýt
noãn quạ quẻ quý quí thủy thuỷ lợi gỡ ngữ nghĩa yết kiến phường xã bí thư thường trực rượu cứu khuya loè oai uể oải
""".split()
NONSENSE = (
    "ngiêng kà cê gê hoạtđảng slnh chuyền1 bb tac cạp1 z wifi 2025 ptt tập1 quuyết cac mat hop é-".split()
)


@pytest.mark.parametrize("word", WORDS)
def test_syllables_that_exist(word: str) -> None:
    assert is_syllable(word)
    assert is_syllable(word.upper())
    assert is_folded_syllable(fold(word))


@pytest.mark.parametrize("word", ["", *NONSENSE])
def test_strings_that_are_no_syllables(word: str) -> None:
    assert not is_syllable(word)


def test_the_inventory_has_the_expected_size() -> None:
    assert 11_000 < len(inventory()) < 20_000
    assert 2_000 < len(folded_inventory()) < 3_600


def test_importing_language_is_cheap_and_pulls_in_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import language.fold, language.tokens, language.variants, language.syllables\n"
        "new = {m.split('.')[0] for m in set(sys.modules) - before}\n"
        "print(sorted(m for m in new if m not in sys.stdlib_module_names))"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['language']"

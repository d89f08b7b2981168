"""The fold of the pages is the fold of the index: the shared vectors and every character, in a real browser."""

import json
import sys
import unicodedata

import pytest
from playwright.sync_api import Page

from language.fold import canonical, fold
from tests.browser.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.joined]

SOURCE = (ROOT / "web" / "islands" / "parts" / "fold.mjs").read_text(encoding="utf-8")
ASK = "texts => texts.map(text => { const clean = canonical(text); return [clean, fold(clean)]; })"


@pytest.fixture
def folding(page: Page) -> Page:
    """A page in which the very file of the islands is loaded."""
    page.set_content("<html lang=vi></html>")
    page.add_script_tag(type="module", content=f"{SOURCE}\nObject.assign(window, {{ canonical, fold }});")
    page.wait_for_function("() => Boolean(window.fold)")
    return page


def test_the_vectors_that_both_share(folding: Page) -> None:
    vectors = json.loads((ROOT / "language" / "fold_vectors.json").read_text(encoding="utf-8"))
    told = folding.evaluate(ASK, [vector["input"] for vector in vectors])
    assert told == [[vector["canonical"], vector["fold"]] for vector in vectors]


def test_every_character_that_both_know(folding: Page) -> None:
    # a newer Unicode in the browser knows more characters; what Python has not named yet it cannot speak of
    spoken = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(char) not in ("Cn", "Cs", "Co")
    ]
    assert len(spoken) > 140_000
    for start in range(0, len(spoken), 20_000):
        part = spoken[start : start + 20_000]
        told = folding.evaluate(ASK, part)
        want = [[clean := canonical(char), fold(clean)] for char in part]
        assert [pair for pair in zip(part, told, want, strict=True) if pair[1] != pair[2]] == []

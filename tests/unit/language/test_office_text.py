"""Text of office files: the right encoding, or a plain no; never a crash, never a NUL."""

import doctest
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from language import office_text as module
from language.office_text import StrangeEncoding, office_text

TEXT = "Mã;Tên\n38;Đảng bộ thành phố Mẫu\n"


def test_examples_in_the_text_are_true() -> None:
    tried = doctest.testmod(module)
    assert tried.attempted
    assert not tried.failed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_a_spreadsheet_saves_is_read(encoding: str) -> None:
    assert office_text(unicodedata.normalize("NFD", TEXT).encode(encoding))[0] == TEXT


@given(st.binary(max_size=200))
@example(b"\xff\xfe\x00")
@example(b"\xef\xbb\xbf\xff")
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text, _ = office_text(data)
    except StrangeEncoding:
        return
    assert "\x00" not in text
    assert unicodedata.is_normalized("NFC", text)

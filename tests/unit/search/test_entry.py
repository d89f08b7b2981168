"""What the index knows of a page: what was read, and beside it what doubtful words may have been."""

from records.document import Fields
from records.geometry import Box
from records.page import PageText, Word
from search.entry import IndexedDocument, entries_for


def test_what_a_word_may_have_been_gathers_and_is_not_what_stands_there() -> None:
    words = tuple(
        Word(text, Box(0, 0, 1, 1), 0.5, line, None, meant)
        for text, line, meant in (
            ("Ủy", 0, ""),
            ("bnn", 0, "ban"),
            ("nhân", 0, ""),
            ("dân", 1, ""),
            ("xã", 1, ""),
        )
    )
    page = PageText(1, 10, 10, 300.0, 0, 0.0, "made", words)
    entry = entries_for(IndexedDocument("d", Fields()), [page])[0]
    assert entry.folded == ("uy", "bnn", "nhan", "dan", "xa")
    assert "ban" not in " ".join(entry.exact)
    assert entry.pairs == ("uy_bnn", "bnn_nhan", "nhan_dan", "dan_xa", "uy_ban", "ban_nhan")
    assert entry.skips[-1] == "uy_nhan"

"""Documents in SQLite, and the law behind looking for a part of a subject."""

from hypothesis import given
from hypothesis import strategies as st

from tests.cases.document_rows import DocumentRowCases


class TestDocumentRows(DocumentRowCases):
    """The shared cases."""


@given(subject=st.text(max_size=60), data=st.data())
def test_a_part_of_the_subject_finds_it(subject: str, data: st.DataObject) -> None:
    """Law: the stored key of a subject contains the key of any of its slices that starts at a base letter."""
    from language.fold import canonical, fold

    whole = canonical(subject)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    assert fold(canonical(whole[start:stop])) in fold(whole)

"""Turn what a person filters documents by into SQL conditions; the access rule is added by the caller."""

from sqlalchemy import ColumnElement

from language.fold import canonical, fold
from records.errors import Unfit
from storage.document_values import DocumentFilter
from storage.schema import documents, storable

LONGEST_FILTER = 500
"""Letters to look for in a subject; databases refuse or crawl on patterns of any length."""


def conditions(which: DocumentFilter) -> list[ColumnElement[bool]]:
    """Return one condition for every part of the filter that is given. Raises `Unfit` (`filter-too-long`)."""
    column = documents.c
    found: list[ColumnElement[bool]] = []
    if which.batch_id is not None:
        found.append(column.batch_id == storable(which.batch_id))
    if which.dossier is not None:
        found.append(column.dossier == which.dossier)
    if which.type_code is not None:
        found.append(column.type_code == which.type_code)
    if which.year is not None:
        found.append(column.issued_date.between(f"{which.year:04d}-00-00", f"{which.year:04d}-99-99"))
    if which.number is not None:
        found.append(column.number_key == which.number)
    if which.state is not None:
        found.append(column.state == which.state)
    if which.text_in_subject:
        if len(which.text_in_subject) > LONGEST_FILTER:
            raise Unfit(
                f"filter of {len(which.text_in_subject)} letters",
                code="filter-too-long",
                tell=f"Phần trích yếu cần lọc dài quá {LONGEST_FILTER} ký tự. Hãy nhập ngắn hơn.",
            )
        part = fold(canonical(which.text_in_subject))
        found.append(column.subject_key.contains(part, autoescape=True))
    return found

"""The versions of a document's form and file: look at one, fetch its file, compare two."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from procedures.cases import CaseTools, look
from procedures.definition import Definition
from procedures.difference import ChangedLine, Side, form_lines
from records.case import CaseVersion, Draft, Person
from records.errors import Missing
from storage.blobs import BlobStore

Compare = Callable[[Side, Side], tuple[ChangedLine, ...]]
"""Compares two versions, in a limited child. Raises as `difference.compare`."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a case and the procedure by which its form reads."""

    version: CaseVersion
    definition: Definition


def version_of(tools: CaseTools, person: Person, case_id: str, number: int) -> Version:
    """Return one version. Raises `Missing` when case or version does not exist for this person."""
    with tools.work.reading() as tx:
        looked = look(tx, tools, person, case_id)
        found = next((one for one in tx.cases.versions(case_id) if one.number == number), None)
    if found is None:
        raise Missing(f"case {case_id} has no version {number}")
    return Version(found, looked.definition)


def draft_of(tools: CaseTools, person: Person, case_id: str, number: int) -> Draft:
    """Return the file of a version. Raises `Missing` also when none was handed in."""
    draft = version_of(tools, person, case_id, number).version.draft
    if draft is None:
        raise Missing(f"case {case_id}: version {number} has no file")
    return draft


def what_changed(
    blobs: BlobStore, work_dir: Path, compare: Compare, old: Version, new: Version
) -> tuple[ChangedLine, ...]:
    """Return what changed from one version to another: form and text of the file together.

    Raises as `difference.compare`, `BlobFault`, `ChildStuck`.
    """
    if old.version.draft == new.version.draft:  # the same file says the same: the forms are enough
        return compare(*(Side(form_lines(one.definition, one.version)) for one in (old, new)))
    with _copied(blobs, work_dir, old) as before, _copied(blobs, work_dir, new) as after:
        return compare(before, after)


@contextmanager
def _copied(blobs: BlobStore, work_dir: Path, one: Version) -> Iterator[Side]:
    lines = form_lines(one.definition, one.version)
    if one.version.draft is None:
        yield Side(lines)
        return
    key, sha256, _ = one.version.draft.shown
    with tempfile.TemporaryDirectory(prefix="version-", dir=work_dir) as folder:
        path = Path(folder) / "version.pdf"
        blobs.copy_out(key, path, sha256)
        yield Side(lines, path)

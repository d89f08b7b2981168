"""Judge what follows a signed range: who vouches for it, which kinds of change it holds, and what a viewer shows.

A later signature vouches for what it covers; a document time stamp does not: anyone may have one made. What nobody
vouches for may be validation data or permitted by the signature, but then it must not be visible. See
docs/decisions/0077.
"""

from dataclasses import replace

from pyhanko.pdf_utils.generic import DictionaryObject, Reference
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

from signing.byte_range import ends_tidily, holes, object_offsets
from signing.changes import changes_since, is_harmless
from signing.examine import Found
from signing.look_alike import NotDrawn, Place, Revision, differences
from signing.roles import Key, items, key_of, opened, raw, widget_places
from signing.verdict import Answer, Change, Finding

_TOLD = 3
_PERMITTED = ("none", "lta-updates", "form-filling", "annotations")
_WORDS = {"form-filling": "điền biểu mẫu", "annotations": "thêm chú thích"}
_STORE_ONLY = frozenset({"structure", "catalog-link", "dss-added", "metadata-dates"})
_UNDER_SEAL = frozenset({"dss-changed", "dss-removed", "signature-changed", "signature-appearance-changed"})
"""Never right, whoever vouches: evidence and signatures are only ever added."""
_VOUCHED_ONLY = frozenset(
    "metadata form-settings form-resource catalog-key catalog-entry signature-field-odd signature-field-visible".split()
)
"""Changes that pyHanko lets pass but that only a signer may make."""


def check_additions(reader: PdfFileReader, data: bytes, found: list[Found], *, look: bool) -> None:
    """Add findings to each of `found` (readable, in file order) about the bytes behind its range."""
    if not found:
        return
    if all(f.is_stamp for f in found):
        found[0].add(Answer.INDETERMINATE, "only-time-stamp")
    if lost := holes(data) - {(f.gap_start, f.gap.end) for f in found if f.gap}:
        found[0].add(Answer.INVALID, "signature-removed", str(len(lost)))
    _check_certification(reader, found)
    if found[0].covered_to == len(data):
        return
    stray = object_offsets(data, found[0].covered_to) - _listed_offsets(reader)
    if stray:
        found[0].add(Answer.INVALID, "appended", f"{len(stray)} objects in no cross-reference")
    changes = changes_since(reader, found[0].revision, {f.name for f in found})
    for index, one in enumerate(found):
        one.later = tuple(c for c in changes if c.revision > one.revision + 1)
        one.findings = [_in_our_words(one, f) for f in one.findings]
        if one.changes in _PERMITTED and one.covered_to < len(data):
            _judge_changes(one, found[index + 1 :])
    _check_tail(reader, data, found[-1])
    if look and not any(f.answer is Answer.INVALID for f in found):
        _check_looks(reader, data, found)


def _check_certification(reader: PdfFileReader, found: list[Found]) -> None:
    """Only the first signature may certify (ISO 32000-2 §12.8.2.2.2), no time stamp; the catalog names no other."""
    regular = [f for f in found if not f.is_stamp]
    for one in found:
        if one.certifies and (one.is_stamp or one is not regular[0]):
            one.add(Answer.INVALID, "certified-late")
    permissions = opened(raw(reader.root, "/Perms"))
    if not isinstance(permissions, DictionaryObject):
        return
    for name in permissions:
        named = key_of(raw(permissions, name))
        if not regular:
            return
        if name != "/DocMDP":
            regular[0].add(Answer.INDETERMINATE, "unsupported", str(name)[:40])
        elif named not in {f.signature_key for f in regular if f.certifies}:
            regular[0].add(Answer.INVALID, "certification")


def _in_our_words(one: Found, finding: Finding) -> Finding:
    """Return a refusal of pyHanko's rules with the changes it is about, for a person to read."""
    if finding.code != "changes-not-allowed":
        return finding
    graver = [c for c in one.later if not is_harmless(c)] or [
        c for c in one.later if c.code.startswith("sign")
    ]
    tells = list(dict.fromkeys(c.tell for c in graver or one.later))
    return replace(finding, detail="; ".join(tells[:_TOLD]) or finding.detail)


def _vouched_to(later: list[Found]) -> int:
    """Return the last revision for which a later signature of a person or body stands; -1 when there is none."""
    return max((f.revision for f in later if not f.is_stamp and f.intact), default=-1)


def _judge_changes(one: Found, later: list[Found]) -> None:
    vouched = _vouched_to(later)
    for change in one.later:
        unsigned = change.revision - 1 > vouched
        if change.code in _UNDER_SEAL or (unsigned and change.code in _VOUCHED_ONLY):
            one.add(Answer.INVALID, "changes-not-allowed", change.tell)
            return
    if any(not is_harmless(c) for c in one.later):
        told = next((c.tell for c in one.later if not is_harmless(c)), "")
        one.add(Answer.VALID_LATER_CHANGES, "later-changes", _WORDS.get(one.changes, told))
    elif one.changes in ("form-filling", "annotations"):
        one.changes = "signatures"


def _check_tail(reader: PdfFileReader, data: bytes, last: Found) -> None:
    """VALID means that the last signature or document time stamp covers every byte."""
    if last.covered_to == len(data):
        return
    if last.changes == "none" or not last.later or not is_revisions_only(reader, data, last.covered_to):
        last.add(Answer.INVALID, "appended", f"{len(data) - last.covered_to} bytes")
    elif last.is_stamp:
        # renewal data without its new time stamp: nothing seals it, so it is not the archived file any more
        last.add(Answer.VALID_LATER_CHANGES, "appended-archive")
    elif {"dss-added"} <= {c.code for c in last.later} <= _STORE_ONLY:
        last.add(Answer.VALID_LATER_CHANGES, "validation-data-later")
    else:
        last.add(Answer.VALID_LATER_CHANGES, "later-changes", _first_told(last.later))


def _first_told(changes: tuple[Change, ...]) -> str:
    return next((c.tell for c in changes if c.code not in _STORE_ONLY), "")


def _check_looks(reader: PdfFileReader, data: bytes, found: list[Found]) -> None:
    """Draw the revision of every signature, and of the first time stamp when it stands alone, beside the whole file."""
    looked = [f for f in found if f.covered_to < len(data) and (not f.is_stamp or f is found[0])]
    if not looked:
        return
    try:
        places = _places(reader, found, looked)
        seen = differences(
            data, [Revision(f.covered_to, tuple(p)) for f, p in zip(looked, places, strict=True)]
        )
    except (NotDrawn, OSError) as fault:  # OSError: no room for the copies that are drawn
        for one in looked:
            one.add(Answer.INDETERMINATE, "not-drawn", str(fault)[:200])
        return
    for one, difference in zip(looked, seen, strict=True):
        if difference is not None:
            one.add(Answer.INVALID, "looks-different", f"{difference.page}, {difference.engine}")


def _places(reader: PdfFileReader, found: list[Found], looked: list[Found]) -> list[list[Place]]:
    """Return for each of `looked` where later signers may have made something visible."""
    signers = [f for f in found if not f.is_stamp and f.intact]
    if len(signers) < 2 and not (signers and signers[0] is not found[0]):
        return [[] for _ in looked]
    view = reader.get_historical_resolver(reader.xrefs.total_revisions - 1)
    boxes = {key: (page, box) for page, key, box in widget_places(view)}
    places: list[list[Place]] = []
    for one in looked:
        later = found[found.index(one) + 1 :]
        vouched = _vouched_to(later)
        mine = [
            Place(*boxes[key])
            for signer in later
            if signer in signers
            for key in signer.widgets
            if key in boxes
        ]
        for change in one.later:
            if (
                change.code in ("form-value", "field-added", "annotation-added")
                and change.revision - 1 <= vouched
            ):
                mine += [Place(*boxes[k], stamp=False) for k in _keys(view, change) if k in boxes]
        places.append(mine)
    return places


def _keys(view: HistoricalResolver, change: Change) -> list[Key]:
    number, generation = map(int, change.object.split())
    thing = view.get_object(Reference(number, generation, view))
    kids = [k for k in map(key_of, items(opened(raw(thing, "/Kids")))) if k]
    return [(number, generation), *kids]


def is_revisions_only(reader: PdfFileReader, data: bytes, start: int) -> bool:
    """Return whether the bytes from `start` end where the last revision ends, with one end mark a revision."""
    places = (
        reader.xrefs.get_xref_container_info(n).start_location for n in range(reader.xrefs.total_revisions)
    )
    added = sum(place >= start for place in places)
    return ends_tidily(data) and data.count(b"%%EOF", start) == added


def _listed_offsets(reader: PdfFileReader) -> set[int]:
    offsets: set[int] = set()
    xrefs = reader.xrefs
    for revision in range(xrefs.total_revisions):
        offsets.add(xrefs.get_xref_container_info(revision).start_location)
        references: set[Reference] = xrefs.explicit_refs_in_revision(revision)
        for reference in references:
            place = xrefs.get_historical_ref(reference, revision)
            if isinstance(place, int):
                offsets.add(place)
    return offsets

"""Cases as rows: what stands in JSON columns, and how it comes back as the same values."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping

from records.case import Box, Case, CaseMove, CasePaper, CaseVersion, Channel, Draft, Signed, Struck
from storage.schema import storable


def case_columns(case: Case) -> dict[str, Any]:
    """Return what moves change of a case, by column."""
    return {
        "state": case.state,
        "revision": case.revision,
        "moved_at": case.moved_at,
        "ended": case.ended,
        "form_version": case.form_version,
        "form": form_json(case.form),
        "draft": draft_json(case.draft),
        "papers": {"papers": [_paper_json(paper) for paper in case.papers]},  # a JSON column holds an object
        "entered": {state: moment.isoformat() for state, moment in case.entered.items()},
    }


def case_of(row: RowMapping, bodies: Iterable[RowMapping]) -> Case:
    """Return the case of a row and of the rows of its bodies, which come in order."""
    units: dict[str, list[str]] = {}
    reached = set()
    for body in bodies:
        units.setdefault(body["body"], []).append(body["unit_id"])
        if body["reached"]:
            reached.add(body["body"])
    return Case(
        id=row["id"],
        procedure=row["procedure"],
        version=row["version"],
        state=row["state"],
        revision=row["revision"],
        channel=Channel(row["channel"]),
        member_id=row["member_id"],
        opened_by=row["opened_by"],
        opened_at=row["opened_at"],
        moved_at=row["moved_at"],
        ended=row["ended"],
        bodies={body: tuple(named) for body, named in units.items()},
        reached=frozenset(reached),
        form=row["form"],
        draft=draft_of(row["draft"]),
        form_version=row["form_version"],
        papers=tuple(map(_paper_of, row["papers"]["papers"])),
        entered={state: datetime.fromisoformat(moment) for state, moment in row["entered"].items()},
    )


def move_of(row: RowMapping) -> CaseMove:
    """Return the move of a row."""
    told = {name: value for name, value in row.items() if name != "case_id"}
    return CaseMove(**{**told, "channel": Channel(row["channel"])})


def version_of(row: RowMapping) -> CaseVersion:
    """Return the version of a row."""
    told = {name: value for name, value in row.items() if name != "case_id"}
    return CaseVersion(**{**told, "draft": draft_of(row["draft"])})


def form_json(form: Any) -> dict[str, Any]:
    """Return a form as JSON that every database takes."""
    return {code: storable(value) if isinstance(value, str) else value for code, value in form.items()}


def draft_json(draft: Draft | None) -> dict[str, Any]:
    """Return a draft as JSON, {} when there is none."""
    if draft is None:
        return {}
    told = {"name": storable(draft.name), "key": draft.key, "sha256": draft.sha256, "size": draft.size}
    made = {"pdf_key": draft.pdf_key, "pdf_sha256": draft.pdf_sha256, "pdf_size": draft.pdf_size}
    return told | made if draft.pdf_key else told


def draft_of(found: dict[str, Any]) -> Draft | None:
    """Return the draft of its JSON."""
    return Draft(**found) if found else None


def _paper_json(paper: CasePaper) -> dict[str, Any]:
    return {
        "ordinal": paper.ordinal,
        "kind": paper.kind,
        "number": storable(paper.number),
        "dated": paper.dated.isoformat() if paper.dated else "",
        "sha256": paper.sha256,
        "void": storable(paper.void),
        "signed": [[s.profile, s.before_sha256, s.after_sha256, s.signing_id] for s in paper.signed],
        "boxes": [_box_json(box) for box in paper.boxes],
    }


def _paper_of(found: dict[str, Any]) -> CasePaper:
    return CasePaper(
        found["ordinal"],
        found["kind"],
        found["number"],
        date.fromisoformat(found["dated"]) if found["dated"] else None,
        found["sha256"],
        tuple(Signed(*one) for one in found["signed"]),
        tuple(map(_box_of, found["boxes"])),
        found["void"],
    )


def _box_json(box: Box) -> dict[str, Any]:
    struck = [
        [s.to_unit_id, storable(s.note), storable(s.reason), s.by, s.day.isoformat()] for s in box.struck
    ]
    return {
        "ordinal": box.ordinal,
        "body": box.body,
        "unit_id": box.unit_id,
        "to_unit_id": box.to_unit_id,
        "note": storable(box.note),
        "by": box.by,
        "role": box.role,
        "form": box.form,
        "day": box.day.isoformat(),
        "struck": struck,
        "number": box.number,
        "by_hand": box.by_hand,
    }


def _box_of(found: dict[str, Any]) -> Box:
    struck = tuple(
        Struck(to, note, why, by, date.fromisoformat(day)) for to, note, why, by, day in found["struck"]
    )
    return Box(**{**found, "day": date.fromisoformat(found["day"]), "struck": struck})

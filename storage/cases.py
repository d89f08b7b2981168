"""The cases of the procedures: each moved by one person at a time, its history and versions never changed.

Whether a move is right is decided before (`procedures/machine.py`); here it is kept, once, by whoever knew the newest
revision. Who may see a case is asked of `visible`, from which lists are made too.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update

from records.case import Case, CaseMove, CaseVersion
from records.errors import Conflict, Missing
from records.parties import Party
from storage.case_lists import Place, waiting
from storage.case_rows import case_columns, case_of, draft_json, form_json, move_of, version_of
from storage.ground import Ground
from storage.schema import case_bodies, case_moves, case_versions, cases
from storage.visible import of_parties


class Cases:
    """The cases and everything that hangs on them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def add(self, case: Case, move: CaseMove) -> None:
        """Keep a case that was just opened, with the first line of its history and its first version.

        Raises `Conflict` (`case-opened`) when this person opened one under this key.
        """
        if self.opened_under(case.opened_by, move.key) is not None:
            raise Conflict(
                f"{case.opened_by} opened a case under {move.key[:80]!r}",
                code="case-opened",
                tell="Hồ sơ này đã được mở trước đó. Hãy mở lại từ danh sách hồ sơ của bạn.",
            )
        self._ground.connection.execute(
            insert(cases).values(
                id=case.id,
                procedure=case.procedure,
                version=case.version,
                channel=case.channel,
                member_id=case.member_id,
                opened_by=case.opened_by,
                opening_key=move.key,
                opened_at=case.opened_at,
                **case_columns(case),
            )
        )
        self._follow(case, move)
        self._version(case, move)

    def move(self, before: Case, case: Case, move: CaseMove) -> None:
        """Keep a move of the case that stood as `before`. Raises `Conflict` (`case-moved`) when it stands elsewhere."""
        moved = self._ground.connection.execute(
            update(cases)
            .where((cases.c.id == case.id) & (cases.c.revision == before.revision))
            .values(**case_columns(case))
        )
        if moved.rowcount != 1:
            raise moved_meanwhile(case.id, before.revision)
        self._follow(case, move)
        if case.form_version != before.form_version:
            self._version(case, move)

    def get(self, case_id: str) -> Case:
        """Return one case; a writer has it to itself until its end. Raises `Missing`."""
        self._ground.hold(cases.c.id == case_id)
        found = self._several(cases.c.id == case_id, limit=1)
        if not found:
            raise Missing(f"case {case_id}")
        return found[0]

    def opened_under(self, opened_by: str, key: str) -> Case | None:
        """Return the case that this account opened under this key; a writer keeps others off the key until its end."""
        self._ground.hold_name("case-opening", opened_by, key)
        found = self._several((cases.c.opened_by == opened_by) & (cases.c.opening_key == key), limit=1)
        return found[0] if found else None

    def opened_any(self, account_id: str) -> bool:
        """Return whether this account opened a case that is about no member."""
        which = (cases.c.opened_by == account_id) & (cases.c.member_id == "")
        return self._ground.connection.execute(select(cases.c.id).where(which).limit(1)).first() is not None

    def move_under(self, case_id: str, key: str) -> CaseMove | None:
        """Return the move of a case that was asked for under this key."""
        row = self._ground.connection.execute(
            select(case_moves).where((case_moves.c.case_id == case_id) & (case_moves.c.key == key))
        ).mappings()
        found = row.first()
        return None if found is None else move_of(found)

    def history(self, case_id: str) -> list[CaseMove]:
        """Return every move of a case, the first one first."""
        rows = self._ground.connection.execute(
            select(case_moves).where(case_moves.c.case_id == case_id).order_by(case_moves.c.ordinal)
        ).mappings()
        return [move_of(row) for row in rows]

    def versions(self, case_id: str) -> list[CaseVersion]:
        """Return every version of form and draft, the first one first."""
        rows = self._ground.connection.execute(
            select(case_versions).where(case_versions.c.case_id == case_id).order_by(case_versions.c.number)
        ).mappings()
        return [version_of(row) for row in rows]

    def visible(
        self,
        parties: Collection[Party],
        states: Sequence[str] = (),
        limit: int = 50,
        offset: int = 0,
        procedure: str = "",
        ended: bool | None = None,
    ) -> tuple[list[Case], int]:
        """Return the cases that are the affair of one of `parties`, last moved first, and how many there are.

        `states`, `procedure` and `ended` narrow.
        """
        which = of_parties(parties)
        if states:
            which = and_(which, cases.c.state.in_(states))
        if procedure:
            which = and_(which, cases.c.procedure == procedure)
        if ended is not None:
            which = and_(which, cases.c.ended.is_(ended))
        count = self._ground.connection.execute(
            select(func.count()).select_from(cases).where(which)
        ).scalar_one()
        return self._several(which, limit, offset), count

    def waiting(
        self, places: Iterable[Place], account_id: str, member_id: str, limit: int
    ) -> tuple[list[Case], int]:
        """Return cases that stand in one of these places, and how many there are.

        Of more than `limit` those are returned that were moved last.
        """
        which = waiting(places, account_id, member_id)
        count = self._ground.connection.execute(select(func.count()).select_from(cases).where(which))
        return self._several(which, limit), count.scalar_one()

    def _several(self, which: ColumnElement[bool], limit: int, offset: int = 0) -> list[Case]:
        rows = self._ground.connection.execute(
            select(cases)
            .where(which)
            .order_by(cases.c.moved_at.desc(), cases.c.id)
            .limit(limit)
            .offset(offset)
        )
        found = list(rows.mappings())
        bodies = self._ground.connection.execute(
            select(case_bodies)
            .where(case_bodies.c.case_id.in_([row["id"] for row in found]))
            .order_by(case_bodies.c.body, case_bodies.c.ordinal)
        )
        of_case: dict[str, list[object]] = {}
        for row in bodies.mappings():
            of_case.setdefault(row["case_id"], []).append(row)
        return [case_of(row, of_case.get(row["id"], ())) for row in found]  # type: ignore[arg-type]

    def _follow(self, case: Case, move: CaseMove) -> None:
        """Write down where the case is to be seen, and the line of its history."""
        connection = self._ground.connection
        connection.execute(delete(case_bodies).where(case_bodies.c.case_id == case.id))
        rows = list(_body_rows(case))
        if rows:
            connection.execute(insert(case_bodies), rows)
        connection.execute(
            insert(case_moves).values(
                case_id=case.id,
                ordinal=move.ordinal,
                move=move.move,
                from_state=move.from_state,
                to_state=move.to_state,
                actor=move.actor,
                body=move.body,
                unit_id=move.unit_id,
                role=move.role,
                form=move.form,
                channel=move.channel,
                comment=move.comment,
                evidence=form_json(move.evidence),
                form_version=move.form_version,
                at=move.at,
                key=move.key,
            )
        )

    def _version(self, case: Case, move: CaseMove) -> None:
        self._ground.connection.execute(
            insert(case_versions).values(
                case_id=case.id,
                number=case.form_version,
                ordinal=move.ordinal,
                form=form_json(case.form),
                draft=draft_json(case.draft),
                made_by=move.actor,
                made_at=move.at,
            )
        )


def moved_meanwhile(case_id: str, revision: int) -> Conflict:
    """Return the conflict of two people who move one case: the second one has changed nothing."""
    return Conflict(
        f"case {case_id} is no longer at revision {revision}",
        code="case-moved",
        tell="Người khác vừa xử lý hồ sơ này trước bạn nên bước của bạn chưa được ghi. "
        "Hãy tải lại hồ sơ rồi xem có cần làm tiếp không.",
    )


def _body_rows(case: Case) -> Iterable[dict[str, object]]:
    for body, units in case.bodies.items():
        for ordinal, unit in enumerate(units, start=1):
            yield {
                "case_id": case.id,
                "body": body,
                "unit_id": unit,
                "ordinal": ordinal,
                "reached": body in case.reached,
            }

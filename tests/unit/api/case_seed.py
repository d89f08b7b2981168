"""A small Party organisation in the door's house: the reader is a member, official and clerk hold posts."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from procedures.number_periods import begin_term
from records.acting import PostRole
from records.clock import VIETNAM
from records.parties import Party, parties_of
from tests.cases.case_town import SENDING
from tests.cases.party import ALWAYS, SINCE
from tests.cases.party import Party as Organisation
from tests.cases.procedure_world import TRANSFER_FORM
from tests.unit.api.api_house import House

API = "/api/v1"
BODIES = {body: list(units) for body, units in SENDING.items()}


@dataclass(frozen=True)
class Office:
    """What was put in. `opening`: the body of a request that opens the reader's own transfer."""

    house: House
    member: str
    opening: dict[str, Any]

    def open(self, **values: object) -> dict[str, Any]:
        """Open a transfer of the reader's."""
        body = {**self.opening, "values": {**self.opening["values"], **values}}
        answer = self.house.client("reader").post(f"{API}/cases", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def move(self, role: str, case: dict[str, Any], move: str, **parts: object) -> dict[str, Any]:
        """Make a move; the case as it is then."""
        body = {"move": move, "revision": case["revision"], "comment": "Đồng ý", **parts}
        answer = self.house.client(role).post(f"{API}/cases/{case['id']}/moves", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def parties_of(self, case_id: str) -> frozenset[Party]:
        """Whose affair a case is by now."""
        with self.house.tools.work.reading() as tx:
            return parties_of(tx.cases.get(case_id))

    def open_document(self, **values: object) -> dict[str, Any]:
        """Open a document that the archivist drafts for the office."""
        body = {
            "procedure": "outgoing-document",
            "move": "open",
            "bodies": {"drafting": ["office"], "issuer": ["office"]},
            "values": {"type": "22", "subject": "họp giao ban", "recipients": "Như trên", **values},
        }
        answer = self.house.client("archivist").post(f"{API}/cases", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def hand_in(self, case: dict[str, Any], name: str, data: bytes, key: str, **more: str) -> Any:
        """Hand a file in for a document."""
        return self.house.client("archivist").post(
            f"{API}/cases/{case['id']}/drafts",
            files={"file": (name, data)},
            data={"revision": str(case["revision"]), **more},
            headers={"Idempotency-Key": key},
        )

    def in_review(self) -> dict[str, Any]:
        """A transfer that the sending branch has taken."""
        return self.move("official", self.move("reader", self.open(), "submit"), "take")


def enter_office(house: House) -> Office:
    """Put the organisation in; once a house."""
    party, accounts = Organisation(house.tools.work), house.seeded.accounts
    today = house.tools.clock.now().astimezone(VIETNAM).date()
    with house.tools.work.begin() as tx:
        facts = replace(tx.units.get("ward", SINCE).facts, short_name="Phường Sen")
        tx.units.change("ward", facts, date(2025, 8, 1))
        begin_term(tx, "system:test", "ward", "Nhiệm kỳ 2025–2030", date(2025, 8, 1))
        member = party.member(tx, account_id=accounts["reader"], full_name="Trần Thị Lan")
        tx.posts.appoint("branch", accounts["official"], PostRole.SECRETARY, ALWAYS, "BÍ THƯ")
        tx.posts.appoint("ward", accounts["clerk"], PostRole.CLERK, ALWAYS)
        city = replace(tx.units.get("city", SINCE).facts, short_name="Mẫu")
        tx.units.change("city", city, date(2025, 8, 1))
        begin_term(tx, "system:test", "office", "Nhiệm kỳ 2025–2030", date(2025, 8, 1))
        tx.posts.appoint("office", accounts["archivist"], PostRole.STAFF, ALWAYS)
        tx.posts.appoint("office", accounts["official"], PostRole.HEAD, ALWAYS, "CHÁNH VĂN PHÒNG")
        tx.posts.appoint("office", accounts["clerk"], PostRole.CLERK, ALWAYS)
    values = TRANSFER_FORM | {"decision_date": today.isoformat()}
    opening = {"procedure": "official-transfer", "move": "open", "bodies": BODIES, "values": values}
    return Office(house, member, opening)

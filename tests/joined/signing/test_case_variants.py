"""Papers of cases that did not go straight, signed for real: each VALID to ourselves, accepted by EU DSS and veraPDF.

Late, recalled and struck through; by hand, returned, K/T and T/L; temporary; residence comment; a Word file. One town
for all, and one start of each judge. The straight way through a running house is tests/walk/test_whole_transfer.py.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from ingest.word_convert import word_to_pdf
from procedures.asking import Ask
from procedures.cases import open_case
from records.acting import Form, PostRole
from records.case import Case, Channel, current
from records.days import Span
from records.units import System, UnitFacts, UnitLevel
from signing.verdict import Answer
from signing.verify import verify_pdf
from storage import accounts
from storage.work import Work
from tests.cases.case_office import LETTER, TO_APPROVED, TO_ISSUED, WRITTEN, Offices
from tests.cases.case_town import SENDING, TO_AWAY, TO_SEALED, Town
from tests.cases.database import SqliteDatabase, TurnedClock
from tests.cases.party import SINCE, TODAY, Party
from tests.cases.procedure_world import TRANSFER_FORM, key
from tests.cases.sealing import World
from tests.cases.word_files import GAP, a_letter, a_word_file, demand_converter
from tests.tools import validators

SIGNERS = (
    "secretary@branch", "secretary@base", "secretary@ward", "secretary@ward2", "secretary@far", "head@office",
    "deputy@ward2", "order@ward2",
)  # fmt: skip
ON_PAPER = {"channel": Channel.PAPER, "scan_document_id": "quet-1"}
RESIDENCE = {"residence-branch": ("far",), "residence-ward": ("ward2",)}


@pytest.fixture(scope="module")
def offices(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """The town with keys for everybody who signs; a deputy and the head of an office stand in at the second ward."""
    folder = tmp_path_factory.mktemp("variants")
    patch = pytest.MonkeyPatch()
    patch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    tables = SqliteDatabase(folder / "vanthu.db").open()
    try:
        tables.migrate()
        town = Town(Party(Work(tables, TurnedClock())), folder / "town")
        stand_in(town)
        yield Offices(town, world, folder, SIGNERS, ("base", "ward", "ward2", "far"))
    finally:
        tables.dispose()
        patch.undo()


def stand_in(town: Town) -> None:
    span, secretary = Span(TODAY, TODAY + timedelta(days=5)), town.accounts["secretary@ward2"]
    with town.work.begin() as tx:
        deputy = town.party.holder(tx, "ward2", PostRole.DEPUTY_SECRETARY, title="PHÓ BÍ THƯ")
        tx.posts.delegate("ward2", PostRole.SECRETARY, secretary, deputy, Form.K_T, span)
        below = UnitFacts(UnitLevel.BODY, "Ban Xây dựng Đảng phường Lúa", parent_id="ward2")
        office = tx.units.add(System.PARTY, below, SINCE).id
        head = town.party.holder(tx, office, PostRole.HEAD, title="TRƯỞNG BAN")
        tx.posts.delegate("ward2", PostRole.SECRETARY, secretary, head, Form.T_L, span)
    town.accounts |= {"deputy@ward2": deputy, "order@ward2": head}


def late_recalled_and_struck(offices: Offices) -> tuple[Path, int]:
    """Sent in too late with a reason; the letter is taken back and its address struck through in a box of its own."""
    town, long_ago = offices.town, (TODAY - timedelta(days=120)).isoformat()
    ask = Ask("open", key(), bodies=SENDING, values=TRANSFER_FORM | {"decision_date": long_ago})
    case = open_case(town.desk.tools, town.person("lan"), "official-transfer", ask, town.member)
    case = offices.go("lan", case, "submit", values={"late_reason": "Nằm viện"})
    case = by_hand(offices, offices.go("secretary@branch", case, "take"))
    case = offices.walk(case, f"{TO_SEALED}, clerk@ward send-letter, clerk@ward recall-letter")
    right = {"box": 3, "note": "Đảng bộ phường Lúa, thành phố Mẫu", "comment": "Thiếu tên thành phố"}
    case = offices.go(
        "secretary@ward", case, "correct-letter", bodies={"receiving-upper": ("ward2",)}, **right
    )
    case = offices.walk(case, "secretary@ward sign-letter, clerk@ward seal-letter, clerk@ward send-letter")
    assert current(case).boxes[2].struck  # type: ignore[union-attr]
    return offices.newest(case), 4


def by_hand(offices: Offices, case: Case) -> Case:
    """The first two boxes, signed and stamped on paper: their electronic way is walked elsewhere."""
    case = offices.go("secretary@branch", case, "branch-approve", **ON_PAPER)
    return offices.go("secretary@base", case, "base-approve", **ON_PAPER)


def by_hand_returned_and_stood_in_for(offices: Offices) -> tuple[Path, int]:
    """The first boxes on paper; taken in by the deputy, sent back, and taken in again by order."""
    town = offices.town
    with town.work.begin() as tx:  # the first member's matter is on its way
        town.accounts["hoa"] = town.party.account(tx, "hoa")
        member = town.party.member(tx, account_id=town.accounts["hoa"], full_name="Đỗ Thị Hoa")
    ask = Ask("open", key(), bodies=SENDING, values=TRANSFER_FORM | {"full_name": "Đỗ Thị Hoa"})
    case = open_case(town.desk.tools, town.person("hoa"), "official-transfer", ask, member)
    case = offices.walk(case, "hoa submit, secretary@branch take")
    case = by_hand(offices, case)
    case = offices.walk(case, f"{TO_SEALED}, clerk@ward send-letter")
    receive = "upper-accept, clerk@ward2 seal-box-receiving-upper"
    case = offices.walk(
        case, f"deputy@ward2 {receive}, secretary@ward2 return-to-sender, clerk@ward send-letter"
    )
    case = offices.walk(case, f"order@ward2 {receive}")
    assert [hop.hop.signatory.authority for hop in town.boxes[-1:]] == [("T/L BAN THƯỜNG VỤ",)]
    return offices.newest(case), 6


def a_guest(offices: Offices) -> tuple[Path, int]:
    return offices.newest(offices.walk(offices.town.open_temporary(), TO_AWAY)), 2


def a_comment(offices: Offices) -> tuple[Path, int]:
    case = offices.go("lan", offices.open_comment(), "ask", bodies=RESIDENCE)
    case = offices.go("members-officer@far", case, "write", values=WRITTEN)
    return offices.newest(offices.walk(case, "secretary@far sign, clerk@ward2 seal")), 2


def a_word_document(offices: Offices) -> tuple[Path, int]:
    """Written in Word, made PDF by LibreOffice, its number and date burnt in."""
    with offices.town.work.reading() as tx:
        name = tx.accounts.get(offices.town.accounts["head@office"]).name
    word, made = offices.work_dir / "cong-van.docx", offices.work_dir / "cong-van.pdf"
    dated = f"Mẫu, ngày{GAP * 10}tháng{GAP * 10}năm {TODAY.year}"
    word_to_pdf(a_word_file(word, a_letter(signer=name, dated=dated)), made, word.name)
    case = offices.open_document({code: LETTER[code] for code in ("type", "subject", "recipients")})
    case = offices.go("staff@dept", case, "save", draft=offices.draft(made))
    return offices.newest(finished(offices, case)), 2


def finished(offices: Offices, case: Case) -> Case:
    return offices.walk(case, f"{TO_APPROVED}, {TO_ISSUED}")


@pytest.mark.validators
def test_papers_of_cases_that_went_other_ways_stand_before_every_judge(
    offices: Offices, world: World
) -> None:
    demand_converter()
    made = dict(
        variant(offices)
        for variant in (
            late_recalled_and_struck, by_hand_returned_and_stood_in_for, a_guest, a_comment, a_word_document,
        )
    )  # fmt: skip
    assert len(made) == 5
    for path, count in made.items():
        verdict = verify_pdf(path, world.roots, path.name)
        signatures = [one for one in verdict.signatures if one.kind == "signature"]
        assert (verdict.verdict, len(signatures)) == (Answer.VALID, count), (path.name, verdict)
    for path, said in validators.dss(list(made), world.roots[0]).items():
        assert [indication for _, indication in said.signatures] == ["TOTAL_PASSED"] * made[path], (
            path,
            said,
        )
        assert (said.errors, set(said.timestamps)) == ((), {"PASSED"}), (path, said)
    for path, told in validators.verapdf(list(made)).items():
        assert told.compliant, (path.name, told.failures)

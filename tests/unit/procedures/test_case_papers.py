"""Documents and comments from open to end on real rows, bytes and keys: drawn or handed in, numbered, signed, VALID."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from weasyprint import HTML

from procedures.asking import Ask
from procedures.case_desk import preview
from procedures.case_drawing import key_of
from procedures.case_said import template_of
from procedures.case_versions import version_of, what_changed
from procedures.cases import open_case, see_case
from procedures.opinions import opinions_of
from records.acting import PostRole
from records.case import Case, Channel, Signed, current
from records.days import Span
from records.errors import ArchiveFault, Conflict, Missing, NotAllowed, Unfit
from records.units import System
from signing.page_text import open_pages, read_page
from signing.verdict import Answer
from storage.number_values import NumberState
from tests.cases.case_office import DECISION, LETTER, TO_APPROVED, TO_ISSUED, WRITTEN, Offices
from tests.cases.case_town import TO_AWAY, Town
from tests.cases.party import TODAY, Party, PartyCases
from tests.cases.procedure_world import COMMENT_FORM, DEFINITIONS, key
from tests.cases.races import race
from tests.cases.sealing import World, at_home

_GAP = "\N{NO-BREAK SPACE}"
RESIDENCE = {"residence-branch": ("far",), "residence-ward": ("ward2",)}

_PAGE = """<!doctype html><html lang="vi"><meta charset="utf-8"><style>
@page {{ size: A4; margin: 20mm 15mm 25mm 30mm }} body {{ font: 13pt/1.35 "Noto Serif" }}
table {{ width: 100% }} td {{ text-align: center; vertical-align: top; width: 50% }}
i {{ white-space: nowrap }}
</style><table><tr><td>THÀNH ỦY MẪU<br><b>VĂN PHÒNG</b><br>*<br>{number}</td>
<td><b>ĐẢNG CỘNG SẢN VIỆT NAM</b><br><i>{dated}</i></td></tr></table>
<p style="text-align:center">Kính gửi: Các phòng</p><p>{text}</p>
<table style="margin-top:10mm"><tr><td></td><td><b>{title}</b><div style="height:28mm"></div><b>{name}</b></td></tr>
</table></html>"""


def a_file(path: Path, **said: str) -> Path:
    words = {
        "number": f"Số {_GAP * 10}-CV/VPTU",
        "dated": f"Mẫu, ngày {_GAP * 8} tháng {_GAP * 8} năm 2026",
        "text": "Đề nghị các phòng nộp lưu hồ sơ năm 2025.",
        "title": "CHÁNH VĂN PHÒNG",
        "name": "",
    }
    HTML(string=_PAGE.format(**(words | said))).write_pdf(path)
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return at_home(tmp_path_factory.mktemp("authority"))


class TestDocuments(PartyCases):
    @pytest.fixture
    def offices(self, party: Party, tmp_path: Path, world: World) -> Iterator[Offices]:
        yield Offices(Town(party, tmp_path / "town"), world, tmp_path)

    def _signer(self, offices: Offices) -> str:
        with offices.town.work.reading() as tx:
            return tx.accounts.get(offices.town.accounts["head@office"]).name

    def _text(self, path: Path) -> str:
        with open_pages(path) as pdf:
            return "\n".join(line.text for n in range(len(pdf)) for line in read_page(pdf, n + 1).lines)

    def _refused(self, offices: Offices, who: str, case: Case, move: str, **parts: object) -> ArchiveFault:
        with pytest.raises(ArchiveFault) as fault:
            offices.go(who, case, move, **parts)
        assert fault.value.tell.endswith((".", ")")), fault.value.tell
        with offices.town.work.reading() as tx:
            assert tx.cases.get(case.id) == case  # nothing was changed
        return fault.value

    def test_a_decision_from_its_template_to_its_issue(self, offices: Offices) -> None:
        case = offices.open_document(DECISION)
        shown = preview(offices.town.desk, offices.town.person("staff@dept"), case.id, Ask("present", key()))
        assert shown[:5] == b"%PDF-"
        case = offices.go("staff@dept", case, "present")
        presented = current(case)
        assert presented is not None and presented.number == ""
        assert "DỰ THẢO" in self._text(offices.newest(case))
        case = offices.walk(case, "head@dept unit-return, staff@dept present")
        assert [bool(paper.void) for paper in case.papers] == [True, False]  # what was presented stays
        case = offices.walk(case, TO_APPROVED.partition(", ")[2])
        foreseen = preview(
            offices.town.desk, offices.town.person("clerk@office"), case.id, Ask("number", key())
        )
        assert foreseen[:5] == b"%PDF-"
        case = offices.walk(case, TO_ISSUED)
        paper = current(case)
        assert paper is not None
        assert (case.state, paper.number, paper.dated) == ("issued", "01-QĐ/VPTU", TODAY)
        told = self._text(offices.newest(case))
        assert "Điều 3." in told and "Như Điều 3" in told and "Điều 1. Điều 1" not in told
        verdict = offices.verdict(case)
        assert verdict.verdict is Answer.VALID, verdict
        with offices.town.work.reading() as tx:
            number = tx.numbers.of_paper(f"{case.id}-2")
        assert number is not None and number.state is NumberState.ISSUED
        assert (number.type_name, number.entry.subject) == ("Quyết định", DECISION["subject"])
        case = offices.go("head@office", case, "recall", comment="Sai căn cứ pháp lý")
        assert case.state == "recalled"

    def test_a_file_handed_in_gets_number_day_and_mark_and_is_signed(
        self, offices: Offices, tmp_path: Path
    ) -> None:
        name = self._signer(offices)
        first = offices.draft(a_file(tmp_path / "v1.pdf", name=name, text="Nộp hồ sơ trước ngày 10."))
        second = offices.draft(a_file(tmp_path / "v2.pdf", name=name, text="Nộp hồ sơ trước ngày 15."))
        values = {code: LETTER[code] for code in ("type", "subject", "recipients")}
        case = offices.open_document(values)
        case = offices.go("staff@dept", case, "save", draft=first)
        case = offices.go("staff@dept", case, "consult", bodies={"consulted": ("room", "dept")})
        case = offices.go("staff@room", case, "give-opinion", comment="Lùi hạn đến ngày 15")
        seen = see_case(offices.town.desk.tools, offices.town.person("staff@room"), case.id)
        found = {one.unit_id: one for one in opinions_of(seen.case, seen.history)}
        assert [one.comment for one in found["room"].opinions] == ["Lùi hạn đến ngày 15"]
        assert (found["dept"].asked, found["dept"].opinions) == (True, ())
        case = offices.walk(case, "staff@dept collect")
        case = offices.go("staff@dept", case, "save", draft=second, values={"subject": "nộp lưu hồ sơ"})
        desk, person = offices.town.desk, offices.town.person("staff@dept")
        old, new = (version_of(desk.tools, person, case.id, n) for n in (2, 3))
        changed = what_changed(desk.blobs, desk.work_dir, desk.compare, old, new)
        said = [
            "".join(
                {"gone": f"[-{p.text}]", "new": f"[+{p.text}]"}.get(p.change, p.text) for p in line.pieces
            )
            for line in changed
            if line.change == "changed"
        ]
        assert "Nộp hồ sơ trước ngày [-10.][+15.]" in said
        assert any("Trích yếu: " in one and "[+nộp" in one for one in said), said
        case = offices.walk(case, f"{TO_APPROVED}, {TO_ISSUED}")
        paper = current(case)
        assert paper is not None and paper.number == "01-CV/VPTU"
        told = "".join(self._text(offices.newest(case)).split())
        assert "Nộphồsơtrướcngày15." in told and "01" in told and "23" in told and "11" in told
        assert offices.verdict(case).verdict is Answer.VALID
        assert [one.draft for one in seen.versions][-1] == first

    def test_what_a_file_lacks_is_told_when_it_is_presented(self, offices: Offices, tmp_path: Path) -> None:
        name = self._signer(offices)
        values = {code: LETTER[code] for code in ("type", "subject", "recipients")}
        case = offices.open_document(values)
        wrong = {
            "upload-signature-block": {"name": "Trần Văn Khác"},
            "upload-rooms": {"name": name, "number": "Số 12-CV/VPTU"},
            "upload-notation": {"name": name, "number": f"Số {_GAP * 10}-QĐ/VPTU"},
            "upload-year": {"name": name, "dated": f"Mẫu, ngày {_GAP * 8} tháng {_GAP * 8} năm 2025"},
            "upload-year-apart": {"name": name, "dated": f"ngày {_GAP * 8} tháng {_GAP * 8} năm<br>2026"},
        }
        assert self._refused(offices, "staff@dept", case, "present").code == "draft-missing"
        for code, said in wrong.items():
            case = offices.go(
                "staff@dept", case, "save", draft=offices.draft(a_file(tmp_path / f"{code}.pdf", **said))
            )
            assert self._refused(offices, "staff@dept", case, "present").code == code

    def test_a_signer_who_changed_meanwhile_is_missed_on_the_file(
        self, offices: Offices, tmp_path: Path
    ) -> None:
        values = {code: LETTER[code] for code in ("type", "subject", "recipients")}
        case = offices.open_document(values)
        file = a_file(tmp_path / "v.pdf", name=self._signer(offices))
        case = offices.walk(offices.go("staff@dept", case, "save", draft=offices.draft(file)), TO_APPROVED)
        town = offices.town
        with town.work.begin() as tx:
            (held,) = tx.posts.of_account(town.accounts["head@office"], TODAY)
            tx.posts.end_post(held.id, TODAY.replace(day=22))
            town.accounts["head@office"] = town.party.holder(
                tx, "office", PostRole.HEAD, Span(TODAY), "CHÁNH VĂN PHÒNG"
            )
        assert self._refused(offices, "clerk@office", case, "number").code == "upload-signature-block"
        with town.work.reading() as tx:
            assert tx.numbers.of_paper(f"{case.id}-1") is None

    def test_what_a_template_lacks_and_what_it_cannot_be(self, offices: Offices) -> None:
        without = {code: value for code, value in DECISION.items() if code != "competence"}
        case = offices.open_document(without)
        fault = self._refused(offices, "staff@dept", case, "present")
        assert fault.code == "paper-field-missing" and "“Thẩm quyền ban hành”" in fault.tell
        case = offices.go("staff@dept", case, "save", values={"type": "26"})
        fault = self._refused(offices, "staff@dept", case, "present")
        assert fault.code == "paper-field-missing" and "“Kính mời”" in fault.tell
        definition = DEFINITIONS.get("outgoing-document", 1)
        with pytest.raises(Unfit) as lacking:  # a type that bodies of the State do not have
            template_of(definition, definition.papers["document"], {"type": "03"}, System.STATE)
        assert lacking.value.code == "paper-template-missing" and "Chỉ thị" in lacking.value.tell
        for values in ({"secrecy": "C"}, {"secrecy": "A"}):
            with pytest.raises(Unfit) as secret:
                offices.open_document(LETTER | values)
            assert secret.value.code == "secret-on-paper"

    def test_a_secret_paper_goes_by_paper_alone_and_is_numbered_as_one(self, offices: Offices) -> None:
        person, tools = offices.town.person("clerk@office"), offices.town.desk.tools
        values = {code: LETTER[code] for code in ("type", "subject", "recipients")} | {"secrecy": "C"}
        ask = Ask(
            "open-on-paper",
            key(),
            channel=Channel.PAPER,
            bodies={"issuer": ("office",)},
            values=values,
            scan_document_id="quet-1",
        )
        case = open_case(tools, person, "outgoing-document", ask)
        assert case.state == "approved"
        assert self._refused(offices, "clerk@office", case, "number").code == "secret-on-paper"
        case = offices.go("clerk@office", case, "number", channel=Channel.PAPER)
        with offices.town.work.reading() as tx:
            number = tx.numbers.of_paper(f"{case.id}-1")
        assert number is not None and number.secret
        one = Signed("official", "0" * 64, "1" * 64, "s")
        assert self._refused(offices, "head@office", case, "sign", signed=(one,)).code == "secret-on-paper"
        for who, move in (("head@office", "sign"), ("clerk@office", "seal")):
            case = offices.go(who, case, move, channel=Channel.PAPER, scan_document_id="quet-2")
        assert offices.walk(case, "clerk@office issue").state == "issued"

    def test_wrong_people_and_two_at_once(self, offices: Offices) -> None:
        case = offices.go("staff@dept", offices.open_document(LETTER), "present")
        assert self._refused(offices, "staff@dept", case, "unit-approve").code == "move-not-yours"
        with pytest.raises(Missing):
            offices.go("staff@room", case, "unit-approve")
        with pytest.raises(Missing):
            preview(offices.town.desk, offices.town.person("staff@room"), case.id, Ask("present", key()))
        with pytest.raises(NotAllowed):
            offices.open_document(LETTER, "clerk@office")

        def step(number: int) -> str:
            move = ("unit-approve", "unit-return")[number % 2]
            return offices.go("head@dept", case, move).state

        ends = race(step)
        done = [end for end in ends if isinstance(end, str)]
        lost = [end for end in ends if isinstance(end, Conflict)]
        assert len(done) == 1 and len(lost) == len(ends) - 1
        assert {end.code for end in lost} == {"case-moved"}

    def test_another_paper_than_was_seen_is_not_numbered(self, offices: Offices) -> None:
        case = offices.walk(offices.open_document(LETTER), TO_APPROVED)
        fault = self._refused(offices, "clerk@office", case, "number", paper_sha256="0" * 64)
        assert fault.code == "revision-changed"
        with offices.town.work.reading() as tx:
            assert tx.numbers.of_paper(f"{case.id}-1") is None


class TestComments(PartyCases):
    @pytest.fixture
    def offices(self, party: Party, tmp_path: Path, world: World) -> Offices:
        return Offices(Town(party, tmp_path / "town"), world, tmp_path)

    def test_a_comment_is_written_signed_sealed_and_goes_back(self, offices: Offices) -> None:
        case = offices.go("lan", offices.open_comment(), "ask", bodies=RESIDENCE)
        case = offices.go("members-officer@far", case, "write", values=WRITTEN)
        assert offices.town.drawn[-1].signatory.title == "BÍ THƯ"  # who writes is not who signs
        case = offices.walk(case, "secretary@far sign, clerk@ward2 seal")
        assert case.state == "answered" and case.ended
        verdict = offices.verdict(case)
        assert verdict.verdict is Answer.VALID, verdict
        with open_pages(offices.newest(case)) as pdf:
            told = " ".join(" ".join(line.text for line in read_page(pdf, 1).lines).split())
        assert "PHIẾU NHẬN XÉT" in told and "TRẦN THỊ LAN" in told and "DỰ THẢO" not in told
        assert "Chi bộ Trạm Lúa" in told and "Gương mẫu" in told and "Số" not in told.split("PHIẾU")[0]
        seen = see_case(offices.town.desk.tools, offices.town.person("lan"), case.id)
        assert set(seen.measured) == {"answering"}

    def test_nobody_comments_on_themselves(self, offices: Offices) -> None:
        town = offices.town
        with town.work.begin() as tx:
            member = town.party.member(
                tx, "branch", town.accounts["secretary@far"], full_name="Nguyễn Thị Sen"
            )
        town.accounts["sen"] = town.accounts["secretary@far"]
        ask = Ask(
            "open", key(), bodies={"work-branch": ("branch",)},
            values={**COMMENT_FORM, "full_name": "Nguyễn Thị Sen"},
        )  # fmt: skip
        case = open_case(town.desk.tools, town.person("sen"), "residence-comment", ask, member)
        case = offices.go("sen", case, "ask", bodies=RESIDENCE)
        with pytest.raises(Unfit) as fault:
            offices.go("sen", case, "write", values=WRITTEN)
        assert fault.value.code == "own-case"
        case = offices.go("members-officer@far", case, "write", values=WRITTEN)
        with pytest.raises(Unfit) as fault:
            offices.go("sen", case, "sign")
        assert fault.value.code == "own-case"

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"exempt_class": "rotated"}, "exempt"),
            ({"exempt_class": "special-task", "purpose": "reward"}, "exempt"),
            ({"exempt_class": ""}, "form-incomplete"),
        ],
    )
    def test_who_is_exempt_is_told_why(self, offices: Offices, values: dict, code: str) -> None:
        case = offices.open_comment(**values)
        with pytest.raises(Unfit) as fault:
            offices.go("lan", case, "ask", bodies=RESIDENCE)
        assert fault.value.code == code

    @pytest.mark.parametrize(
        "values", [{"card_number": "123456789"}, {"birth_date": "1985-02-30"}, {"birth_date": "2999-01-01"}]
    )
    def test_impossible_answers(self, offices: Offices, values: dict) -> None:
        with pytest.raises(Unfit) as fault:
            offices.open_comment(**values)
        assert fault.value.code == "form-unfit"

    def test_a_branch_that_is_not_under_the_ward_is_refused(self, offices: Offices) -> None:
        wrong = {**RESIDENCE, "residence-ward": ("ward",)}
        with pytest.raises(Unfit) as fault:
            offices.go("lan", offices.open_comment(), "ask", bodies=wrong)
        assert fault.value.code == "unit-not-under"

    def test_a_temporary_letter_is_drawn_numbered_and_kept(self, offices: Offices) -> None:
        town = offices.town
        case = town.open_temporary(reason="work", from_date="2026-12-01", to_date="2027-06-30")
        case = town.walk(case, TO_AWAY.partition(", secretary@far")[0])
        paper = current(case)
        assert paper is not None and paper.number == "01-GT/ĐU" and key_of(paper)

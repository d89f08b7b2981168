"""Papers of cases on real rows and bytes: drafts, numbers in the move's transaction, overtaken, shown, void."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from procedures.asking import Ask
from procedures.case_desk import move_with_paper
from procedures.case_drawing import key_of
from procedures.number_rules import Notation
from procedures.number_steps import Wish
from procedures.numbering import take
from records.acting import Form, PostRole
from records.case import Case, Channel, current
from records.days import Span
from records.errors import Away, Conflict, Missing, NotAllowed, Unfit
from records.units import System
from signing.page_text import open_pages, read_page
from storage.blobs import Unavailable
from storage.number_values import Entry, NumberState
from storage.work import Work
from tests.cases.case_town import APPROVE, BASE_APPROVE, TO_APPROVED, TO_REVIEW, TO_SEALED, Town
from tests.cases.database import TurnedClock
from tests.cases.party import TODAY, Party, PartyCases

OTHER = Entry(subject="Giấy giới thiệu khác")


def text_of(town: Town, sha256: str, tmp_path: Path) -> str:
    path = tmp_path / f"{sha256}.pdf"
    town.blobs.copy_out(f"drawn/{sha256[:2]}/{sha256}.pdf", path, sha256)
    with open_pages(path) as document:
        return " ".join(line.text for line in read_page(document, 1).lines)


def another_number(work: Work, account: str) -> str:
    with work.begin() as tx:
        wish = Wish("ward", System.PARTY, "Giấy giới thiệu", Notation("ĐU"), f"other-{account[:8]}", OTHER)
        return take(tx, account, wish).written


class TestPapers(PartyCases):
    @pytest.fixture
    def town(self, party: Party, tmp_path: Path) -> Town:
        return Town(party, tmp_path / "town")

    def test_drafts_on_the_way_up_and_a_number_with_its_letter(self, town: Town, tmp_path: Path) -> None:
        case = town.walk(town.open(), f"{TO_REVIEW}, secretary@branch branch-approve")
        draft = current(case)
        assert draft is not None and (draft.number, len(draft.signed)) == ("", 1)
        sheet = town.drawn[-1]
        assert (sheet.draft, sheet.organ.name, sheet.signatory.authority) == (
            True,
            "CHI BỘ TỔ TOÁN",
            ("T/M CHI BỘ",),
        )
        case = town.walk(case, f"clerk@base seal-box-branch, {BASE_APPROVE}, clerk@ward number-letter")
        paper = current(case)
        assert paper is not None
        assert (paper.number, paper.dated) == ("01-GT/ĐU", TODAY)
        told = text_of(town, paper.sha256, tmp_path)
        assert "01-GT/ĐU" in told and "TRẦN THỊ LAN" in told
        for words in (
            "Đảng bộ Trường Sen",
            "T/M CHI BỘ",
            "2. Kính chuyển",
            "Đảng bộ phường Sen",
            "T/M ĐẢNG ỦY",
        ):
            assert words in told  # the boxes of the sending side, printed
        assert told.count("(đã ký số và đóng dấu trên bản chưa có số)") == 2
        assert town.drawn[-1].organ.superior == "ĐẢNG BỘ THÀNH PHỐ MẪU"
        with town.work.reading() as tx:
            number = tx.numbers.of_paper(f"{case.id}-1")
            kept = tx.objects.get(key_of(paper))
            assert tx.intents.older_than(datetime(2100, 1, 1, tzinfo=UTC)) == []
        assert number is not None and number.state is NumberState.ISSUED
        assert (number.entry.recipients, "Lan" in number.entry.subject) == ("Đảng bộ phường Lúa", True)
        assert kept is not None and kept.sha256 == paper.sha256

    def test_what_a_body_writes_is_drawn_for_its_box_and_what_was_signed_is_what_counts(
        self, town: Town
    ) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, clerk@ward number-letter")
        ask = town.ask("secretary@ward", case, "sign-letter")
        box = town.boxes[-1]
        assert (box.number, box.hop.to, box.hop.signatory.authority) == (
            3, "Đảng bộ phường Lúa", ("T/M BAN THƯỜNG VỤ",),
        )  # fmt: skip
        for other in (
            replace(ask, words_sha256=""),
            replace(ask, words_sha256="0" * 64),
            replace(ask, note="Khác"),
        ):
            with pytest.raises(Conflict) as fault:
                move_with_paper(town.desk, town.person("secretary@ward"), case.id, case.revision, other)
            assert fault.value.code == "revision-changed"
        with pytest.raises(Conflict) as fault:
            town.go("secretary@ward", case, "sign-letter", paper_sha256="0" * 64)
        assert fault.value.code == "revision-changed"
        case = move_with_paper(town.desk, town.person("secretary@ward"), case.id, case.revision, ask)
        case = town.walk(case, "clerk@ward seal-letter")
        # a wrong addressee is struck through legibly, in the next free box
        right = {"box": 3, "note": "Đảng bộ phường Lúa (không phải phường Sen)", "comment": "Ghi nhầm"}
        case = town.go("secretary@ward", case, "correct-letter", **right)
        case = town.go("secretary@ward", case, "sign-letter")
        box = town.boxes[-1]
        assert (box.number, box.hop.corrects, box.hop.struck) == (4, 3, ("Đảng bộ phường Lúa",))
        assert box.hop.note == right["note"]
        paper = current(case)
        assert paper is not None and [one.number for one in paper.boxes] == [1, 2, 4]

    def test_ten_boxes_are_all_there_are(self, town: Town) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, {TO_SEALED}, clerk@ward send-letter")
        for _ in range(7):
            case = town.walk(case, "secretary@ward2 upper-accept, secretary@far base-back")
        with pytest.raises(Unfit) as fault:
            town.go("secretary@ward2", case, "upper-accept")
        assert fault.value.code == "letter-box-unknown"

    def test_who_is_overtaken_gets_the_next_number_and_a_letter_that_says_so(
        self, town: Town, tmp_path: Path
    ) -> None:
        case = town.walk(town.open(), TO_APPROVED)
        clerk = town.accounts["clerk@ward"]
        drawn: list[str] = []

        def draw(*given: Any) -> bytes:
            if not drawn:
                drawn.append(another_number(town.work, clerk))
            return town._draw(*given)

        town.desk = replace(town.desk, draw=draw)
        case = town.go("clerk@ward", case, "number-letter")
        paper = current(case)
        assert drawn == ["01-GT/ĐU"] and paper is not None and paper.number == "02-GT/ĐU"
        assert "02-GT/ĐU" in text_of(town, paper.sha256, tmp_path)

    def test_a_move_that_fails_leaves_no_number(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        case = town.walk(town.open(), TO_APPROVED)
        asked = town.ask("clerk@ward", case, "number-letter")
        monkeypatch.setattr(town.blobs, "put_once", lambda *_: Unavailable("gone"))
        with pytest.raises(Away):
            move_with_paper(town.desk, town.person("clerk@ward"), case.id, case.revision, asked)
        monkeypatch.undo()
        with town.work.reading() as tx:
            assert tx.numbers.of_paper(f"{case.id}-1") is None
            assert tx.cases.get(case.id) == case
        done = move_with_paper(town.desk, town.person("clerk@ward"), case.id, case.revision, asked)
        again = move_with_paper(town.desk, town.person("clerk@ward"), case.id, case.revision, asked)
        paper = current(done)
        assert (again, paper and paper.number) == (done, "01-GT/ĐU")
        with pytest.raises(Conflict) as fault:
            late = replace(asked, key="another")
            move_with_paper(town.desk, town.person("clerk@ward"), case.id, case.revision, late)
        assert fault.value.code == "case-moved"

    def test_what_was_shown_is_what_is_drawn_to_the_byte(self, town: Town) -> None:
        case = town.walk(town.open(), TO_REVIEW)
        ask = town.ask("secretary@branch", case, "branch-approve")
        shown = ask.signed[0].before_sha256
        with pytest.raises(Conflict) as fault:
            town.go("secretary@branch", case, "branch-approve", paper_sha256="0" * 64)
        assert fault.value.code == "revision-changed"
        moved = move_with_paper(
            town.desk,
            town.person("secretary@branch"),
            case.id,
            case.revision,
            replace(ask, paper_sha256=shown),
        )
        assert moved.state == "branch-approved"

    def test_a_signature_on_something_else_is_refused(self, town: Town) -> None:
        case = town.walk(town.open(), TO_REVIEW)
        ask = town.ask("secretary@branch", case, "branch-approve")
        other = replace(ask.signed[0], before_sha256="1" * 64)
        with pytest.raises(Unfit) as fault:
            town.go("secretary@branch", case, "branch-approve", signed=(other,))
        assert fault.value.code == "paper-altered"

    def test_a_wrong_first_box_voids_letter_and_number_and_the_new_one_has_the_next(self, town: Town) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, {TO_SEALED}")
        with town.work.reading() as tx:
            number = tx.numbers.of_paper(f"{case.id}-1")
        assert number is not None
        reason = "Ô 1 ghi sai ngày sinh. " * 40
        case = town.go("secretary@ward", case, "new-letter", comment=reason)
        assert case.papers[0].void == reason
        with town.work.reading() as tx:
            struck = tx.numbers.find(number.id)
        assert struck is not None and struck.state is NumberState.VOID
        assert struck.void_reason and reason.startswith(struck.void_reason)
        case = town.walk(case, f"{APPROVE}, clerk@ward number-letter")
        assert [paper.number for paper in case.papers] == ["01-GT/ĐU", "02-GT/ĐU"]

    def test_sent_back_unsigned_and_numbered_again_keeps_its_number(self, town: Town) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, clerk@ward number-letter")
        case = town.walk(case, "secretary@ward return-number, clerk@ward number-letter")
        assert [paper.number for paper in case.papers] == ["01-GT/ĐU"]

    def test_who_may_not_move_draws_nothing(self, town: Town) -> None:
        case = town.walk(town.open(), TO_APPROVED)
        before = len(town.drawn)
        with pytest.raises(NotAllowed):
            town.go("secretary@ward", case, "number-letter")
        with pytest.raises(Missing):
            town.go("clerk@ward2", case, "number-letter")
        assert len(town.drawn) == before

    def test_a_place_that_is_not_in_the_books_is_told(self, town: Town) -> None:
        case = town.walk(town.open(), TO_APPROVED)
        with town.work.begin() as tx:
            facts = replace(tx.units.get("ward", TODAY).facts, short_name="")
            tx.units.change("ward", facts, TODAY)
        with pytest.raises(Unfit) as fault:
            town.go("clerk@ward", case, "number-letter")
        assert fault.value.code == "unit-place-missing"

    def test_a_deputy_who_stands_in_is_named_as_one(self, town: Town) -> None:
        case = town.walk(town.open(), TO_REVIEW)
        with town.work.begin() as tx:
            deputy = town.party.holder(tx, "branch", PostRole.DEPUTY_SECRETARY, title="PHÓ BÍ THƯ")
            head = town.accounts["secretary@branch"]
            span = Span(TODAY, TODAY.replace(day=30))
            tx.posts.delegate("branch", PostRole.SECRETARY, head, deputy, Form.K_T, span)
        town.accounts["deputy"] = deputy
        case = town.go("deputy", case, "branch-approve")
        who = town.drawn[-1].signatory
        assert (who.title, who.authority) == ("PHÓ BÍ THƯ", ("K/T BÍ THƯ",))

    def test_on_paper_a_number_is_ours_and_nothing_is_drawn(self, town: Town) -> None:
        case = town.walk(town.open(), TO_APPROVED)
        before = len(town.drawn)
        case = town.go("clerk@ward", case, "number-letter", channel=Channel.PAPER, scan_document_id="quet-1")
        paper = current(case)
        assert paper is not None and (paper.number, paper.sha256) == ("01-GT/ĐU", "")
        assert len(town.drawn) == before

    def test_what_was_signed_before_midnight_is_moved_after_it(self, town: Town, clock: TurnedClock) -> None:
        case = town.walk(town.open(), TO_REVIEW)
        clock.turn(hours=8, minutes=59)  # a minute before midnight in Vietnam
        approve = town.ask("secretary@branch", case, "branch-approve")
        clock.turn(minutes=2)
        case = self._moved(town, "secretary@branch", case, approve)
        case = town.go("clerk@base", case, "seal-box-branch")
        further = town.ask("secretary@base", case, "base-approve")
        clock.turn(days=9)  # over Tết
        case = self._moved(town, "secretary@base", case, further)
        paper = current(case)
        assert paper is not None and len(paper.signed) == 3
        assert [box.day for box in paper.boxes] == [TODAY, TODAY + timedelta(days=1)]
        with town.work.reading() as tx:
            days = [move.evidence.get("day", "") for move in tx.cases.history(case.id)]
        assert [day for day in days if day] == [TODAY.isoformat(), (TODAY + timedelta(days=1)).isoformat()]

    def test_what_was_signed_too_long_ago_or_says_something_else_is_signed_anew(
        self, town: Town, clock: TurnedClock
    ) -> None:
        case = town.walk(town.open(), TO_REVIEW)
        who, approve = "secretary@branch", town.ask("secretary@branch", case, "branch-approve")
        clock.turn(days=11)
        with pytest.raises(Unfit, match="signed") as fault:
            self._moved(town, who, case, approve)
        assert fault.value.code == "paper-altered" and "quá 10 ngày" in fault.value.tell
        case = town.walk(case, f"{who} branch-approve, clerk@base seal-box-branch")
        further = town.ask("secretary@base", case, "base-approve")
        clock.turn(days=1)
        changed = replace(further, note="lời khác")
        with pytest.raises(Conflict) as conflict:
            self._moved(town, "secretary@base", case, changed)
        assert conflict.value.code == "revision-changed"
        assert self._moved(town, "secretary@base", case, further).papers[-1].boxes[
            1
        ].day == TODAY + timedelta(11)

    @staticmethod
    def _moved(town: Town, who: str, case: Case, ask: Ask) -> Case:
        return move_with_paper(town.desk, town.person(who), case.id, case.revision, ask)

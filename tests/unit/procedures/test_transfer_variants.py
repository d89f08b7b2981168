"""A transfer that does not go straight: returned, late, recalled, by hand, by who stands in, barred; on real rows."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from procedures.asking import Ask
from procedures.cases import open_case, see_case
from records.acting import Form, PostRole
from records.case import Channel, InName, current
from records.days import Span
from records.errors import ArchiveFault, NotAllowed, Unfit
from records.membership import MarkKind, MembershipKind
from records.units import System, UnitFacts, UnitLevel
from tests.cases.case_town import APPROVE, RECEIVE, SENDING, TO_APPROVED, TO_REVIEW, TO_SEALED, Town
from tests.cases.database import TurnedClock
from tests.cases.party import SINCE, TODAY, Party, PartyCases
from tests.cases.procedure_world import TRANSFER_FORM, key

ON_PAPER = {"channel": Channel.PAPER, "scan_document_id": "quet-1"}
HERE = {"receiving-upper": ("ward2",)}


def code_of(town: Town, who: str, case: object, move: str, **parts: object) -> str:
    with pytest.raises(ArchiveFault) as fault:
        town.go(who, case, move, **parts)  # type: ignore[arg-type]
    assert fault.value.tell.endswith((".", ")"))
    return fault.value.code


class TestVariants(PartyCases):
    @pytest.fixture
    def town(self, party: Party, tmp_path: Path) -> Town:
        return Town(party, tmp_path / "town")

    def at_ward2(self, town: Town) -> object:
        return town.walk(town.open(), f"{TO_APPROVED}, {TO_SEALED}, clerk@ward send-letter")

    def test_returned_all_the_way_and_sent_again_the_boxes_go_on(self, town: Town) -> None:
        case = self.at_ward2(town)
        case = town.walk(case, "secretary@ward2 upper-accept, clerk@ward2 seal-box-receiving-upper")
        case = town.walk(case, "secretary@ward2 return-to-sender, clerk@ward send-letter")
        case = town.walk(case, RECEIVE.partition(",")[2].strip())
        letter = current(case)
        assert case.state == "closed" and letter is not None
        assert [(box.ordinal, box.number) for box in letter.boxes] == [
            (1, 1),
            (2, 2),
            (3, 3),
            (4, 5),
            (5, 6),
            (6, 7),
        ]
        assert not any(box.struck for box in letter.boxes)  # the same words a second time
        assert [one.profile for one in letter.signed] == ["hop", "hop-seal"] * 7

    def test_recalled_and_sent_elsewhere_the_wrong_address_is_struck_through(self, town: Town) -> None:
        case = self.at_ward2(town)
        case = town.walk(case, "clerk@ward recall-letter")
        right = {"box": 3, "note": "Đảng bộ phường Lúa, thành phố Mẫu", "comment": "Thiếu tên thành phố"}
        case = town.go("secretary@ward", case, "correct-letter", bodies=HERE, **right)
        case = town.walk(case, f"secretary@ward sign-letter, clerk@ward seal-letter, {RECEIVE}")
        letter = current(case)
        assert case.state == "closed" and letter is not None and letter.number == "01-GT/ĐU"
        assert [box.number for box in letter.boxes] == [1, 2, 4, 5, 6, 7]
        assert letter.boxes[2].struck[0].reason == "Thiếu tên thành phố"

    def test_late_twice_and_a_reason_is_demanded_each_time(self, town: Town, clock: TurnedClock) -> None:
        long_ago = (TODAY - timedelta(days=120)).isoformat()
        ask = Ask("open", key(), bodies=SENDING, values=TRANSFER_FORM | {"decision_date": long_ago})
        case = open_case(town.desk.tools, town.person("lan"), "official-transfer", ask, town.member)
        assert code_of(town, "lan", case, "submit") == "late-without-reason"
        case = town.go("lan", case, "submit", values={"late_reason": "Nằm viện"})
        case = town.walk(case, f"secretary@branch take, {APPROVE}, {TO_SEALED}, clerk@ward send-letter")
        case = town.walk(case, ", ".join(RECEIVE.split(", ")[1:5]))
        clock.turn(days=60)
        (due,) = see_case(town.desk.tools, town.person("secretary@far"), case.id).due
        assert due.overdue
        assert code_of(town, "secretary@far", case, "branch-admit") == "late-without-reason"
        case = town.go("secretary@far", case, "branch-admit", values={"late_present_reason": "Đi công tác"})
        assert case.state == "branch-admitted"

    def test_a_letter_that_comes_in_on_paper_goes_on_on_paper(self, town: Town) -> None:
        values = {name: TRANSFER_FORM[name] for name in ("full_name", "birth_date", "new_place")}
        ask = Ask(
            "open-on-paper", key(), bodies=HERE, values=values, number="7-GTSHĐ", dated=TODAY, **ON_PAPER
        )
        with town.work.begin() as tx:
            member = town.party.member(tx, None, full_name="Trần Thị Lan")
        case = open_case(town.desk.tools, town.person("clerk@ward2"), "official-transfer", ask, member)
        assert code_of(town, "secretary@ward2", case, "upper-accept") == "paper-not-drawn"
        for who, move in (
            ("secretary@ward2", "upper-accept"), ("secretary@far", "base-accept"), ("secretary@far", "branch-admit"),
        ):  # fmt: skip
            case = town.go(who, case, move, **ON_PAPER)
        case = town.go("members-officer@far", case, "close")
        with town.work.reading() as tx:
            home = tx.memberships.standing(member).link(MembershipKind.OFFICIAL, TODAY)
        assert case.state == "closed" and home is not None and home.unit_id == "far"
        letter = current(case)
        assert letter is not None and (letter.number, letter.sha256, letter.signed) == ("7-GTSHĐ", "", ())

    def test_boxes_by_hand_are_printed_into_the_letter_as_such(self, town: Town) -> None:
        case = town.go("secretary@branch", town.walk(town.open(), TO_REVIEW), "branch-approve", **ON_PAPER)
        case = town.go("secretary@base", case, "base-approve", **ON_PAPER)
        case = town.go("clerk@ward", case, "number-letter")
        sheet = town.drawn[-1]
        assert [hop.to for hop in sheet.printed] == ["Đảng bộ Trường Sen", "Đảng bộ phường Sen"]
        assert {hop.proof for hop in sheet.printed} == {"(đã ký và đóng dấu trên bản giấy)"}
        case = town.walk(case, "secretary@ward sign-letter, clerk@ward seal-letter")
        assert town.boxes[-1].number == 3

    def test_who_stands_in_says_so_in_the_box(self, town: Town) -> None:
        case = self.at_ward2(town)
        with town.work.begin() as tx:
            deputy = town.party.holder(tx, "ward2", PostRole.DEPUTY_SECRETARY, title="PHÓ BÍ THƯ")
            head = town.accounts["secretary@ward2"]
            span = Span(TODAY, TODAY + timedelta(days=5))
            tx.posts.delegate("ward2", PostRole.SECRETARY, head, deputy, Form.K_T, span)
        town.accounts["deputy"] = deputy
        case = town.go("deputy", case, "upper-accept")
        who = town.boxes[-1].hop.signatory
        assert (who.title, who.authority) == ("PHÓ BÍ THƯ", ("K/T BÍ THƯ",))
        letter = current(case)
        assert letter is not None and letter.boxes[-1].form == InName.DEPUTY

    def test_by_order_of_the_head_right_above(self, town: Town, clock: TurnedClock) -> None:
        case = self.at_ward2(town)
        with town.work.begin() as tx:
            span = Span(TODAY, TODAY + timedelta(days=1))
            desk = UnitFacts(UnitLevel.BODY, "Ban Xây dựng Đảng phường Lúa", parent_id="ward2")
            below = tx.units.add(System.PARTY, desk, SINCE).id
            head = town.accounts["head"] = town.party.holder(tx, below, PostRole.HEAD, title="TRƯỞNG BAN")
            given = town.accounts["secretary@ward2"], head
            tx.posts.delegate("ward2", PostRole.SECRETARY, *given, Form.T_L, span)
        clock.turn(days=2)
        with pytest.raises(ArchiveFault):  # it has ended, and the case is not theirs to see
            town.go("head", case, "upper-accept")
        clock.turn(days=-2)
        case = town.go("head", case, "upper-accept")
        assert town.boxes[-1].hop.signatory.authority == ("T/L BAN THƯỜNG VỤ",)
        assert case.state == "upper-received"

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            (MarkKind.INSPECTION, "under-inspection"),
            (MarkKind.ARMY, "out-of-scope"),
            (MarkKind.POLICE, "out-of-scope"),
        ],
    )
    def test_barred_from_the_day_on_and_nothing_is_changed(
        self, town: Town, kind: MarkKind, code: str
    ) -> None:
        case = town.open()
        with town.work.begin() as tx:
            tx.marks.add(town.member, kind, Span(TODAY), "")
        assert code_of(town, "lan", case, "submit") == code
        with town.work.reading() as tx:
            assert tx.cases.get(case.id) == case

    def test_an_inspection_that_begins_on_the_way_stops_the_letter_before_it_is_signed(
        self, town: Town
    ) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, clerk@ward number-letter")
        with town.work.begin() as tx:
            tx.marks.add(town.member, MarkKind.INSPECTION, Span(TODAY), "QĐ kiểm tra")
        assert code_of(town, "secretary@ward", case, "sign-letter") == "under-inspection"
        case = town.go("secretary@ward", case, "new-letter", comment="Chờ kết luận kiểm tra")
        assert case.papers[0].void

    def test_a_signer_without_the_role_signs_nothing(self, town: Town) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, clerk@ward number-letter")
        asked = town.ask("secretary@ward", case, "sign-letter")
        with pytest.raises(NotAllowed):
            town.go("clerk@ward", case, "sign-letter", signed=asked.signed)
        with pytest.raises(Unfit) as fault:  # the seal where a hand is due
            wrong = tuple(replace(one, profile="hop-seal") for one in asked.signed)
            town.go("secretary@ward", case, "sign-letter", signed=wrong, words_sha256=asked.words_sha256)
        assert fault.value.code == "not-signed"

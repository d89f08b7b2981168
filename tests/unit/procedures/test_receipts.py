"""Receipts and waiting lists of a transfer on real rows: who has it, opened it, sent it back; for whom it waits."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from procedures.receipts import Look, Receipt, receipts_of
from procedures.waiting import waiting_for
from records.case import Case
from tests.cases.case_town import TO_APPROVED, TO_SEALED, Town
from tests.cases.party import Party, PartyCases
from tests.cases.procedure_world import DEFINITIONS


class TestReceipts(PartyCases):
    @pytest.fixture
    def town(self, party: Party, tmp_path: Path) -> Town:
        return Town(party, tmp_path)

    def receipts(self, town: Town, case: Case, *looks: Look) -> list[Receipt]:
        with town.work.reading() as tx:
            history = tx.cases.history(case.id)
        return receipts_of(DEFINITIONS.get(case.procedure, case.version), history, looks)

    def waits(self, town: Town, who: str, desk: str) -> list[tuple[str, list[str]]]:
        with town.work.reading() as tx:
            found, total = waiting_for(tx, town.desk.tools, town.person(who), desk, 50, 0)
        assert total == len(found)
        return [(one.case.state, [choice.move.code for choice in one.choices]) for one in found]

    def sent(self, town: Town) -> Case:
        return town.walk(town.open(), f"{TO_APPROVED}, {TO_SEALED}, clerk@ward send-letter")

    def test_delivered_opened_acknowledged_and_taken_on(self, town: Town) -> None:
        case = self.sent(town)
        last = self.receipts(town, case)[-1]
        assert (last.from_body, last.from_unit, last.body, last.units) == (
            "sending-upper", "ward", "receiving-upper", ("ward2",),
        )  # fmt: skip
        assert last.stage == "delivered"
        at = last.delivered_at
        strangers = (
            Look(at + timedelta(minutes=1), "who-sent-it", frozenset({"ward"})),
            Look(at - timedelta(minutes=1), "too-early", frozenset({"ward2"})),
        )
        assert self.receipts(town, case, *strangers)[-1].stage == "delivered"
        look = Look(at + timedelta(seconds=1), "ba-hoa", frozenset({"ward2"}))
        opened = self.receipts(town, case, look, *strangers)[-1]
        assert (opened.stage, opened.opened_by, opened.opened_at) == ("opened", "ba-hoa", look.at)
        case = town.go("clerk@ward2", case, "acknowledge")
        told = self.receipts(town, case)[-1]
        assert (told.stage, told.acknowledged_by) == ("acknowledged", town.accounts["clerk@ward2"])
        case = town.go("secretary@ward2", case, "upper-accept")
        before, now = self.receipts(town, case)[-2:]
        assert (before.stage, now.body, now.units, now.stage) == (
            "accepted", "receiving-base", ("far",), "delivered",
        )  # fmt: skip

    def test_sent_back_and_taken_back_with_their_reasons(self, town: Town) -> None:
        case = town.go("secretary@ward2", self.sent(town), "return-to-sender", comment="Gửi nhầm nơi")
        returned, back = self.receipts(town, case)[-2:]
        assert (returned.stage, returned.reason) == ("returned", "Gửi nhầm nơi")
        assert (back.body, back.units, back.stage) == ("sending-upper", ("ward",), "delivered")
        case = town.go("clerk@ward", case, "send-letter")
        case = town.go("clerk@ward", case, "recall-letter", comment="Ghi nhầm ngày")
        assert [(one.stage, one.reason) for one in self.receipts(town, case)][-1] == (
            "recalled", "Ghi nhầm ngày",
        )  # fmt: skip

    def test_a_case_waits_for_whom_it_is_due_and_for_nobody_else(self, town: Town) -> None:
        case = town.open()
        assert self.waits(town, "lan", "all") == [("draft", ["submit"])]
        assert self.waits(town, "secretary@branch", "all") == []  # a draft waits for its member alone
        case = town.walk(case, TO_APPROVED)
        for who in ("lan", "secretary@branch", "secretary@base", "secretary@ward", "secretary@far"):
            assert self.waits(town, who, "all") == []
        assert self.waits(town, "clerk@ward", "clerk") == [("base-approved", ["number-letter"])]
        assert self.waits(town, "clerk@ward", "sign") == []
        case = town.go("clerk@ward", case, "number-letter")
        assert self.waits(town, "secretary@ward", "sign") == [("letter-numbered", ["sign-letter"])]
        case = town.go("secretary@ward", case, "sign-letter")
        assert self.waits(town, "clerk@ward", "sign") == [("letter-signed", ["seal-letter"])]
        case = town.walk(case, "clerk@ward seal-letter, clerk@ward send-letter")
        assert self.waits(town, "clerk@ward", "clerk") == []
        assert self.waits(town, "clerk@ward2", "receive") == [("in-transit", ["acknowledge"])]
        assert self.waits(town, "secretary@ward2", "receive") == [
            ("in-transit", ["return-to-sender", "upper-accept"])
        ]
        assert self.waits(town, "clerk@ward", "receive") == []

    def test_the_most_urgent_first_and_pages_count_all(self, town: Town) -> None:
        first, second = town.open_temporary(), town.open()
        with town.work.reading() as tx:
            shown = [
                waiting_for(tx, town.desk.tools, town.person("lan"), "all", 1, offset) for offset in (0, 1, 2)
            ]
        assert [total for _, total in shown] == [2, 2, 2]
        ids = [one.case.id for found, _ in shown for one in found]
        assert ids == [second.id, first.id]  # the official transfer has a deadline from its decision


def test_what_nobody_opened_yet_has_no_receipt() -> None:
    assert (
        receipts_of(DEFINITIONS.get("official-transfer", 1), [], [Look(datetime.max, "x", frozenset())]) == []
    )

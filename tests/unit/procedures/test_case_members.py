"""The books of members follow the cases: moved once, a guest and home again, outside, and nothing when a move fails."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from records.access import Actor, Role
from records.case import Channel
from records.errors import Conflict
from records.membership import Membership, MembershipKind
from tests.cases.case_town import RECEIVE, TO_APPROVED, TO_AWAY, TO_SEALED, Town
from tests.cases.database import TurnedClock
from tests.cases.party import SINCE, TODAY, Party, PartyCases

YESTERDAY = TODAY - timedelta(days=1)
AUDITOR = Actor("auditor", "", frozenset({Role.ADMINISTRATOR}))


def links(town: Town, kind: MembershipKind) -> list[Membership]:
    with town.work.reading() as tx:
        return [link for link in tx.memberships.of([town.member]) if link.kind is kind]


def days(found: list[Membership]) -> list[tuple[str, date, date | None]]:
    return [(link.unit_id, link.span.since, link.span.until) for link in found]


class TestBooks(PartyCases):
    @pytest.fixture
    def town(self, party: Party, tmp_path: Path) -> Town:
        return Town(party, tmp_path / "town")

    def test_a_closed_transfer_moves_the_member_on_the_day_of_admission(
        self, town: Town, clock: TurnedClock
    ) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, {TO_SEALED}, {RECEIVE.rpartition(',')[0]}")
        assert days(links(town, MembershipKind.OFFICIAL)) == [("branch", SINCE, None)]
        clock.turn(days=3)
        case = town.go("members-officer@far", case, "close")
        assert case.state == "closed"
        assert days(links(town, MembershipKind.OFFICIAL)) == [
            ("branch", SINCE, YESTERDAY),
            ("far", TODAY, None),
        ]
        with town.work.reading() as tx:
            told = tx.audit.list(AUDITOR, town.member, limit=50)
            assert [(one.action, one.details["unit"]) for one in told if "moved" in one.action] == [
                ("membership-moved", "far")
            ]

    def test_closed_on_paper_elsewhere_the_member_is_nobodys_here(self, town: Town) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, {TO_SEALED}, clerk@ward send-letter")
        town.go("clerk@ward", case, "confirm-on-paper", channel=Channel.PAPER, scan_document_id="quet-1")
        assert days(links(town, MembershipKind.OFFICIAL)) == [("branch", SINCE, TODAY)]

    def test_a_move_that_the_books_refuse_changes_nothing(self, town: Town) -> None:
        case = town.walk(town.open(), f"{TO_APPROVED}, {TO_SEALED}, {RECEIVE.rpartition(',')[0]}")
        with town.work.begin() as tx:  # somebody moved the member by hand meanwhile
            tx.memberships.transfer(town.member, "far", TODAY, cause="tay", source="", by="thử")
        with pytest.raises(Conflict) as fault:
            town.go("members-officer@far", case, "close")
        assert fault.value.code == "membership-same"
        with town.work.reading() as tx:
            assert tx.cases.get(case.id) == case

    def test_away_for_a_time_longer_and_home_again(self, town: Town, clock: TurnedClock) -> None:
        first, last, longer = TODAY, TODAY.replace(year=2027), date(2028, 3, 1)
        case = town.open_temporary(from_date=first.isoformat(), to_date=last.isoformat())
        case = town.walk(case, TO_AWAY)
        guest = [("far", first, last)]
        assert days(links(town, MembershipKind.TEMPORARY)) == guest
        assert days(links(town, MembershipKind.OFFICIAL)) == [
            ("branch", SINCE, None)
        ]  # still counted at home
        case = town.go("lan", case, "ask-extension", values={"extension_to": longer.isoformat()})
        assert days(links(town, MembershipKind.TEMPORARY)) == guest
        case = town.go("secretary@far", case, "grant-extension")
        assert days(links(town, MembershipKind.TEMPORARY)) == [("far", first, longer)]
        clock.turn(days=40)
        town.walk(case, "secretary@far go-home, secretary@branch home-again")
        assert days(links(town, MembershipKind.TEMPORARY)) == [("far", first, TODAY + timedelta(days=40))]
        assert days(links(town, MembershipKind.OFFICIAL)) == [("branch", SINCE, None)]

"""Members: files that are seen by those alone whose task needs them, links that are never rewritten, marks that bar."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.access import LOCAL, Actor, Role
from records.acting import Form, PostRole
from records.days import Span
from records.errors import ArchiveFault, Conflict, Missing, Unfit
from records.members import PersonUnfit, Sight
from records.membership import MarkKind, MembershipKind, scope_bar, transfer_bar
from records.personal import Viewer, sight_of
from storage.backup_parts import PEOPLE, TABLES
from storage.visible_members import places_of
from storage.work import Tx, Work
from tests.cases.database import Database
from tests.cases.party import LINE, SINCE, TODAY, Party, PartyCases, new_units, person

R, K = PostRole, MembershipKind
AUDITOR = Actor("system:audit", "A", frozenset({Role.ADMINISTRATOR}))
BY = {"cause": "chuyển sinh hoạt", "by": "thử"}
UNITS = [line[0] for line in LINE]
ONE_DAY = timedelta(days=1)


class Undone(Exception):
    pass


def sees(tx: Tx, viewer: Viewer, member_id: str) -> Sight:
    try:
        return tx.members.show(viewer, member_id).member.sight
    except Missing:
        return Sight.ABSENT


class MemberRowCases(PartyCases):
    """What members' rows must do on every database."""

    def test_a_file_comes_back_whole_to_whom_it_may(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            account = party.account(tx)
            member_id = party.member(tx, account_id=account)
            shown = tx.members.show(tx.posts.viewer(account), member_id)
        assert shown.member.person == person(party.made)
        assert (shown.member.sight, shown.member.revision, shown.member.account_id) == (
            Sight.FULL,
            1,
            account,
        )
        assert [m.unit_id for m in shown.memberships] == ["branch"]

    def test_who_sees_what(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            for unit_id, role, sight in (
                ("branch", R.SECRETARY, Sight.FULL),
                ("branch", R.COMMITTEE_MEMBER, Sight.FULL),
                ("branch2", R.SECRETARY, Sight.ABSENT),
                ("base", R.MEMBERS_OFFICER, Sight.FULL),
                ("base", R.SECRETARY, Sight.BRIEF),
                ("base", R.COMMITTEE_MEMBER, Sight.ABSENT),
                ("ward", R.RECEIVING_DESK, Sight.BRIEF),
                ("city", R.CLERK, Sight.BRIEF),
                ("ward2", R.MEMBERS_OFFICER, Sight.ABSENT),
                ("office", R.HEAD, Sight.ABSENT),
            ):
                viewer = tx.posts.viewer(party.holder(tx, unit_id, role))
                assert sees(tx, viewer, member_id) is sight, (unit_id, role)
                assert len(tx.members.find(viewer)[0]) == (sight is not Sight.ABSENT)
            for nobody in (party.account(tx), LOCAL.id, "system:engine"):
                assert sees(tx, tx.posts.viewer(nobody), member_id) is Sight.ABSENT
            assert sees(tx, tx.posts.viewer(party.account(tx), [member_id]), member_id) is Sight.FULL
            gone = party.holder(tx, "ward", R.MEMBERS_OFFICER, Span(SINCE, TODAY - ONE_DAY))
            assert sees(tx, tx.posts.viewer(gone), member_id) is Sight.ABSENT

    def test_the_brief_form_holds_nothing_personal(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch", account_id=party.account(tx))
            tx.marks.add(member_id, MarkKind.COMPLAINT, Span(TODAY), "đơn của ông Mẫu")
            tx.memberships.join(member_id, "far", K.RESIDENCE, Span(SINCE), source="", **BY)
            shown = tx.members.show(tx.posts.viewer(party.holder(tx, "city", R.CLERK)), member_id)
            whole = person(party.made - 1)
        told = repr(shown)
        for secret in (
            whole.citizen_id,
            whole.card_no,
            whole.cv_no,
            "1980",
            "Xã Mẫu",
            "ông Mẫu",
            "'far'",
            "complaint",
        ):
            assert secret not in told
        assert shown.member.person.card_no == "•••••" + whole.card_no[-3:]
        assert (shown.history, shown.marks) == ((), ())

    def test_members_see_their_marks_without_the_notes(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            account = party.account(tx)
            member_id = party.member(tx, "branch", account_id=account)
            tx.marks.add(member_id, MarkKind.COMPLAINT, Span(TODAY), "đơn của ông Mẫu")
            own = tx.members.show(tx.posts.viewer(account), member_id)
            officer = tx.members.show(tx.posts.viewer(party.holder(tx, "base", R.MEMBERS_OFFICER)), member_id)
            assert [m.note for m in own.marks] == [""]
            assert [m.note for m in officer.marks] == ["đơn của ông Mẫu"]
            assert [m.note for m in tx.memberships.standing(member_id).marks] == [""]

    def test_every_look_is_in_the_log_and_tells_nothing(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            viewer = tx.posts.viewer(party.holder(tx, "base", R.MEMBERS_OFFICER))
            before = len(tx.audit.list(AUDITOR))
            tx.members.show(viewer, member_id)
            tx.members.find(viewer, name="nguyen van", unit_id="base")
            events = tx.audit.list(AUDITOR)[: -before or None]
        assert [(e.action, e.actor) for e in events] == [
            ("members-listed", viewer.account_id), ("member-read", viewer.account_id)
        ]  # fmt: skip
        assert events[1].object_id == member_id
        assert "nguyen" not in repr(events).lower()

    def test_a_look_that_cannot_be_noted_shows_nothing(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            viewer = tx.posts.viewer(party.holder(tx, "base", R.MEMBERS_OFFICER))
        with pytest.raises(Exception, match=r"readonly|read-only"), work.reading() as tx:
            tx.members.show(viewer, member_id)

    def test_finding_by_name_and_place(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            viewer = tx.posts.viewer(party.holder(tx, "city", R.MEMBERS_OFFICER))
            for unit_id, name in (
                ("branch", "Đặng Thị Ánh"),
                ("branch2", "Trần Ánh Dương"),
                ("far", "Lê 100%"),
            ):
                party.member(tx, unit_id, full_name=name.replace(" 100%", " Mười"))
            assert [m.person.full_name for m in tx.members.find(viewer, name="anh")[0]] == [
                "Đặng Thị Ánh", "Trần Ánh Dương"
            ]  # fmt: skip
            assert tx.members.find(viewer, name="ÁNH", unit_id="branch2")[1] == 1
            assert tx.members.find(viewer, unit_id="ward")[1] == 2
            assert [len(tx.members.find(viewer, limit=2, offset=n)[0]) for n in (0, 2, 4)] == [2, 1, 0]
            for hostile in ("%", "_", "\x00", "' OR 1=1 --"):
                assert tx.members.find(viewer, name=hostile)[1] == 0
            with pytest.raises(Unfit):
                tx.members.find(viewer, name="x" * 101)

    def test_a_transfer_has_no_gap_and_keeps_the_history(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            done = tx.memberships.transfer(member_id, "far", TODAY, source="hồ sơ 1", **BY)
            assert tx.memberships.transfer(member_id, "far", TODAY, source="hồ sơ 1", **BY) == done
            standing = tx.memberships.standing(member_id)
            assert standing.belongs_to("branch", TODAY - ONE_DAY) == {K.OFFICIAL}
            assert standing.belongs_to("branch", TODAY) == frozenset()
            assert standing.belongs_to("far", TODAY) == {K.OFFICIAL}
            assert [tx.memberships.count(u, TODAY) for u in ("branch", "ward", "far", "city")] == [0, 0, 1, 1]
            assert [tx.memberships.count(u, TODAY - ONE_DAY) for u in ("branch", "ward", "far")] == [1, 1, 0]
            told = [(m.unit_id, m.span.until, m.replaced) for m in tx.memberships.revisions(member_id)]
            assert told == [("branch", None, True), ("branch", TODAY - ONE_DAY, False), ("far", None, False)]
            with pytest.raises(Conflict) as same:
                tx.memberships.transfer(member_id, "far", TODAY + ONE_DAY, source="hồ sơ 2", **BY)
            assert same.value.code == "membership-same"
            with pytest.raises(Conflict) as clash:
                tx.memberships.transfer(member_id, "branch2", TODAY, source="hồ sơ 3", **BY)
            assert clash.value.code == "membership-clash"

    def test_on_the_way_the_old_branch_keeps_the_file(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            old = tx.posts.viewer(party.holder(tx, "branch", R.SECRETARY))
            new = tx.posts.viewer(party.holder(tx, "far", R.SECRETARY))
            link = tx.memberships.standing(member_id).memberships[0]
            tx.memberships.change_end(link.id, TODAY - 5 * ONE_DAY, source="hồ sơ 1", **BY)
            assert (sees(tx, old, member_id), sees(tx, new, member_id)) == (Sight.FULL, Sight.ABSENT)
            tx.memberships.transfer(member_id, "far", TODAY, source="hồ sơ 1", **BY)
            assert (sees(tx, old, member_id), sees(tx, new, member_id)) == (Sight.ABSENT, Sight.FULL)
            assert (tx.members.find(old)[1], tx.members.find(new)[1]) == (0, 1)

    def test_a_temporary_member_is_counted_at_home(self, work: Work, party: Party) -> None:
        until = TODAY + 100 * ONE_DAY
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            link = tx.memberships.join(
                member_id, "far", K.TEMPORARY, Span(TODAY, until), source="hồ sơ 1", **BY
            )
            assert [tx.memberships.count(u, TODAY) for u in ("branch", "far")] == [1, 0]
            guest = tx.posts.viewer(party.holder(tx, "far", R.SECRETARY))
            assert sees(tx, guest, member_id) is Sight.BRIEF
            longer = tx.memberships.change_end(link.id, until + ONE_DAY, source="gia hạn", **BY)
            assert (longer.revision, longer.span.until) == (2, until + ONE_DAY)
            back = tx.memberships.change_end(link.id, TODAY, source="trở về", **BY)
            assert back.revision == 3
            assert len([m for m in tx.memberships.revisions(member_id) if m.id == link.id]) == 3
            for act, code in (
                (lambda: tx.memberships.change_end(link.id, None, source="", **BY), "membership-end"),
                (lambda: tx.memberships.change_end(link.id, TODAY - ONE_DAY, source="", **BY), "span-order"),
                (
                    lambda: tx.memberships.join(member_id, "far", K.TEMPORARY, Span(TODAY), source="", **BY),
                    "membership-end",
                ),
                (
                    lambda: tx.memberships.join(
                        member_id, "branch2", K.TEMPORARY, Span(TODAY, until), source="", **BY
                    ),
                    "membership-clash",
                ),
                (
                    lambda: tx.memberships.join(
                        member_id, "branch", K.TEMPORARY, Span(TODAY + ONE_DAY, until), source="", **BY
                    ),
                    "membership-home",
                ),
                (
                    lambda: tx.memberships.join(member_id, "ward", K.RESIDENCE, Span(TODAY), source="", **BY),
                    "membership-unit",
                ),
            ):
                with pytest.raises((Unfit, Conflict)) as fault:
                    act()
                assert fault.value.code == code
                assert fault.value.tell

    def test_nobody_joins_a_branch_that_goes_or_comes_back_to_it(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            gone, other = party.member(tx, "branch2"), party.member(tx, "branch")
            tx.memberships.transfer(gone, "far", TODAY, source="hồ sơ 1", **BY)
            old = tx.memberships.standing(gone).memberships[0]
            tx.units.end("branch2", TODAY, "branch")
            for act in (
                lambda: tx.memberships.transfer(other, "branch2", TODAY, source="hồ sơ 2", **BY),
                lambda: tx.memberships.change_end(old.id, TODAY + ONE_DAY, source="", **BY),
            ):
                with pytest.raises(Unfit) as fault:
                    act()
                assert (fault.value.code, "đã kết thúc" in fault.value.tell) == ("membership-unit", True)

    def test_a_branch_does_not_go_from_under_who_joins_it(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
        ends: list[str] = []

        def act(what: Callable[[Tx], object]) -> None:
            try:
                with work.begin() as tx:
                    what(tx)
                ends.append("done")
            except ArchiveFault as fault:
                ends.append(fault.code)

        both = (
            lambda tx: tx.memberships.transfer(member_id, "branch2", TODAY, source="hồ sơ 1", **BY),
            lambda tx: tx.units.end("branch2", TODAY, "branch"),
        )
        threads = [threading.Thread(target=act, args=(what,)) for what in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ends.count("done") == 1
        assert set(ends) - {"done"} <= {"membership-unit", "unit-has-members"}

    def test_what_bars_a_procedure(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            assert transfer_bar(tx.memberships.standing(member_id), TODAY) is None
            mark = tx.marks.add(member_id, MarkKind.INSPECTION, Span(TODAY), "QĐ kiểm tra")
            barred = transfer_bar(tx.memberships.standing(member_id), TODAY)
            assert barred is not None
            assert (barred.code, "23/11/2026" in barred.tell) == ("member-under-inspection", True)
            assert scope_bar(tx.memberships.standing(member_id), TODAY) is None
            assert transfer_bar(tx.memberships.standing(member_id), TODAY - ONE_DAY) is None
            tx.marks.end(mark.id, TODAY)
            assert transfer_bar(tx.memberships.standing(member_id), TODAY + ONE_DAY) is None
            with pytest.raises(Missing):
                tx.marks.end(mark.id, TODAY)
            tx.marks.add(member_id, MarkKind.POLICE, Span(TODAY))
            with pytest.raises(Conflict):
                tx.marks.add(member_id, MarkKind.POLICE, Span(TODAY + ONE_DAY))
            outside = scope_bar(tx.memberships.standing(member_id), TODAY)
            assert outside is not None
            assert (outside.code, "Công an" in outside.tell) == ("member-out-of-scope", True)
            with pytest.raises(Missing):
                tx.marks.add("ai", MarkKind.ARMY, Span(TODAY))

    def test_a_change_is_made_on_what_was_seen(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
            new = replace(person(party.made), full_name="Nguyễn Văn Đổi", card_no="012345678901")
            assert tx.members.change(member_id, new, 1) == ["card_no", "full_name"]
            assert tx.members.change(member_id, new, 2) == []
            with pytest.raises(Conflict) as late:
                tx.members.change(member_id, new, 1)
            assert late.value.code == "member-changed"
            with pytest.raises(Missing):
                tx.members.change("ai", new, 1)
            with pytest.raises(PersonUnfit):
                tx.members.change(member_id, replace(new, card_no="123456789"), 2)

    def test_numbers_and_accounts_are_one_persons(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            account = party.account(tx)
            first = person(1)
            tx.members.add(first, account)
            other = person(2)
            for twin, login, code in (
                (replace(other, card_no=first.card_no), None, "member-number-taken"),
                (replace(other, cv_no=first.cv_no), None, "member-number-taken"),
                (replace(other, citizen_id=first.citizen_id), None, "member-number-taken"),
                (other, account, "member-account-taken"),
            ):
                with pytest.raises(Conflict) as fault:
                    tx.members.add(twin, login)
                assert fault.value.code == code
                assert first.full_name not in fault.value.tell
            for number in (3, 4):  # no number is no number of anybody
                tx.members.add(replace(person(number), card_no="", cv_no="", citizen_id=""))

    def test_a_backup_of_it_all_can_be_put_back(
        self, work: Work, party: Party, empty_database: Database
    ) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch", account_id=party.holder(tx, "branch", R.SECRETARY))
            tx.memberships.transfer(member_id, "branch2", TODAY, source="hồ sơ 1", **BY)
            tx.marks.add(member_id, MarkKind.COMPLAINT, Span(TODAY), "đơn")
            head, deputy = party.holder(tx, "ward", R.SECRETARY), party.holder(tx, "ward", R.DEPUTY_SECRETARY)
            tx.posts.delegate("ward", R.SECRETARY, head, deputy, Form.K_T, Span(TODAY, TODAY))
            tx.units.end("ward2", TODAY, "ward")
            kept = {table: list(tx.catalogue.rows(table)) for table in TABLES if table != "audit"}
        assert [table for table in PEOPLE if not kept[table]] == []
        there = empty_database.open()
        there.migrate()
        with Work(there, work.clock).begin() as tx:
            for table, rows in json.loads(json.dumps(kept)).items():
                tx.catalogue.add(table, rows)
            assert {table: list(tx.catalogue.rows(table)) for table in kept} == kept
        there.dispose()

    def test_two_transfers_at_once_leave_one_home(self, work: Work, party: Party) -> None:
        with work.begin() as tx:
            member_id = party.member(tx, "branch")
        ends: list[str] = []

        def move(unit_id: str) -> None:
            try:
                with work.begin() as tx:
                    tx.memberships.transfer(member_id, unit_id, TODAY, source=unit_id, **BY)
                ends.append("done")
            except ArchiveFault as fault:
                ends.append(fault.code)

        movers = [threading.Thread(target=move, args=(unit_id,)) for unit_id in ("branch2", "far")]
        for mover in movers:
            mover.start()
        for mover in movers:
            mover.join()
        assert sorted(ends) == ["done", "membership-clash"]
        with work.reading() as tx:
            now = [m for m in tx.memberships.standing(member_id).memberships if m.span.holds(TODAY)]
        assert len(now) == 1

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_lists_and_files_follow_the_one_rule(self, work: Work, data: st.DataObject) -> None:
        """Whatever the posts and the links: SQL shows exactly those members whose sight is not `absent`."""
        days = st.integers(-40, 40).map(lambda n: TODAY + n * ONE_DAY)
        with suppress(Undone), work.begin() as tx:
            if not tx.units.all_on(TODAY):
                tx.units.add_many(new_units())
            made = [tx.members.add(person(number)) for number in range(1, data.draw(st.integers(1, 3)) + 1)]
            for member_id in made:
                for kind in data.draw(st.lists(st.sampled_from(K), max_size=4)):
                    since, unit_id = data.draw(days), data.draw(st.sampled_from(["branch", "branch2", "far"]))
                    span = Span(since, since + data.draw(st.integers(0, 40)) * ONE_DAY)
                    with suppress(Conflict):
                        tx.memberships.join(member_id, unit_id, kind, span, source="", **BY)
            held = st.frozensets(st.tuples(st.sampled_from(UNITS), st.sampled_from(R)), max_size=4)
            viewer = Viewer(
                "nobody", data.draw(held), data.draw(st.frozensets(st.sampled_from(made), max_size=1))
            )
            listed = {m.id: m.sight for m in tx.members.find(viewer)[0]}
            for member_id in made:
                now = tx.memberships.standing(member_id).now(TODAY)
                places = places_of(tx.memberships._ground.connection, {member_id: now}, TODAY)
                due = sight_of(viewer, member_id, None, places[member_id])
                assert listed.get(member_id, Sight.ABSENT) is due
                assert sees(tx, viewer, member_id) is due
            raise Undone  # the next example finds an empty house

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_whatever_is_asked_the_history_only_grows_and_there_is_one_home_a_day(
        self, work: Work, data: st.DataObject
    ) -> None:
        days = st.integers(-30, 30).map(lambda n: TODAY + n * ONE_DAY)
        branches = st.sampled_from(["branch", "branch2", "far"])
        with suppress(Undone), work.begin() as tx:
            if not tx.units.all_on(TODAY):
                tx.units.add_many(new_units())
            member_id = tx.members.add(person(1))
            told: list[tuple[object, ...]] = []
            for _ in range(data.draw(st.integers(1, 8))):
                links = tx.memberships.standing(member_id).memberships
                what = data.draw(st.sampled_from(["join", "transfer", *(["end"] if links else [])]))
                day, until = data.draw(days), data.draw(st.none() | days)
                with suppress(Conflict, Unfit):
                    if what == "transfer":
                        tx.memberships.transfer(member_id, data.draw(branches), day, source="", **BY)
                    elif what == "end":
                        tx.memberships.change_end(
                            data.draw(st.sampled_from(links)).id, until, source="", **BY
                        )
                    else:
                        kind, span = data.draw(st.sampled_from(K)), Span(day, until)
                        tx.memberships.join(member_id, data.draw(branches), kind, span, source="", **BY)
                now = [
                    (m.id, m.revision, m.unit_id, m.kind, m.span) for m in tx.memberships.revisions(member_id)
                ]
                assert set(told) <= set(now)
                told = now
            standing = tx.memberships.standing(member_id)
            for day in (TODAY + n * ONE_DAY for n in range(-31, 33, 9)):
                for kind in K:
                    assert sum(m.kind is kind and m.span.holds(day) for m in standing.memberships) <= 1
                heads = sum(tx.memberships.count(unit_id, day) for unit_id in ("branch", "branch2", "far"))
                assert (
                    heads == tx.memberships.count("city", day) == (standing.link(K.OFFICIAL, day) is not None)
                )
            raise Undone

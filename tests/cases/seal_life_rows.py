"""Lives of sealed files: what is due first, what waits, what is listed, and who relies on a certificate."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from records.access import SYSTEM
from storage.documents import ACCESS_PDF, Rendition
from storage.seal_life import KeptCertificate, LifeState, SealedFile, SealLife
from storage.work import Work
from tests.cases.rows import NEW_BATCH, a_document, archived

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def a_life(document_id: str, due: datetime = NOW, **change: object) -> SealLife:
    life = SealLife(
        document_id=document_id,
        version=1,
        state=LifeState.CURRENT,
        last_time_stamp=datetime(2026, 1, 1, tzinfo=UTC),
        time_stamps=1,
        certificate_until=NOW + 183 * DAY,
        algorithm="RSA 3072, SHA-256",
        provable_until=due + 183 * DAY,
        why="chứng thư của dấu thời gian hết hạn",
        due_at=due,
    )
    return replace(life, **change)


def a_use(document_id: str, serial: str, **change: object) -> KeptCertificate:
    return replace(KeptCertificate(document_id, serial, "CN=Gốc", "tsa", NOW, None), **change)


class SealLifeRowCases:
    """What every database must do. Inherit and supply `work` and `clock`."""

    @pytest.fixture(autouse=True)
    def archive(self, work: Work) -> None:
        with work.begin() as tx:
            batch = tx.batches.add(NEW_BATCH).id
            for name in ("d1", "d2", "d3", "d4"):
                tx.documents.propose(a_document(name, batch))
            for name in ("d1", "d2", "d3"):
                pdf = Rendition(ACCESS_PDF, f"documents/{name}/v1/access.pdf", "c" * 64, 9, "application/pdf")
                tx.documents.archive(name, archived(renditions=(pdf,)))

    def test_a_life_comes_back_whole_and_a_new_one_takes_its_place(self, work: Work) -> None:
        first = a_life("d1")
        with work.begin() as tx:
            tx.seal_lives.enter(first, [a_use("d1", "aa"), a_use("d1", "aa", role="signer")])
            tx.seal_lives.enter(a_life("d2"), [a_use("d2", "aa")])
        with work.reading() as tx:
            assert tx.seal_lives.get("d1") == first
            assert tx.seal_lives.get("d3") is None
        newer = a_life("d1", NOW + 900 * DAY, version=2, algorithm_until=NOW)
        with work.begin() as tx:
            tx.seal_lives.enter(newer, [a_use("d1", "bb", covered_at=NOW + DAY)])
        with work.reading() as tx:
            assert tx.seal_lives.get("d1") == newer
            assert tx.seal_lives.relying_on("aa") == [a_use("d2", "aa")]
            assert tx.seal_lives.relying_on("bb") == [a_use("d1", "bb", covered_at=NOW + DAY)]

    def test_the_stretch_tells_which_versions_are_unknown(self, work: Work) -> None:
        def told(files: list[SealedFile]) -> list[tuple[str, bool]]:
            return [(one.document_id, one.known) for one in files]

        with work.begin() as tx:
            tx.seal_lives.enter(a_life("d2"))
            tx.seal_lives.enter(a_life("d3", version=7))  # of another version, as after a restore
            assert told(tx.seal_lives.stretch("", 10)) == [("d1", False), ("d2", True), ("d3", False)]
            assert told(tx.seal_lives.stretch("d1", 1)) == [("d2", True)]
            assert tx.seal_lives.stretch("d3", 10) == []
            assert tx.seal_lives.file("d4") is None
            found = tx.seal_lives.file("d1")
            assert found is not None
            assert (found.version, found.pdf.key) == (1, "documents/d1/v1/access.pdf")

    def test_due_comes_most_urgent_first_and_what_waits_rests(self, work: Work, clock) -> None:
        with work.begin() as tx:
            tx.seal_lives.enter(a_life("d1", NOW + DAY))
            tx.seal_lives.enter(a_life("d2", NOW - DAY))
            tx.seal_lives.enter(a_life("d3", NOW - 2 * DAY, state=LifeState.LISTED))
            assert [one.document_id for one in tx.seal_lives.due(NOW, clock.now(), 10)] == ["d2"]
            both = tx.seal_lives.due(NOW + 2 * DAY, clock.now(), 10)
            assert [one.document_id for one in both] == ["d2", "d1"]
            stamped = clock.now() - DAY
            tx.seal_lives.enter(a_life("d1", NOW - DAY, last_time_stamp=stamped))
            assert [one.document_id for one in tx.seal_lives.due(NOW, stamped, 10)] == ["d2"]
            tx.seal_lives.enter(a_life("d1", NOW + DAY))
            tx.seal_lives.waits("d2", "time-stamp-away")
            assert tx.seal_lives.due(NOW, clock.now(), 10) == []
            waiting = tx.seal_lives.due(NOW, clock.now() + DAY, 10)
            assert [(one.reason, one.tried_at) for one in waiting] == [("time-stamp-away", clock.now())]
            assert (tx.seal_lives.count_due(NOW), tx.seal_lives.count_listed()) == (1, 1)
            tx.seal_lives.list_for_a_person("d2", "hash-mismatch")
            assert (tx.seal_lives.count_due(NOW), tx.seal_lives.count_listed()) == (0, 2)
            assert [one.document_id for one in tx.seal_lives.listed(10)] == ["d3", "d2"]

    def test_what_ends_is_listed_by_date_whatever_its_state(self, work: Work) -> None:
        with work.begin() as tx:
            tx.seal_lives.enter(a_life("d1", NOW))
            tx.seal_lives.enter(a_life("d2", NOW - 9 * DAY, state=LifeState.LISTED))
            tx.seal_lives.enter(SealLife("d3", 1, LifeState.LISTED, reason="not-provable"))
            ending = tx.seal_lives.ending(NOW + 183 * DAY, 10)
            assert [one.document_id for one in ending] == ["d2", "d1"]
            assert tx.seal_lives.ending(NOW, 10) == []

    def test_who_relies_on_a_certificate_comes_in_pages(self, work: Work) -> None:
        with work.begin() as tx:
            for name in ("d1", "d2", "d3"):
                tx.seal_lives.enter(a_life(name), [a_use(name, "aa"), a_use(name, "aa", role="signer")])
            first = tx.seal_lives.relying_on("aa", limit=2)
            assert [one.document_id for one in first] == ["d1", "d1", "d2", "d2"]
            rest = tx.seal_lives.relying_on("aa", after="d2", limit=2)
            assert [one.document_id for one in rest] == ["d3", "d3"]

    def test_what_waits_for_its_archive_stamp_is_found_by_its_level(self, work: Work, clock) -> None:
        full, early = "PAdES-BASELINE-LTA", "PAdES-BASELINE-T"
        with work.begin() as tx:
            assert tx.seal_lives.incomplete(full, "", 10) == []
            for name in ("d5", "d6"):
                tx.documents.propose(a_document(name, tx.documents.get(SYSTEM, "d1").batch_id))
                pdf = Rendition(ACCESS_PDF, f"documents/{name}/v1/access.pdf", "d" * 64, 9, "application/pdf")
                tx.documents.archive(name, archived(renditions=(pdf,), signature_level=early))
            found = tx.seal_lives.incomplete(full, "", 10)
            assert [(one.document_id, one.level) for one in found] == [("d5", early), ("d6", early)]
            assert [one.document_id for one in tx.seal_lives.incomplete(full, "d5", 10)] == ["d6"]
            assert len(tx.seal_lives.incomplete(full, "", 1)) == 1
            tx.seal_lives.enter(a_life("d5", state=LifeState.LISTED))
            assert [one.document_id for one in tx.seal_lives.incomplete(full, "", 10)] == ["d6"]
            assert tx.seal_lives.count_incomplete(full) == 2, "a listed one is not complete either"
            assert tx.seal_lives.count_incomplete(full, clock.now()) == 0
            assert tx.seal_lives.count_incomplete(full, clock.now() + DAY) == 2

    def test_a_file_can_be_asked_for_and_the_years_are_counted(self, work: Work, clock) -> None:
        with work.begin() as tx:
            assert (tx.seal_lives.ask("d1"), tx.seal_lives.next_due()) == (False, None)
            assert tx.seal_lives.ending_by_year() == {}
            tx.seal_lives.enter(a_life("d1", NOW))
            tx.seal_lives.enter(a_life("d2", NOW + 900 * DAY, state=LifeState.LISTED, reason="odd"))
            tx.seal_lives.enter(SealLife("d3", 1, LifeState.LISTED, reason="not-provable"))
            assert tx.seal_lives.next_due() == NOW
            assert tx.seal_lives.ending_by_year() == {2030: 1, 2032: 1}
            assert tx.seal_lives.ask("d2")
            found = tx.seal_lives.get("d2")
            assert found is not None
            assert (found.state, found.due_at, found.reason) == (LifeState.CURRENT, clock.now(), "")
            assert tx.seal_lives.next_due() == clock.now()

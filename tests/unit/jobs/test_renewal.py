"""The nightly renewal over a small real archive: real seals and stamps, twenty years of nights, kills anywhere."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from ingest import renewed as ingest_renewed
from ingest.compose import Composed
from ingest.deposit import deposit
from ingest.register import register
from jobs import renewal as module
from jobs.children import ChildPools, Limits
from jobs.renewal import RenewalRound, RenewalTools
from records.access import SYSTEM, Actor, Level, Role
from records.errors import Away
from records.outcome import Done
from signing.algorithms import AGREED
from signing.provable import provable_until
from signing.renew import Renewer
from signing.seal import SigningService
from signing.verdict import Answer
from signing.verify import verify_pdf
from storage.folder import FolderStore
from storage.pace import Pace
from storage.passes import Pass
from storage.progress import Turn
from storage.seal_life import LifeState, SealLife
from tests.cases import archive_world, sealing
from tests.cases.archive_world import World, scan
from tests.cases.database import TurnedClock, migrated
from tests.cases.epochs import AllLists, EpochTimeStamps, an_epoch, ec_key, rsa_key
from tests.cases.sealing import a_pdf, at_home
from tests.unit.signing.test_renew import FORETOLD

AUDITOR = Actor("auditor", "", frozenset({Role.ADMINISTRATOR}))


class Killed(Exception):
    """Stands for the process dying at a named point."""


@pytest.fixture(scope="module")
def children() -> Iterator[ChildPools]:
    pools = ChildPools({"parse": Limits(workers=1, memory=3 * 1024**3)})
    yield pools
    pools.stop()


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


class Shop:
    """An archive with seals, and the time-stamp authorities that follow one another."""

    def __init__(self, folder: Path, world: World, clock: TurnedClock) -> None:
        self.world, self.clock, self.folder = world, clock, folder
        self.signing = at_home(folder / "keys", clock)
        begin = clock.now()
        self.epochs = [
            an_epoch("2026", rsa_key(2048), "sha256", begin, 6, clock, folder),
            an_epoch("2029", rsa_key(3072), "sha256", begin + timedelta(days=1000), 8, clock, folder),
            an_epoch("2033", rsa_key(4096), "sha512", begin + timedelta(days=2300), 11, clock, folder),
            an_epoch("2041", ec_key(), "sha384", begin + timedelta(days=5000), 14, clock, folder),
        ]
        self.lists = AllLists([a for a, _, _ in self.epochs], self.signing.ring.revocation)
        self.trust = (*self.signing.roots, *(root for _, _, root in self.epochs))
        self.algorithms = FORETOLD
        self.harm: Exception | None = None
        self.level: str | None = None
        """The level that new seals get, the profile's own by default."""

    @property
    def service(self) -> SigningService:
        """The signing service of this date."""
        ring = replace(self.signing.ring, revocation=self.lists)  # type: ignore[arg-type]
        return SigningService(ring, self.tsa, self.clock, self.trust)

    @property
    def tsa(self) -> EpochTimeStamps:
        """The authority that the house uses at this date."""
        alive = [tsa for _, tsa, _ in self.epochs if tsa.certificate.not_valid_before <= self.clock.now()]
        return alive[-1]

    def seal(self, document_id: str, harm: Callable[[bytes], bytes] = lambda d: d) -> None:
        """Take a document that was read through sealing, deposit and register."""
        composed, _, fields = self.world.make(document_id)
        tools = self.world.tools
        folder = tools.work_dir / document_id
        source = a_pdf(folder / "in.pdf", words=document_id[:6])
        sealed = self.service.seal(source, folder / "sealed.pdf", document_id=document_id, level=self.level)
        (folder / "sealed.pdf").write_bytes(harm((folder / "sealed.pdf").read_bytes()))
        with tools.work.reading() as tx:
            document = tx.documents.get(SYSTEM, document_id)
            pages, texts = tx.pages.of_document(SYSTEM, document_id), tx.pages.readings(document_id)
        made = Composed(folder / "composed.pdf", composed.sha256, 0.99, 0.98)
        done = deposit(tools, document, fields, pages, texts, made, sealed)
        assert isinstance(done, Done), done
        register(tools, document, fields, made, sealed, done.value)

    def fill(self, count: int, harm: dict[int, Callable[[bytes], bytes]] | None = None) -> list[str]:
        files = {f"{n}.jpg": scan(f"trang {n}") for n in range(count)}
        ids = self.world.begin_walk(self.world.deliver(files))
        for n, document_id in enumerate(ids):
            self.seal(document_id, (harm or {}).get(n, lambda d: d))
        return ids

    def round(self) -> RenewalRound:
        """A fresh process's round."""
        read = partial(provable_until, roots=self.trust, algorithms=self.algorithms)
        return RenewalRound(RenewalTools(self.world.tools, self._renew, read), Pace(1e12, 1e9))

    def _renew(self, source: Path, out: Path):
        if self.harm is not None:
            raise self.harm
        return Renewer(self.tsa, self.clock, self.trust, self.lists, self.algorithms).renew(source, out)

    def night(self) -> Turn:
        one = self.round()
        while (ended := one.turn(lambda: False)) is Turn.MORE:
            pass
        return ended

    def verdict(self, document_id: str, version: int | None = None):
        with self.world.work.reading() as tx:
            rows = list(tx.catalogue.rows("renditions", document_id=document_id, name="access.pdf"))
        row = next(
            r for r in rows if version in (None, r["version"]) and r["version"] >= len(rows) * (not version)
        )
        self.world.blobs.copy_out(row["key"], self.folder / "judged.pdf", row["sha256"])
        return verify_pdf(
            self.folder / "judged.pdf",
            self.trust,
            at=self.clock.now(),
            look=False,
            algorithms=self.algorithms,
        )

    def life(self, document_id: str) -> SealLife:
        with self.world.work.reading() as tx:
            found = tx.seal_lives.get(document_id)
        assert found is not None
        return found

    def versions(self, document_id: str) -> int:
        with self.world.work.reading() as tx:
            return tx.documents.get(SYSTEM, document_id).version

    def standing(self) -> Pass:
        with self.world.work.reading() as tx:
            found = tx.passes.get("renewal")
        assert found is not None
        return found

    def events(self, action: str) -> list[dict]:
        with self.world.work.reading() as tx:
            return [dict(e.details) for e in tx.audit.list(AUDITOR, limit=10_000) if e.action == action]


@pytest.fixture
def shop(tmp_path: Path, children: ChildPools, clock: TurnedClock) -> Iterator[Shop]:
    tables = migrated(tmp_path / "vanthu.db")
    world = archive_world.world(tmp_path, tables, FolderStore(tmp_path / "blobs"), children, clock)
    yield Shop(tmp_path, world, clock)
    tables.dispose()


def test_every_record_gets_its_date_and_nothing_is_renewed_early(shop: Shop) -> None:
    ids = shop.fill(2)
    assert shop.night() is Turn.DONE
    for document_id in ids:
        life = shop.life(document_id)
        assert (life.version, life.state, life.time_stamps) == (1, LifeState.CURRENT, 1)
        assert life.provable_until == datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC)
        assert life.why == "RSA 2048 hết được chấp nhận"
        assert life.due_at == shop.clock.now() + timedelta(days=3 * 365)
    assert shop.standing().counts == {"read": 2}
    assert shop.night() is Turn.DONE
    assert shop.standing().counts == {}, "what is on record is not read again"


def test_twenty_years_of_nights(shop: Shop) -> None:
    """Two months at a time to 2046: VALID then; the first version says why it is not."""
    kept, *_ = shop.fill(1)
    while shop.clock.now() < datetime(2046, 11, 26, tzinfo=UTC):
        assert shop.night() is Turn.DONE, shop.standing()
        assert shop.life(kept).provable_until > shop.clock.now()  # type: ignore[operator]
        shop.clock.turn(days=60)
    assert shop.standing().alarm == ""
    verdict = shop.verdict(kept)
    assert (verdict.verdict, verdict.reason) == (Answer.VALID, "ok"), verdict
    algorithms = [s.algorithm for s in verdict.signatures]
    assert algorithms[1] == "RSA 2048, SHA-256"
    assert {"RSA 3072, SHA-256", "RSA 4096, SHA-512", "EC, SHA-384"} <= set(algorithms)
    renewals = [e for e in shop.events("document-archived") if e.get("renewal")]
    assert len(renewals) == shop.versions(kept) - 1 == len(algorithms) - 2 >= 6
    assert all(e["tsa_serial"] and e["sha256_before"] != e["sha256"] for e in renewals)
    first = shop.verdict(kept, version=1)
    assert (first.verdict, first.reason) == (Answer.INDETERMINATE, "weak-algorithm")
    assert "RSA 2048 chỉ dùng được đến 2030-12-31" in first.tell


def test_old_bytes_stay_and_what_people_changed_stays(shop: Shop) -> None:
    kept, *_ = shop.fill(1)
    with shop.world.work.begin() as tx:
        before = tx.documents.get(SYSTEM, kept)
        fields = replace(before.fields, subject="Đã sửa")
        tx.documents.update_fields(kept, fields, before.row_version, level=Level.SECRET)
    assert before.pdf is not None
    old = shop.world.blobs.read(before.pdf.key, before.pdf.sha256)
    shop.clock.turn(days=1100)
    shop.night()
    with shop.world.work.reading() as tx:
        after = tx.documents.get(SYSTEM, kept)
        told = tx.outbox.due(kind="index")
    assert (after.version, after.level, after.fields.subject) == (2, Level.SECRET, "Đã sửa")
    assert (after.sealed_at, after.archived_at) == (before.sealed_at, before.archived_at)
    assert after.pdf is not None
    new = shop.world.blobs.read(after.pdf.key, after.pdf.sha256)
    assert new.startswith(old)
    assert hashlib.sha256(old).hexdigest() == before.pdf.sha256
    assert shop.world.blobs.read(before.pdf.key, before.pdf.sha256) == old
    assert {note.object_id for note in told} == {kept}
    assert [k for k in shop.world.blobs.keys(f"documents/{kept}/v2/") if "record-" in k], (
        "the level is written down"
    )


def test_a_file_that_is_not_valid_is_listed_and_the_others_go_on(shop: Shop) -> None:
    ids = shop.fill(3, {0: sealing.append_page, 1: lambda d: d[:-900]})
    shop.clock.turn(days=1100)
    shop.night()
    states = [(shop.life(one).state, shop.versions(one)) for one in ids]
    assert states == [(LifeState.LISTED, 1), (LifeState.LISTED, 1), (LifeState.CURRENT, 2)]
    assert "renewal-not-valid" in shop.life(ids[0]).reason
    assert "not-provable" in shop.life(ids[1]).reason
    assert "2 files do not pass" in shop.standing().alarm
    assert len(shop.events("renewal-refused")) == 2
    shop.clock.turn(days=2)
    shop.night()
    assert len(shop.events("renewal-refused")) == 2, "told once"


def test_an_authority_that_is_away_makes_all_wait_and_marks_nothing(shop: Shop) -> None:
    ids = shop.fill(2)
    shop.night()
    shop.clock.turn(days=1100)
    shop.harm = Away("no answer", code="time-stamp-away")
    one = shop.round()
    while one.turn(lambda: False) is Turn.MORE:
        pass
    assert "time-stamp-away" in one.away
    before = [shop.life(i) for i in ids]
    assert all(life.tried_at is None and life.state is LifeState.CURRENT for life in before)
    assert one.turn(lambda: False) is Turn.WAITING, "it rests before it asks again"
    shop.clock.turn(hours=2)
    assert one.turn(lambda: False) is Turn.WAITING
    assert "stuck since" in shop.standing().alarm
    shop.harm = None
    shop.clock.turn(hours=1)
    while one.turn(lambda: False) is Turn.MORE:
        pass
    assert [shop.versions(i) for i in ids] == [2, 2]
    assert shop.standing().alarm == ""


def test_an_authority_that_ends_too_soon_is_an_alarm(shop: Shop) -> None:
    kept, *_ = shop.fill(1)
    shop.algorithms = AGREED
    shop.epochs = shop.epochs[:1]  # nobody has set a new one up
    shop.clock.turn(days=1350)  # in half a year RSA 2048 ends, and the new stamp would be one of those
    assert shop.night() is Turn.WAITING
    assert "renewal-useless" in shop.standing().alarm
    assert (shop.versions(kept), shop.life(kept).tried_at) == (1, None)


POINTS = (
    "renewal-before-stamp",
    "renewal-after-stamp",
    "deposit-before",
    "deposit-after-access.pdf",
    "deposit-after-pages.json",
    "deposit-after-manifest.json",
    "renewed-before",
    "renewed-before-commit",
    "renewed-after-commit",
)


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_goes_on_and_renews_once(
    shop: Shop, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = shop.fill(2)
    shop.night()
    shop.clock.turn(days=1100)

    def die(name: str) -> None:
        if name == point:
            raise Killed(name)

    with monkeypatch.context() as patch:
        import ingest.deposit

        for place in (module, ingest_renewed, ingest.deposit):
            patch.setattr(place, "crashpoint", die)
        with pytest.raises(Killed):
            shop.night()
    assert shop.night() is Turn.DONE
    for document_id in ids:
        life = shop.life(document_id)
        assert (life.version, shop.versions(document_id), life.time_stamps) == (2, 2, 2)
        assert shop.verdict(document_id).verdict is Answer.VALID
    assert len([e for e in shop.events("document-archived") if e.get("renewal")]) == 2
    if point.startswith("renewed-") or point == "deposit-after-manifest.json":
        for document_id in ids:  # what lay whole in the store was taken, not stamped a second time
            assert not list(shop.world.blobs.keys(f"documents/{document_id}/v2-2/"))
    assert not list(shop.world.tools.work_dir.glob("renewal-*"))


def test_damaged_bytes_wait_for_fixity(shop: Shop) -> None:
    kept, *_ = shop.fill(1)
    shop.night()
    with shop.world.work.reading() as tx:
        pdf = tx.documents.get(SYSTEM, kept).pdf
    assert pdf is not None
    path = shop.folder / "blobs" / pdf.key
    good = path.read_bytes()
    path.unlink()
    shop.clock.turn(days=1100)
    assert shop.night() is Turn.DONE
    assert (shop.life(kept).state, shop.standing().counts) == (LifeState.CURRENT, {"waiting": 1})
    path.write_bytes(good)
    shop.clock.turn(days=2)
    shop.night()
    assert shop.versions(kept) == 2


def test_what_is_due_too_long_is_an_alarm(shop: Shop) -> None:
    shop.fill(1)
    shop.night()
    shop.clock.turn(days=1095 + 40)
    shop.harm = module.ArchiveFault("disk", code="renewal-write")
    shop.night()
    assert "1 files due for renewal for more than 30 days" in shop.standing().alarm

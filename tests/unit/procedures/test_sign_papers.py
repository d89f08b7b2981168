"""A batch of papers: each signed once and kept, whatever dies or is away in between."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import procedures.sign_papers as steps
from procedures.sign_papers import Order, SignTools, sign_paper
from records.errors import ArchiveFault, Away, Unfit
from signing.seal import Sealed
from signing.verdict import Answer
from signing.verify import verify_pdf
from storage.blobs import Unavailable, open_blobs
from storage.schema import audit
from storage.signing_values import BatchStage, NewPaper, NewSigningBatch, Paper, PaperStage
from storage.work import Work
from tests.cases.database import migrated
from tests.cases.sealing import World, a_pdf, at_home


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return at_home(tmp_path_factory.mktemp("papers-world") / "keys")


@dataclass
class Desk:
    """A clerk's desk: rows, store, a key that counts how often it was used, and what it is to say instead."""

    tools: SignTools
    batch: str
    world: World
    orders: list[Order] = field(default_factory=list)
    trouble: list[ArchiveFault] = field(default_factory=list)

    def add(self, folder: Path, number: int) -> str:
        path = folder / f"qd-{number}.pdf"
        if not path.exists():
            a_pdf(path, words=f"Quyet dinh {number}")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        key = f"received/{sha256[:2]}/{sha256}.pdf"
        self.tools.blobs.put_once(key, path, sha256)
        with self.tools.work.begin() as tx:
            new = NewPaper(path.name, key, sha256, path.stat().st_size, f"k{number}")
            return tx.signings.add_paper(self.batch, new).id

    def start(self) -> None:
        with self.tools.work.begin() as tx:
            tx.signings.start(self.batch)

    def paper(self, paper_id: str) -> Paper:
        with self.tools.work.reading() as tx:
            return tx.signings.paper(paper_id)

    def state(self) -> tuple[str, str]:
        with self.tools.work.reading() as tx:
            batch = tx.signings.batch(self.batch)
        return batch.state, batch.message

    def events(self, action: str) -> list[str]:
        with self.tools.work.tables.reading() as connection:
            rows = connection.execute(audit.select().where(audit.c.action == action).order_by(audit.c.seq))
            return [row.object for row in rows]


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Iterator[Desk]:
    tables = migrated(tmp_path / "vanthu.db")
    work = Work(tables, world.clock)
    with work.begin() as tx:
        batch = tx.signings.open_batch(NewSigningBatch("Đợt", "archive", "", "", "acc")).id

    def sign(source: Path, out: Path, paper_id: str, order: Order) -> Sealed:
        made.orders.append(order)
        if made.trouble:
            raise made.trouble.pop(0)
        return world.service.seal(source, out, order.profile, order.key or None, paper_id)

    tools = SignTools(work, open_blobs(f"file://{tmp_path / 'blobs'}"), world.clock, sign, tmp_path / "work")
    made = Desk(tools, batch, world)
    yield made
    tables.dispose()


def test_a_paper_is_signed_checked_kept_and_told(desk: Desk, tmp_path: Path) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()
    assert sign_paper(desk.tools, one) is None
    paper = desk.paper(one)
    assert paper.state is PaperStage.SIGNED and paper.signature is not None
    out = tmp_path / "out.pdf"
    desk.tools.blobs.copy_out(paper.signature.key, out, paper.signature.sha256)
    verdict = verify_pdf(out, desk.world.roots)
    assert verdict.verdict is Answer.VALID
    assert paper.signature.certificate_serial and paper.signature.time_stamp_serial
    assert paper.signature.certificate_serial == verdict.signatures[0].serial
    assert desk.state() == (BatchStage.FINISHED, "")
    assert desk.events("paper-signed") == [one]
    assert desk.events("signing-batch-finished") == [desk.batch]
    assert list((tmp_path / "work").iterdir()) == []
    with desk.tools.work.reading() as tx:
        assert tx.objects.get(paper.signature.key) is not None
        assert tx.intents.older_than(desk.world.clock.now()) == []


def test_signing_again_uses_the_key_once(desk: Desk, tmp_path: Path) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()
    for _ in range(3):
        assert sign_paper(desk.tools, one) is None
    assert len(desk.orders) == 1
    assert desk.events("paper-signed") == [one]


@pytest.mark.parametrize(
    "point", ["paper-noted", "paper-stored", "paper-before-commit", "paper-after-commit"]
)
def test_a_crash_after_the_signature_does_not_sign_again(
    desk: Desk, tmp_path: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()

    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(steps, "crashpoint", die)
        with pytest.raises(Killed):
            sign_paper(desk.tools, one)
    assert sign_paper(desk.tools, one) is None
    assert len(desk.orders) == 1
    assert desk.paper(one).state is PaperStage.SIGNED
    assert desk.events("paper-signed") == [one]
    assert desk.state()[0] == BatchStage.FINISHED


def test_a_signature_nobody_wrote_down_whole_is_made_anew(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()
    folder = desk.tools.work_dir / f"paper-{one}"
    folder.mkdir(parents=True)
    (folder / "signed.pdf").write_bytes(b"%PDF-half")
    (folder / "facts.json").write_text("{")
    assert sign_paper(desk.tools, one) is None
    assert desk.paper(one).state is PaperStage.SIGNED


@pytest.mark.parametrize(
    "fault",
    [
        Away("gone", code="token-away", tell="Chưa thấy token. Hãy cắm lại."),
        Away("slow", code="time-stamp-away", tell="Chờ dấu thời gian."),
        ArchiveFault("pin", code="pin-wrong", tell="Sai mã PIN."),
    ],
)
def test_without_key_or_time_a_paper_waits_and_is_not_signed(
    desk: Desk, tmp_path: Path, fault: ArchiveFault
) -> None:
    one, two = desk.add(tmp_path, 1), desk.add(tmp_path, 2)
    desk.start()
    desk.trouble.append(fault)
    waits = sign_paper(desk.tools, one)
    assert waits is not None and (waits.code, waits.tell) == (fault.code, fault.tell)
    paper = desk.paper(one)
    assert (paper.state, paper.code, paper.tell) == (PaperStage.WAITING, fault.code, fault.tell)
    assert desk.state() == (BatchStage.HELD, fault.tell)
    assert desk.events("paper-signed") == []
    assert sign_paper(desk.tools, one) is None  # it is back
    assert desk.state() == (BatchStage.RUNNING, "")
    assert sign_paper(desk.tools, two) is None
    assert desk.state() == (BatchStage.FINISHED, "")


def test_a_paper_that_cannot_be_signed_is_told_and_the_others_go_on(desk: Desk, tmp_path: Path) -> None:
    one, two = desk.add(tmp_path, 1), desk.add(tmp_path, 2)
    desk.start()
    desk.trouble.append(Unfit("odd", code="file-malformed", tell="qd-1.pdf sai cấu trúc."))
    assert sign_paper(desk.tools, one) is None
    assert sign_paper(desk.tools, two) is None
    assert (desk.paper(one).state, desk.paper(one).code) == (PaperStage.REFUSED, "file-malformed")
    assert desk.paper(two).state is PaperStage.SIGNED
    assert desk.events("paper-refused") == [one]
    assert desk.state()[0] == BatchStage.FINISHED


def test_a_bug_of_ours_is_told_and_signs_nothing(desk: Desk, tmp_path: Path) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()
    desk.trouble.append(ZeroDivisionError("bug"))  # type: ignore[arg-type]
    assert sign_paper(desk.tools, one) is None
    assert (desk.paper(one).state, desk.paper(one).code) == (PaperStage.REFUSED, "internal-fault")


def test_a_full_store_keeps_the_signature_for_the_next_try(desk: Desk, tmp_path: Path) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()

    class Full:
        def __getattr__(self, name: str) -> Callable[..., object]:
            return getattr(desk.tools.blobs, name)

        def put_once(self, *_: object) -> Unavailable:
            return Unavailable("no room", full=True)

    waits = sign_paper(replace(desk.tools, blobs=Full()), one)  # type: ignore[arg-type]
    assert waits is not None and desk.paper(one).state is PaperStage.WAITING
    with desk.tools.work.reading() as tx:
        assert tx.intents.older_than(desk.world.clock.now()) == []
    assert sign_paper(desk.tools, one) is None
    assert len(desk.orders) == 1
    assert desk.paper(one).state is PaperStage.SIGNED


def test_a_cancelled_batch_signs_nothing_more(desk: Desk, tmp_path: Path) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()
    with desk.tools.work.begin() as tx:
        tx.signings.cancel(desk.batch)
    assert sign_paper(desk.tools, one) is None
    assert (desk.orders, desk.paper(one).state) == ([], PaperStage.CANCELLED)


def test_the_same_paper_in_a_second_batch_is_not_signed_again(desk: Desk, tmp_path: Path) -> None:
    one = desk.add(tmp_path, 1)
    desk.start()
    assert sign_paper(desk.tools, one) is None
    with desk.tools.work.begin() as tx:
        desk.batch = tx.signings.open_batch(NewSigningBatch("Đợt hai", "archive", "", "", "acc")).id
    twin = desk.add(tmp_path, 1)
    desk.start()
    assert sign_paper(desk.tools, twin) is None
    assert desk.paper(twin).signature == desk.paper(one).signature
    assert len(desk.orders) == 1

"""What is issued is deposited: bit for bit, described by the register, found by its parties and by nobody else."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from boot.wiring import duties
from jobs.children import ChildPools
from procedures.case_deposit import follow_parties
from records.access import LOCAL, SYSTEM, Level, Role
from records.acting import PostRole
from records.case import Case
from records.document import DocumentState, FileState
from records.errors import Missing
from storage import accounts as door
from storage.batch_values import ISSUER
from storage.blobs import BlobFault
from storage.folder import FolderStore
from storage.tables import open_tables
from tests.cases.archive_world import World
from tests.cases.archive_world import world as make_world
from tests.cases.case_town import TO_APPROVED, TO_AWAY, TO_SEALED
from tests.cases.database import TurnedClock, migrated
from tests.cases.issued import TO_CLOSED, Archive, IssuingTown, a_town

ROOT = Path(__file__).parents[3]
NAME = "Trần Thị Lan"
SEES = (
    "lan",
    "secretary@branch",
    "secretary@base",
    "secretary@ward",
    "clerk@ward",
    "secretary@ward2",
    "secretary@far",
)


@contextmanager
def opened(folder: Path, children: ChildPools) -> Iterator[World]:
    tables = open_tables(f"sqlite:///{folder}/vanthu.db")
    yield make_world(folder, tables, FolderStore(folder / "blobs"), children, TurnedClock())
    tables.dispose()


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, children: ChildPools) -> tuple[Path, IssuingTown, Case]:
    """A town in which an official transfer was walked to its end, once; each test has a copy."""
    folder = tmp_path_factory.mktemp("built")
    migrated(folder / "vanthu.db").dispose()
    with opened(folder, children) as world:
        town = a_town(world, folder)
        return folder, town, town.close()


@pytest.fixture
def here(built: tuple[Path, IssuingTown, Case], tmp_path: Path, children: ChildPools) -> Iterator[World]:
    shutil.copytree(built[0], tmp_path, dirs_exist_ok=True)
    with opened(tmp_path, children) as world:
        yield world


@pytest.fixture
def archive(here: World) -> Archive:
    return Archive(here.tools)


@pytest.fixture
def town(built: tuple[Path, IssuingTown, Case], here: World, tmp_path: Path) -> IssuingTown:
    return built[1].again(here, tmp_path)


@pytest.fixture
def closed(built: tuple[Path, IssuingTown, Case]) -> Case:
    return built[2]


@pytest.fixture
def young(tmp_path: Path, children: ChildPools) -> Iterator[tuple[IssuingTown, Archive]]:
    """A town in which nothing has happened yet."""
    migrated(tmp_path / "vanthu.db").dispose()
    with opened(tmp_path, children) as world:
        yield a_town(world, tmp_path), Archive(world.tools)


def waiting(town: IssuingTown) -> list[str]:
    with town.work.reading() as tx:
        return [batch.id for batch in tx.batches.unfinished()]


def test_nothing_is_handed_over_before_the_paper_is_issued(young: tuple[IssuingTown, Archive]) -> None:
    town, _ = young
    case = town.open()
    for step in TO_CLOSED.split(", "):
        assert waiting(town) == []
        who, move = step.split()
        case = town.go(who, case, move)
    assert len(waiting(town)) == 1
    with town.work.reading() as tx:
        (batch,) = tx.batches.unfinished()
        (file,) = tx.batches.files(SYSTEM, batch.id)
    letter = case.papers[-1]
    assert (batch.created_by, batch.dossier, file.sha256) == (ISSUER, case.id, letter.sha256)


def test_the_signed_file_is_the_document_to_the_byte(
    town: IssuingTown, archive: Archive, closed: Case
) -> None:
    (document_id,) = archive.take_in()
    document, letter = archive.document(document_id), closed.papers[-1]
    assert (document.state, document.version, document.level) == (DocumentState.ARCHIVED, 1, Level.PARTIES)
    assert (document.verdict, document.signature_level, document.pdfa) == (
        "VALID",
        "PAdES-BASELINE-LTA",
        "2b",
    )
    assert document.dossier == closed.id
    with town.work.reading() as tx:
        parts = {part.name: part for part in tx.documents.renditions(SYSTEM, document_id)}
        pages = tx.pages.of_document(SYSTEM, document_id)
        events = Counter(row["action"] for row in tx.catalogue.rows("audit", object=document_id))
    assert set(parts) == {"access.pdf", "original", "pages.json", "manifest.json"}
    for name in ("access.pdf", "original"):
        assert parts[name].sha256 == letter.sha256
        assert town.blobs.read(parts[name].key, parts[name].sha256).startswith(b"%PDF")
    assert len(pages) == document.page_count == 2
    assert events == {"document-archived": 1}
    fields = document.fields
    assert (fields.number, fields.code_number) == (letter.number, letter.number.split("-")[0])
    assert letter.dated is not None and fields.issued_date == letter.dated.isoformat()
    assert (fields.type_name, fields.type_code) == ("Giấy giới thiệu", "27")
    assert fields.organ_name == "Đảng bộ phường Sen"
    assert NAME in fields.subject
    assert fields.evidence["number"].boxes
    assert archive.take_in() == []


def test_a_hit_has_its_box_where_the_word_stands(town: IssuingTown, archive: Archive, closed: Case) -> None:
    (document_id,) = archive.take_in()
    found = archive.find(town.actor("secretary@far"), f'"{NAME}"')
    (hit,) = [one for one in found.hits if one.page == 1]
    assert (hit.document_id, hit.match) == (document_id, "exact")
    with town.work.reading() as tx:
        text = tx.pages.reading(SYSTEM, document_id, 1)
    assert text is not None
    boxes = [word.box for word in text.words if word.text.strip(";,").casefold() in ("trần", "thị", "lan")]
    assert hit.boxes and all(
        any(box.x0 <= one.x0 and one.x1 <= box.x1 for box in hit.boxes) for one in boxes[:1]
    )


def test_parties_find_it_and_nobody_else_does(town: IssuingTown, archive: Archive, closed: Case) -> None:
    (document_id,) = archive.take_in()
    with town.work.begin() as tx:
        for name in ("quan-tri", "ngoai"):
            town.accounts[name] = town.party.account(tx, name)
        town.accounts["o-lua-khac"] = town.party.holder(tx, "branch2", PostRole.SECRETARY, title="BÍ THƯ")
    for who in SEES:
        reader = town.actor(who)
        assert [hit.document_id for hit in archive.find(reader, NAME).hits][:1] == [document_id], who
        with town.work.reading() as tx:
            assert tx.documents.find(reader)[1] == 1, who
            assert tx.pages.get(reader, document_id, 1).number == 1
    strangers = [town.actor("ngoai", *Role), town.actor("quan-tri"), town.actor("o-lua-khac", *Role), LOCAL]
    for reader in strangers:
        found = archive.find(reader, NAME) if reader.parties or reader.roles else None
        assert found is None or (found.hits, found.total) == ((), 0), reader
        with town.work.reading() as tx:
            assert tx.documents.find(reader) == ([], 0), reader
            for ask in (
                lambda tx=tx, reader=reader: tx.documents.get(reader, document_id),
                lambda tx=tx, reader=reader: tx.documents.renditions(reader, document_id),
                lambda tx=tx, reader=reader: tx.pages.get(reader, document_id, 1),
                lambda tx=tx, reader=reader: tx.pages.reading(reader, document_id, 1),
                lambda tx=tx, reader=reader: tx.pages.of_document(reader, document_id),
            ):
                with pytest.raises(Missing):
                    ask()


def test_who_loses_the_post_loses_the_paper_at_once(
    town: IssuingTown, archive: Archive, closed: Case
) -> None:
    (document_id,) = archive.take_in()
    reader = town.actor("secretary@far")
    assert archive.find(reader, NAME).total > 0
    without = replace(reader, parties=frozenset())
    with town.work.reading() as tx, pytest.raises(Missing):
        tx.documents.get(without, document_id)


def test_the_delivery_of_a_paper_is_the_engines_alone(
    town: IssuingTown, archive: Archive, closed: Case
) -> None:
    archivist = town.actor("secretary@far", Role.ARCHIVIST)
    (batch_id,) = waiting(town)
    for _ in range(2):
        with town.work.reading() as tx:
            assert tx.batches.list(archivist) == ([], 0)
            for ask in (tx.batches.get, tx.batches.files, tx.batches.existing, tx.batches.progress):
                with pytest.raises(Missing):
                    ask(archivist, batch_id)
        archive.take_in()


def test_an_index_that_is_away_never_blocks_the_archive(
    town: IssuingTown, here: World, tmp_path: Path
) -> None:
    place = tmp_path / "index"
    place.rmdir() if place.is_dir() else None
    place.write_text("in the way")
    archive = Archive(here.tools)
    (document_id,) = archive.take_in()
    assert archive.document(document_id).state is DocumentState.ARCHIVED
    place.unlink()
    here.tools.clock.turn(minutes=1)  # type: ignore[attr-defined]  # until the note is tried again
    archive.steps.publish(document_id)
    assert archive.find(town.actor("lan"), NAME).hits


def test_a_temporary_letter_is_issued_when_its_boxes_are_full_and_once(
    young: tuple[IssuingTown, Archive],
) -> None:
    town, archive = young
    case = town.walk(town.open_temporary(), TO_AWAY)
    assert case.state == "active" and not case.ended
    (document_id,) = archive.take_in()
    assert archive.document(document_id).fields.number == case.papers[-1].number
    assert [hit.document_id for hit in archive.find(town.actor("secretary@far"), NAME).hits][:1] == [
        document_id
    ]


def test_a_void_letter_that_was_out_is_kept_with_the_one_after_it(young: tuple[IssuingTown, Archive]) -> None:
    town, archive = young
    case = town.walk(town.open(), TO_APPROVED)
    case = town.walk(case, TO_SEALED)
    case = town.go("clerk@ward", case, "new-letter", comment="Ô 1 sai")
    again = TO_CLOSED.split("secretary@branch take, ")[1]
    case = town.walk(case, again)
    first, second = (archive.document(one) for one in archive.take_in())
    assert {first.fields.number, second.fields.number} == {paper.number for paper in case.papers}
    assert first.dossier == second.dossier == case.id


def test_a_file_that_is_lost_is_never_told_to_be_archived(
    town: IssuingTown, here: World, closed: Case, tmp_path: Path
) -> None:
    letter = closed.papers[-1]
    path = tmp_path / "blobs" / "signed" / letter.sha256[:2] / f"{letter.sha256}.pdf"
    path.unlink()
    archive = Archive(here.tools)
    (batch_id,) = waiting(town)
    with pytest.raises(BlobFault):
        archive.walk(batch_id)
    with town.work.reading() as tx:
        assert tx.documents.of_batch(batch_id) == []
        (file,) = tx.batches.files(SYSTEM, batch_id)
    with pytest.raises(
        RuntimeError, match="internal-fault"
    ):  # the delivery is given up, the file is not refused
        archive.steps.give_up_file(file.id, "BlobMissing")
    with town.work.reading() as tx:
        assert tx.batches.file(file.id).state is FileState.RECEIVED


def test_the_index_follows_when_a_case_reaches_further(
    town: IssuingTown, archive: Archive, closed: Case
) -> None:
    (document_id,) = archive.take_in()
    further = replace(closed, bodies={**closed.bodies, "receiving-branch": ("far", "branch2")})
    with town.work.begin() as tx:
        follow_parties(tx, closed, closed)
        assert not tx.outbox.noted("index", document_id)
        follow_parties(tx, closed, further)
        assert tx.outbox.noted("index", document_id)


def test_held_numbers_are_struck_out_by_the_duty_of_the_leader(here: World) -> None:
    names = {duty.name: duty for duty in duties(here.tools)}
    assert names["number-holds"].work() == 0

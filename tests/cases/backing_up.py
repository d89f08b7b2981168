"""What backup and restore must do on every database and every store: one moment, whole, or a loud refusal."""

import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingest.tools import IngestTools
from records.access import LOCAL, Role
from records.errors import Conflict
from storage.backup import back_up
from storage.backup_parts import BLOBS, MANIFEST, TABLES, Backup, BackupRefused, open_backup
from storage.restore import (
    absent_objects,
    checked,
    find_backup,
    must_be_empty,
    restore_blobs,
    restore_rows,
)
from storage.tables import Tables
from tests.cases.archive_world import World, scan
from tests.cases.case_rows import a_case, a_move, after
from tests.cases.rebuilding import SPOIL, state


@dataclass(frozen=True)
class Elsewhere:
    """Another machine: an empty database without tables, and an empty store."""

    tables: Tables
    world: World

    @property
    def tools(self) -> IngestTools:
        return self.world.tools


def quiet(_what: str, _done: int, _of: int) -> None:
    pass


def backup_of(world: World, target: Path, with_blobs: bool = True) -> Backup:
    return back_up(world.work, world.blobs, target, quiet, with_blobs=with_blobs)


def restored(place: Path, there: Elsewhere, replace: bool = False) -> Backup:
    """The order of `vanthu restore`: prove, look at the target, bytes, rows."""
    backup = checked(find_backup(place), quiet)
    if not replace:
        must_be_empty(there.tables, there.world.work)
    there.tables.migrate()
    if backup.with_blobs:
        assert restore_blobs(backup, there.world.blobs, quiet) == []
    restore_rows(backup, there.world.work, quiet, replace=replace)
    return backup


class BackupCases:
    """Inherit and supply `world`, `elsewhere` and `spoil`."""

    def test_what_was_backed_up_comes_back(self, world: World, elsewhere: Elsewhere, tmp_path: Path) -> None:
        world.digitize({"a.jpg": scan("a"), "b.tif": scan("b", "TIFF", 2)})
        world.digitize({"a.jpg": scan("a"), "c.jpg": scan("c")}, refuse=[0])
        with world.work.begin() as tx:
            account = tx.accounts.add("an.nv", "Nguyễn Văn An", "mật khẩu dài 12", {Role.ARCHIVIST})
            tx.tokens.create(account.id, "máy quét")
            tx.audit.append(LOCAL.id, "account-created", account.id, "done", {})
        with world.work.reading() as tx:
            until = tx.audit.newest()
        before = state(world, until)
        made = backup_of(world, tmp_path / "kho")
        backup = restored(tmp_path / "kho", elsewhere)
        assert backup == made and backup.head[0] == until and not backup.absent
        assert state(elsewhere.world, until) == before
        assert list(absent_objects(elsewhere.world.work, elsewhere.world.blobs, quiet)) == []
        with elsewhere.world.work.begin() as tx:
            assert tx.accounts.check_password("an.nv", "mật khẩu dài 12") is not None
            assert tx.audit.append(LOCAL.id, "test", "x", "done", {}) == until + 1

    def test_cases_come_back_with_their_history(
        self, world: World, elsewhere: Elsewhere, tmp_path: Path
    ) -> None:
        case = a_case(world.work)
        moved = after(case, form={"name": "Lân"}, form_version=2)
        with world.work.begin() as tx:
            tx.cases.add(case, a_move(case))
            tx.cases.move(case, moved, a_move(moved))
        backup_of(world, tmp_path / "kho")
        restored(tmp_path / "kho", elsewhere)
        with elsewhere.world.work.reading() as tx:
            assert tx.cases.get(case.id) == moved
            assert tx.cases.history(case.id) == [a_move(case), a_move(moved)]
            assert [version.number for version in tx.cases.versions(case.id)] == [1, 2]

    def test_restored_work_goes_on(self, world: World, elsewhere: Elsewhere, tmp_path: Path) -> None:
        batch = world.deliver({"a.jpg": scan("a"), "b.jpg": scan("b")})
        todo = world.begin_walk(batch)
        world.archive(todo[0])
        backup_of(world, tmp_path / "kho")
        restored(tmp_path / "kho", elsewhere)
        there = elsewhere.world
        with there.work.reading() as tx:
            assert [b.id for b in tx.batches.unfinished()] == [batch]
        rest = there.begin_walk(batch)
        assert rest == todo[1:]
        for document_id in rest:
            there.archive(document_id)
        there.finish(batch)
        assert world.archived().items() <= there.archived().items() and len(there.archived()) == 2

    def test_a_backup_of_a_busy_archive_is_one_moment(
        self, world: World, elsewhere: Elsewhere, tmp_path: Path
    ) -> None:
        batch = world.open()
        acknowledged: list[str] = []
        stop = threading.Event()

        def load() -> None:
            number = 0
            while not stop.is_set() and number < 200:
                number += 1
                acknowledged.append(world.hand_in(batch, f"{number}.jpg", scan(str(number))).file_id)

        sender = threading.Thread(target=load)
        sender.start()
        while len(acknowledged) < 3:
            assert sender.is_alive()
            stop.wait(0.01)
        before = list(acknowledged)
        backup_of(world, tmp_path / "kho")
        stop.set()
        sender.join()
        restored(tmp_path / "kho", elsewhere)
        with elsewhere.world.work.reading() as tx:
            rows = {row["id"]: row for row in tx.catalogue.rows("files")}
            received = {e["object"] for e in tx.catalogue.rows("audit", action="file-received")}
        assert set(before) <= set(rows), "what was acknowledged before the moment is in it"
        assert received == set(rows), "rows and log are of the same moment"
        for file_id in before:
            row = rows[file_id]
            assert len(elsewhere.world.blobs.read(row["blob_key"], row["sha256"])) == row["size"]

    def test_bytes_that_are_lost_already_are_named_and_not_hidden(
        self, world: World, elsewhere: Elsewhere, tmp_path: Path, spoil: SPOIL
    ) -> None:
        batch = world.open()
        got = world.hand_in(batch, "a.jpg", scan("a"))
        world.hand_in(batch, "b.jpg", scan("b"))
        with world.work.reading() as tx:
            key = tx.batches.file(got.file_id).blob_key
        spoil(key, b"rotten")
        made = backup_of(world, tmp_path / "kho")
        assert list(made.absent) == [key] and made.absent[key].startswith("blob-corrupt")
        assert restored(tmp_path / "kho", elsewhere).absent == made.absent
        assert [a.key for a in absent_objects(elsewhere.world.work, elsewhere.world.blobs, quiet)] == [key]

    def test_a_full_target_is_left_alone_unless_told(
        self, world: World, elsewhere: Elsewhere, tmp_path: Path
    ) -> None:
        world.digitize({"a.jpg": scan("a")})
        with world.work.reading() as tx:
            until = tx.audit.newest()
        backup_of(world, tmp_path / "kho")
        elsewhere.tables.migrate()
        there = elsewhere.world
        there.deliver({"other.jpg": scan("other")})
        before = state(there, 100)
        with pytest.raises(Conflict) as fault:
            restored(tmp_path / "kho", elsewhere)
        assert fault.value.code == "database-not-empty"
        assert state(there, 100) == before
        restored(tmp_path / "kho", elsewhere, replace=True)
        assert state(there, until) == state(world, until)
        with there.work.begin() as tx:
            assert tx.audit.append(LOCAL.id, "test", "x", "done", {}) == until + 1

    def test_killed_half_way_the_target_is_as_it_was(
        self, world: World, elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.killed_at("heads", True, world, elsewhere, tmp_path, monkeypatch)

    def killed_at(
        self,
        table: str,
        replace: bool,
        world: World,
        elsewhere: Elsewhere,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        world.digitize({"a.jpg": scan("a")})
        backup_of(world, tmp_path / "kho")
        there = elsewhere.world
        elsewhere.tables.migrate()
        if replace:
            there.open()
        before = state(there, 100)

        def die(name: str) -> None:
            if name == f"restore-after-{table}":
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("storage.restore.crashpoint", die)
            with pytest.raises(KeyboardInterrupt):
                restored(tmp_path / "kho", elsewhere, replace=replace)
        assert state(there, 100) == before
        restored(tmp_path / "kho", elsewhere, replace=replace)
        assert there.archived() == world.archived()


class BackupDamageCases(BackupCases):
    """Also what damage, forgery and killing must come to; one profile runs it."""

    @pytest.mark.parametrize(
        ("table", "replace"), [("batches", False), ("audit", False), ("heads", False), ("batches", True)]
    )
    def test_killed_at_any_table_the_target_is_as_it_was(
        self,
        table: str,
        replace: bool,
        world: World,
        elsewhere: Elsewhere,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.killed_at(table, replace, world, elsewhere, tmp_path, monkeypatch)

    def test_only_new_bytes_are_copied_the_second_time(self, world: World, tmp_path: Path) -> None:
        world.digitize({"a.jpg": scan("a")})
        backup_of(world, tmp_path / "kho")
        first = {p: p.stat().st_ino for p in (tmp_path / "kho" / BLOBS).rglob("*") if p.is_file()}
        world.digitize({"b.jpg": scan("b")})
        made = backup_of(world, tmp_path / "kho")
        second = {p: p.stat().st_ino for p in (tmp_path / "kho" / BLOBS).rglob("*") if p.is_file()}
        assert first.items() <= second.items() and len(second) > len(first)
        assert find_backup(tmp_path / "kho") == made.folder
        assert checked(made.folder, quiet) == made

    def test_without_blobs_the_missing_objects_are_listed(
        self, world: World, elsewhere: Elsewhere, tmp_path: Path
    ) -> None:
        world.digitize({"a.jpg": scan("a")})
        backup_of(world, tmp_path / "kho", with_blobs=False)
        restored(tmp_path / "kho", elsewhere)
        absent = {a.key for a in absent_objects(elsewhere.world.work, elsewhere.world.blobs, quiet)}
        with world.work.reading() as tx:
            assert absent == {o["key"] for o in tx.catalogue.rows("objects")}
        assert list(absent_objects(elsewhere.world.work, world.blobs, quiet)) == []

    def test_every_part_is_needed_and_every_byte_counts(
        self, world: World, elsewhere: Elsewhere, tmp_path: Path
    ) -> None:
        world.digitize({"a.jpg": scan("a")})
        with world.work.begin() as tx:
            tx.heads.add(1, "0" * 64, "a note\n")
        made = backup_of(world, tmp_path / "kho")
        parts = [p for p in (tmp_path / "kho").rglob("*") if p.is_file() and p.name != ".lock"]
        assert {p.name for p in parts} >= {MANIFEST, "head.note", "audit.jsonl.gz", "accounts.jsonl.gz"}
        for part in parts:
            whole = part.read_bytes()
            middle = len(whole) // 2
            for bad in (
                whole[:middle] + bytes([whole[middle] ^ 0x20]) + whole[middle + 1 :],
                whole[:-1],
                b"",
                None,
            ):
                part.chmod(0o600)
                part.unlink() if bad is None else part.write_bytes(bad)
                with pytest.raises(BackupRefused) as fault:
                    restored(made.folder, elsewhere)
                assert fault.value.tell and fault.value.code in ("backup-damaged", "backup-incomplete"), part
                part.write_bytes(whole)
        assert elsewhere.tables.version() == "", "the target was never touched"
        assert list(elsewhere.world.blobs.keys("")) == []
        restored(made.folder, elsewhere)

    def test_a_forged_row_is_found_by_the_logs_head(self, world: World, tmp_path: Path) -> None:
        world.digitize({"a.jpg": scan("a")})
        made = backup_of(world, tmp_path / "kho", with_blobs=False)
        packed = (made.folder / "rows/audit.jsonl.gz").read_bytes()
        rows = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
        rows[1]["actor"] = "somebody else"
        _put_rows(made, "audit", rows)
        with pytest.raises(BackupRefused, match="event 2"):
            checked(made.folder, quiet)
        _put_rows(made, "audit", rows[:1])
        with pytest.raises(BackupRefused, match="head"):
            checked(made.folder, quiet)

    @pytest.mark.parametrize(
        "told", [b"", b"{}", b"[]", b"null", b"[" * 100_000, b'{"format":1,"kind":"file"}']
    )
    def test_foreign_descriptions_are_refused(self, world: World, tmp_path: Path, told: bytes) -> None:
        world.open()
        made = backup_of(world, tmp_path / "kho", with_blobs=False)
        (made.folder / MANIFEST).write_bytes(told)
        with pytest.raises(BackupRefused):
            checked(made.folder, quiet)

    def test_a_part_may_not_lie_elsewhere(self, world: World, tmp_path: Path) -> None:
        world.open()
        made = backup_of(world, tmp_path / "kho", with_blobs=False)
        _describe(
            made, lambda told: told["parts"].append({"name": "../x", "sha256": "", "size": 0, "rows": 0})
        )
        with pytest.raises(BackupRefused, match="unknown part"):
            checked(made.folder, quiet)
        _describe(made, lambda told: told["parts"].pop())
        _describe(made, lambda told: told["parts"].pop())
        with pytest.raises(BackupRefused):
            checked(made.folder, quiet)

    def test_tables_of_another_version_are_refused(self, world: World, tmp_path: Path) -> None:
        world.open()
        made = backup_of(world, tmp_path / "kho", with_blobs=False)
        _describe(made, lambda told: told.update(revision="9999"))
        with pytest.raises(BackupRefused) as fault:
            checked(made.folder, quiet)
        assert fault.value.code == "backup-version"

    @pytest.mark.parametrize(
        "point", ["backup-after-rows", "backup-after-blob", "backup-before-manifest", "backup-after-manifest"]
    )
    def test_a_killed_backup_is_none_and_swept_by_the_next(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
    ) -> None:
        world.digitize({"a.jpg": scan("a")})

        def die(name: str) -> None:
            if name == point:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("storage.backup.crashpoint", die)
            with pytest.raises(KeyboardInterrupt):
                backup_of(world, tmp_path / "kho")
        with pytest.raises(BackupRefused):
            find_backup(tmp_path / "kho")
        made = backup_of(world, tmp_path / "kho")
        assert {p.name for p in (tmp_path / "kho").iterdir()} == {made.folder.name, BLOBS, ".lock"}
        assert checked(made.folder, quiet) == made

    def test_two_backups_at_once_keep_apart(
        self, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.open()
        seen: list[str] = []

        def second(name: str) -> None:
            if name == "backup-after-rows":
                with pytest.raises(Conflict) as fault:
                    backup_of(world, tmp_path / "kho")
                seen.append(fault.value.code)

        monkeypatch.setattr("storage.backup.crashpoint", second)
        backup_of(world, tmp_path / "kho")
        assert seen == ["backup-busy"]

    def test_nobody_else_may_read_it(self, world: World, tmp_path: Path) -> None:
        world.open()
        made = backup_of(world, tmp_path / "kho", with_blobs=False)
        for path in [made.folder, *made.folder.rglob("*")]:
            assert path.stat().st_mode & 0o077 == 0, path

    def test_no_secret_is_in_it(self, world: World, tmp_path: Path) -> None:
        with world.work.begin() as tx:
            account = tx.accounts.add("an.nv", "Nguyễn Văn An", "mật khẩu dài 12", {Role.ARCHIVIST})
            token = tx.tokens.create(account.id, "máy quét")
        made = backup_of(world, tmp_path / "kho", with_blobs=False)
        words = b"".join(gzip.decompress(p.read_bytes()) for p in made.folder.rglob("*.gz"))
        assert b"an.nv" in words
        assert token.encode() not in words and "mật khẩu dài".encode() not in words

    def test_no_table_is_forgotten(self) -> None:
        from storage.schema import METADATA

        on_the_way = {"outbox", "intents", "leases", "passes", "sessions", "replies"}
        on_the_way |= {"seal_life", "seal_certificates"}  # read anew from the files
        on_the_way |= {"prepared_signatures"}  # good for fifteen minutes
        on_the_way |= {"case_signings"}  # moves that wait for a signature: ordered anew after a restore
        assert set(METADATA.tables) == set(TABLES) | on_the_way


def _put_rows(made: Backup, table: str, rows: list[dict[str, object]]) -> None:
    """Forge a part together with its hash and count in the description."""
    import hashlib

    path = made.folder / f"rows/{table}.jsonl.gz"
    with gzip.open(path, "wb") as out:
        out.writelines(json.dumps(row).encode() + b"\n" for row in rows)
    data = path.read_bytes()
    fixed = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "rows": len(rows)}

    def change(told: dict[str, list[dict[str, object]]]) -> None:
        for part in told["parts"]:
            if part["name"] == f"rows/{table}.jsonl.gz":
                part.update(fixed)

    _describe(made, change)


def _describe(made: Backup, change: Callable[[dict], object]) -> None:
    """Change the description and its check: what a person with write access could do."""
    from storage.backup_parts import FORMAT, KIND
    from storage.framed import framed, unframed

    path = made.folder / MANIFEST
    told = unframed(path.read_bytes(), KIND, FORMAT)
    change(told)
    path.write_bytes(framed(KIND, FORMAT, told))


__all__ = ["BackupCases", "Elsewhere", "open_backup"]

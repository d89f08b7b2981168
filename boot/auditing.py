"""`vanthu audit …`: sign heads, prove events, carry the log away; what checks is a program that knows nothing of us."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import storage.audit_verify
from boot.house import House, open_house
from boot.settings import Settings
from boot.speak import Exit, result, say
from jobs.audit_keeper import AuditKeeper
from records.access import LOCAL
from records.errors import ArchiveFault, Missing
from signing.demo_pki import ROOTS
from signing.timestamps import time_stamps
from storage.audit_proofs import prove_consistency, prove_inclusion
from storage.audit_segments import HEADS, head_counts, head_key, read_whole, stamp_key
from storage.blobs import BlobStore
from storage.paired import PairedStore
from storage.tree_notes import KEY, PUBLISHED, create_audit_key, load_audit_keys
from storage.work import Tx

_VERIFIER = Path(storage.audit_verify.__file__).parent
_STAMP_SECONDS = 20.0
"""A time-stamp authority that takes longer is asked again at a later round: the round has other things to do."""

_HEADS_AT_ONCE = 200
"""So many heads are fetched from a store that is no folder, the newest among them; they narrow down where."""


class _Json(Protocol):
    def to_json(self) -> str: ...


def audit_keeper(house: House) -> AuditKeeper:
    """Return the keeper of this archive's log. Raises `ArchiveFault` (`keys-unreadable`): `init` makes the key."""
    settings = house.settings
    options = replace(settings.signing, tsa_timeout=_STAMP_SECONDS).check()
    folder = settings.data_dir / "work"
    folder.mkdir(parents=True, exist_ok=True)
    return AuditKeeper(
        house.work,
        log_store(house.blobs),
        load_audit_keys(settings.keys_dir),
        time_stamps(options, house.clock, policies=options.tsa_policies),
        folder,
    )


def log_store(blobs: BlobStore) -> BlobStore:
    """Return where the log is kept a second time: the second store, or the only one."""
    return blobs.copy if isinstance(blobs, PairedStore) else blobs


def verify_log(
    settings: Settings,
    heads: Sequence[Path] = (),
    keys: Sequence[str] = (),
    segments: Path | None = None,
    *,
    as_json: bool = False,
) -> Exit:
    """Run the independent verifier over the rows, the heads in the store and those named; exit code 1: altered.

    Without `keys` the public keys of the keys folder count; an inspector brings his own.
    """
    words = ["verify", *_source(settings)]
    for given in keys or _known_keys(settings):
        words += ["--key", given]
    if segments is not None:
        words += ["--segments", str(segments)]
    for root in settings.roots:
        words += ["--roots", str(root)]
    with tempfile.TemporaryDirectory(prefix="vanthu-audit-") as folder:
        with open_house(settings) as house:
            _fetch_heads(house, Path(folder))
        for head in (*heads, folder):
            words += ["--head", str(head)]
        return _run(settings, [*words, *(["--json"] if as_json else [])])


def print_head(settings: Settings) -> Exit:
    """Sign a head over the log as it is now and print the note, to be kept where this machine cannot change it."""
    with open_house(settings) as house:
        head = audit_keeper(house).head_now()
    sys.stdout.write(head.note)
    return Exit.WELL


def print_key(settings: Settings) -> Exit:
    """Print the verifier keys of the log, newest last: an inspector notes them once and brings them along."""
    known = settings.keys_dir / PUBLISHED
    if not known.exists():
        create_audit_key(settings.keys_dir)
    result(known.read_text(encoding="utf-8").strip())
    return Exit.WELL


def prove_event(settings: Settings, seq: int) -> Exit:
    """Print the proof that event `seq` is under the newest signed head; a new head is signed when it is not yet."""
    with open_house(settings) as house:
        with house.work.reading() as tx:
            head, newest = tx.heads.last(), tx.audit.newest()
        if not 1 <= seq <= newest:
            raise Missing(f"no event {seq}", tell=f"Nhật ký có {newest} sự kiện, không có sự kiện số {seq}.")
        if head is None or head.count < seq:
            head = audit_keeper(house).head_now()
        with house.work.reading() as tx:
            proof = prove_inclusion(tx.audit.leaves, seq, head.count, _event(tx, seq), head.note)
    return _proven(settings, proof)


def prove_growth(settings: Settings, old: int, new: int) -> Exit:
    """Print the proof that the head over `new` events grew out of that over `old`. Raises `Missing`: no such head."""
    with open_house(settings) as house, house.work.reading() as tx:
        notes = []
        for count in (old, new):
            head = tx.heads.get(count)
            if head is None:
                known = ", ".join(str(one.count) for one in tx.heads.all()[-8:])
                raise Missing(
                    f"no head over {count} events",
                    tell=f"Không có mốc đã ký ở {count} sự kiện. Các mốc gần đây: {known or 'chưa có'}.",
                )
            notes.append(head.note)
        if old > new:
            raise Missing(f"{old} > {new}", tell="Mốc cũ phải đứng trước mốc mới.")
        proof = prove_consistency(tx.audit.leaves, old, new, *notes)
    return _proven(settings, proof)


def export_log(settings: Settings, target: Path) -> Exit:
    """Copy the log up to now, as the store holds it, to an empty folder, with the keys, the roots and the verifier.

    Where the signing key is not at hand, it is the log up to the newest head in the store. Whoever gets the folder can
    check it on any machine with Python, and the rows against it (`--segments`).
    """
    if target.exists() and any(target.iterdir()):
        raise ArchiveFault(
            f"{target} is not empty",
            code="exists",
            tell=f"Thư mục {target} đã có tệp; chương trình không ghi đè. Hãy chọn thư mục trống.",
        )
    count = 0
    with open_house(settings) as house:
        store = log_store(house.blobs)
        if (settings.keys_dir / KEY).exists():
            audit_keeper(house).head_now(push=True)
        for key in store.keys("audit/"):
            path = target / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(read_whole(store, key))
            count += 1
        with house.work.begin() as tx:
            tx.audit.append(LOCAL.id, "audit-exported", "", "done", {"files": count})
    target.mkdir(parents=True, exist_ok=True)
    for name in (PUBLISHED, ROOTS):
        if (settings.keys_dir / name).exists():
            shutil.copyfile(settings.keys_dir / name, target / name)
    shutil.copytree(_VERIFIER, target / _VERIFIER.name, ignore=shutil.ignore_patterns("__pycache__"))
    say(f"Đã chép {count} tệp nhật ký vào {target}. Kiểm tra ở bất kỳ máy nào:")
    say(f"  python {_VERIFIER.name} audit --head audit --key {PUBLISHED} --roots {ROOTS}")
    return Exit.WELL


def take_back(settings: Settings) -> Exit:
    """Put back the events that the store holds and a restored database lacks; to be done before anything else runs."""
    with open_house(settings) as house:
        taken = audit_keeper(house).take_back()
        with house.work.begin() as tx:
            tx.audit.append(LOCAL.id, "audit-taken-back", "", "done", {"events": taken})
    say(f"Đã đưa lại {taken} sự kiện từ kho vào nhật ký.")
    return Exit.WELL


def _proven(settings: Settings, proof: _Json) -> Exit:
    """Print a proof once the stranger agrees with it: made by one code, checked by another."""
    text = proof.to_json()
    words = ["check", "-"]
    for key in _known_keys(settings):
        words += ["--key", key]
    done = subprocess.run(
        [sys.executable, "-I", str(_VERIFIER), *words],
        input=text,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise ArchiveFault(
            f"the proof does not hold: {done.stdout or done.stderr}",
            code="audit-altered",
            tell="Nhật ký không còn khớp với mốc đã ký nên không lập được bằng chứng. Hãy chạy “vanthu audit verify”.",
        )
    result(text)
    return Exit.WELL


def _event(tx: Tx, seq: int) -> bytes:
    """The bytes of one event, checked against the one before it."""
    before = next(iter(tx.audit.leaves(seq - 1, seq - 1)), bytes(32))
    (found,) = tx.audit.checked(seq, seq, before)
    return found[0]


def _source(settings: Settings) -> list[str]:
    return [settings.database.url.removeprefix("sqlite:///")]


def _known_keys(settings: Settings) -> list[str]:
    known = settings.keys_dir / PUBLISHED
    return [str(known)] if known.exists() else []


def _run(settings: Settings, words: Sequence[str]) -> Exit:
    secret = {"PGPASSWORD": settings.database.password} if settings.database.password else {}
    done = subprocess.run(
        [sys.executable, "-I", str(_VERIFIER), *words], check=False, env=os.environ | secret
    )
    return {0: Exit.WELL, 1: Exit.NO, 4: Exit.MISSING_TOOL}.get(done.returncode, Exit.USAGE)


def _fetch_heads(house: House, folder: Path) -> None:
    """Bring heads with their stamps: the newest in the store, and others evenly spread, which narrow down where a
    break is; besides those that were signed and not pushed yet.
    """
    with house.work.reading() as tx:
        for head in tx.heads.unpushed():
            (folder / head_key(head.count).removeprefix(HEADS)).write_bytes(head.note.encode())
    store = log_store(house.blobs)
    counts = head_counts(store)
    step = -(-len(counts) // _HEADS_AT_ONCE) or 1
    for count in counts[::-1][::step]:
        for key in (head_key(count), stamp_key(count)):
            if store.size(key) is not None:
                (folder / key.removeprefix(HEADS)).write_bytes(read_whole(store, key))

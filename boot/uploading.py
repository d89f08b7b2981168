"""`vanthu upload`: hand a folder in at a distant archive, whatever breaks on the way, and prove that it is all there.

Nothing is remembered on this machine: every file has the name of its place and hash as its key, so running the command
again finds the batch, skips what is received, and goes on inside a file that was cut. Only this file speaks HTTP as a
client of our own door.
"""

import hashlib
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from rich.progress import Progress as Bar
from urllib3.util import Timeout

from boot.handing_in import Left, count
from boot.inputs import Input, gather
from boot.speak import Exit, console, emit, progress_bar, say
from records.errors import ArchiveFault, Away, Conflict, NotAllowed, Unfit

PIECE = 8 * 1024 * 1024
"""Bytes a request carries at most; a file up to this size is announced and sent in one."""
_AT_ONCE = 4
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_COME_AGAIN = frozenset({408, 409, 423, 429, 460, 500, 502, 503, 504, 507})
"""Answers after which the same file is tried again from where the server says it is."""
_FINAL_CONFLICTS = frozenset(
    {"idempotency-conflict", "batch-started", "batch-closed", "batch-empty", "uploads-unfinished"}
)


@dataclass(frozen=True, slots=True)
class UploadWish:
    """What the person asked for. `patience`: seconds without any progress after which the command gives up."""

    inputs: tuple[Path, ...]
    server: str
    token: str
    title: str
    dossier: str
    start: bool
    as_json: bool
    most_bytes: int
    patience: float = 300.0


@dataclass(slots=True)
class _Told:
    """What became of the files, gathered by the senders."""

    received: dict[str, str] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def upload(wish: UploadWish) -> Exit:
    """Run the command; 0 only when the server's list holds every file with the hash it has here."""
    inputs, aside = gather(wish.inputs)
    for path in aside:
        say(f"Bỏ qua {path.name}: không phải ảnh quét hay PDF.")
    if not inputs:
        say(
            "Không có tệp ảnh hay PDF nào để gửi. Hãy chỉ ra tệp JPEG, PNG, TIFF, PDF hoặc thư mục chứa chúng."
        )
        return Exit.REFUSED
    with progress_bar(quiet=not console.is_terminal) as bar:
        counted = count(inputs, wish.most_bytes, bar)
        door = Door(wish.server, wish.token, wish.patience)
        told = _Told(left=list(counted.left))
        batch = door.open_batch(wish.title or wish.inputs[0].resolve().name, wish.dossier, counted.files)
        before = door.files(batch["id"])
        missing = [(i, h) for i, h in counted.files if before.get(i.relative, {}).get("sha256") != h]
        if batch["state"] == "receiving":
            _send_all(door, batch["id"], missing, told, bar)
    after = door.files(batch["id"])
    complete = _compare(counted.files, after, told, as_json=wish.as_json)
    if wish.start and complete and batch["state"] == "receiving":
        door.start(batch["id"])
    _summary(batch["id"], counted.files, told, complete=complete, started=wish.start)
    if wish.as_json:
        emit(
            {
                "batch_id": batch["id"],
                "files": len(counted.files),
                "complete": complete,
                "left": len(told.left),
            }
        )
    return Exit.WELL if complete and not told.left else Exit.REFUSED


class Door:
    """The distant archive. Every call is tried again until it is answered or nothing moved for `patience` seconds."""

    def __init__(self, server: str, token: str, patience: float) -> None:
        self._base = server.rstrip("/") + "/api/v1"
        self._patience = patience
        self._pool = urllib3.PoolManager(
            maxsize=_AT_ONCE, timeout=Timeout(connect=5.0, read=180.0), retries=False,
            headers={"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"},
        )  # fmt: skip
        self._moved = time.monotonic()

    def open_batch(self, title: str, dossier: str, files: Sequence[tuple[Input, str]]) -> dict[str, Any]:
        """Return the batch of exactly these files: its key is what they are."""
        told = json.dumps([title, dossier, sorted((i.relative, h) for i, h in files)], ensure_ascii=False)
        key = f"upload-{hashlib.sha256(told.encode()).hexdigest()}"
        body = json.dumps({"title": title[:300], "dossier": dossier[:200]}, ensure_ascii=False).encode()
        opened = self._asked(
            "POST", "/batches", body, {"Idempotency-Key": key, "Content-Type": "application/json"}
        )
        found: dict[str, Any] = self._asked("GET", f"/batches/{opened['id']}")
        return found

    def files(self, batch_id: str) -> dict[str, dict[str, Any]]:
        """Return the files of a batch by their place in it."""
        return {f["relative_path"]: f for f in self._asked("GET", f"/batches/{batch_id}/files")}

    def start(self, batch_id: str) -> None:
        """Let the walk begin."""
        self._asked("POST", f"/batches/{batch_id}/start", b"", {"Idempotency-Key": f"start-{batch_id}"})

    def send(self, batch_id: str, item: Input, sha256: str, size: int) -> dict[str, Any]:
        """Hand one file in; return the upload with its receipt. Raises `Unfit` (refused, or it changed), `Away`, …"""
        address = f"/batches/{batch_id}/uploads"
        key = "path-" + hashlib.sha256(f"{item.relative}\n{sha256}".encode()).hexdigest()
        named = {"filename": item.path.name, "relative_path": item.relative, "sha256": sha256}
        told = {
            "Idempotency-Key": key,
            "Upload-Length": str(size),
            "Upload-Metadata": ",".join(f"{n} {_base64(v)}" for n, v in named.items()),
        }

        def once() -> dict[str, Any]:
            first = _piece(item.path, 0, PIECE) if size <= PIECE else None
            found: dict[str, Any] = self._told(
                "POST", address, first, {**told, **(_bytes(first) if first is not None else {})}
            )
            while found["state"] == "coming":
                at = int(found["offset"])
                piece = _piece(item.path, at, PIECE)
                if not piece:
                    raise Unfit(
                        f"{item.path}: shorter than counted",
                        code="digest-mismatch",
                        tell=f"{item.relative}: tệp đã thay đổi trong lúc gửi. Hãy chạy lại lệnh.",
                    )
                place = f"{address}/{found['id']}"
                self._told("PATCH", place, piece, {"Upload-Offset": str(at), **_bytes(piece)})
                found = self._told("GET", place)
            return found

        carried: dict[str, Any] = self._again(once)
        return carried

    def _asked(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        return self._again(lambda: self._told(method, path, body, headers))

    def _again(self, do: Callable[[], Any]) -> Any:
        """Do it, after a break again and ever more slowly. What raises is told when waiting makes no sense."""
        wait = _FIRST_WAIT
        while True:
            try:
                return do()
            except Away:
                if time.monotonic() - self._moved > self._patience:
                    raise
                time.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    def _told(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Ask once. Raises `Away` when asking again makes sense, else the fault that the server told of."""
        sent = {**self._pool.headers, **(headers or {})}
        try:
            answer = self._pool.request(method, self._base + path, body=body, headers=sent)
        except urllib3.exceptions.HTTPError as fault:
            raise Away(
                f"{method} {path}: {fault}",
                code="server-away",
                tell=f"Không kết nối được máy chủ {self._base} hoặc đường truyền bị ngắt. Hãy kiểm tra rồi chạy lại "
                "đúng lệnh này; phần đã nhận không phải gửi lại.",
            ) from fault
        if answer.status < 300:
            self._moved = time.monotonic()
            return json.loads(answer.data) if answer.data else {}
        raise _fault(answer.status, answer.data, path)


def _send_all(door: Door, batch_id: str, files: Sequence[tuple[Input, str]], told: _Told, bar: Bar) -> None:
    task = bar.add_task("Gửi tệp", total=len(files), rate="")

    def one(each: tuple[Input, str]) -> None:
        item, sha256 = each
        try:
            found = door.send(batch_id, item, sha256, item.path.stat().st_size)
        except (Unfit, OSError) as fault:
            tell = (
                fault.tell
                if isinstance(fault, Unfit)
                else f"{item.relative}: không đọc được tệp ({fault.strerror})."
            )
            code = fault.code if isinstance(fault, Unfit) else "file-unreadable"
            say(f"✗ {tell}")
            with told.lock:
                told.left.append(Left(item.relative, code, tell))
        else:
            with told.lock:
                told.received[item.relative] = found["receipt"]["sha256"]
        bar.advance(task)

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="upload") as senders:
        for done in [senders.submit(one, each) for each in files]:
            try:
                done.result()
            except ArchiveFault:
                senders.shutdown(wait=False, cancel_futures=True)
                raise


def _compare(
    files: Sequence[tuple[Input, str]], after: Mapping[str, dict[str, Any]], told: _Told, *, as_json: bool
) -> bool:
    """Compare what is here with the server's own list; every file that is not there with its hash is named."""
    known = {one.source for one in told.left}
    complete = True
    for item, sha256 in files:
        there = after.get(item.relative)
        good = there is not None and there["sha256"] == sha256
        if as_json:
            state = there["state"] if good and there is not None else "missing"
            emit({"source": item.relative, "sha256": sha256, "state": state})
        if not good:
            complete = False
            if item.relative not in known:
                tell = f"{item.relative}: máy chủ chưa có tệp này với đúng mã băm. Hãy chạy lại lệnh."
                say(f"✗ {tell}")
                told.left.append(Left(item.relative, "not-received", tell))
        elif there is not None and there["state"] == "refused" and item.relative not in known:
            told.left.append(Left(item.relative, there["code"], there["tell"]))
            say(f"✗ {there['tell']}")
    return complete


def _summary(
    batch_id: str, files: Sequence[tuple[Input, str]], told: _Told, *, complete: bool, started: bool
) -> None:
    if complete:
        say(f"Lô {batch_id}: máy chủ đã nhận đủ {len(files)} tệp, mã băm khớp cả {len(files)}.")
        if started:
            say("Đã bắt đầu xử lý lô.")
    else:
        say(f"Lô {batch_id}: còn {len(told.left)} tệp chưa được nhận; lô chưa được bắt đầu.")


def _piece(path: Path, at: int, most: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(most)


def _bytes(piece: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/offset+octet-stream",
        "Upload-Checksum": f"sha256 {b64encode(hashlib.sha256(piece).digest()).decode()}",
    }


def _base64(value: str) -> str:
    return b64encode(value.encode()).decode()


def _fault(status: int, data: bytes, path: str) -> ArchiveFault:
    try:
        told: dict[str, Any] = json.loads(data)
    except ValueError:
        told = {}
    code = str(told.get("code") or f"status-{status}")
    tell = str(told.get("detail") or f"Máy chủ trả lời lỗi {status}. Hãy thử lại hoặc báo quản trị viên.")
    reason = f"{path}: {status} {code}"
    if status in (401, 403):
        return NotAllowed(reason, code=code, tell=tell)
    if status in _COME_AGAIN and code not in _FINAL_CONFLICTS:
        return Away(reason, code=code, tell=tell)
    return (Conflict if status == 409 else Unfit)(reason, code=code, tell=tell)

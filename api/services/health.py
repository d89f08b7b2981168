"""Is the house in order? Asked by operators and load balancers; the answer names what is missing and nothing inside.

Ready is about serving people: without rows, or without any store to read from, nobody can be served; everything else
only makes the service poorer. Which is which and why: docs/decisions/0064.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from api.bounded import Bounded
from api.tools import Tools
from records.errors import ArchiveFault
from storage.blobs import BlobStore
from storage.paired import PairedStore

_HINTS = {
    "tables": "Cơ sở dữ liệu chưa sẵn sàng. Hãy chạy `vanthu doctor`, rồi `vanthu migrate` nếu được nhắc.",
    "blobs": "Kho lưu trữ tệp không trả lời. Kiểm tra máy chủ hoặc ổ đĩa của kho (VANTHU_BLOBS_URL).",
    "copy": "Kho bản sao không trả lời. Kiểm tra máy chủ hoặc ổ đĩa của kho bản sao (VANTHU_COPY_URL).",
    "index": "Chưa tìm kiếm được: chỉ mục chưa có hoặc máy chủ tìm kiếm không trả lời. Hồ sơ vẫn an toàn; "
    "kiểm tra máy chủ tìm kiếm, rồi chạy `vanthu reindex` nếu chỉ mục đã mất.",
    "engine": "Hàng đợi công việc không trả lời: vẫn nhận và đọc được tài liệu, nhưng việc xử lý đang dừng.",
    "keys": "Có khóa ký không mở được: việc cần đến khóa đó phải chờ, các việc khác không bị ảnh hưởng. "
    "Chạy `vanthu doctor` để biết khóa nào.",
    "time-stamps": "Máy chủ dấu thời gian không trả lời: việc niêm phong đang chờ, việc đọc không bị ảnh hưởng.",
}
_READ_ONLY = {
    "blobs": "Kho lưu trữ chỉ đọc được, không ghi thêm được. Kiểm tra dung lượng ổ đĩa và quyền ghi.",
    "copy": "Kho bản sao chỉ đọc được, không ghi thêm được. Kiểm tra dung lượng ổ đĩa và quyền ghi.",
}
_STORES = ("blobs", "copy")
_NOBODY = "health/nothing"  # a key that no object has: asking for its size is the cheapest question there is


class Standing(StrEnum):
    """How one part stands. A store that still gives but no longer takes is read-only."""

    WELL = "ok"
    READ_ONLY = "read-only"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Health:
    """How every part stands, by name."""

    parts: Mapping[str, Standing]

    @property
    def failing(self) -> list[str]:
        """Names of the parts that are not well."""
        return [name for name, standing in self.parts.items() if standing is not Standing.WELL]

    @property
    def serves(self) -> bool:
        """Whether people can be served at all."""
        readable = any(self.parts.get(name, Standing.AWAY) is not Standing.AWAY for name in _STORES)
        return readable and self.parts["tables"] is Standing.WELL

    @property
    def status(self) -> str:
        """`ok`, `degraded` (people are served, something is missing) or `unavailable`."""
        if not self.serves:
            return "unavailable"
        return "degraded" if self.failing else "ok"

    def told(self) -> dict[str, str]:
        """Return {part: "ok" or what to do}, for people."""
        return {name: told_of(name, standing) for name, standing in self.parts.items()}


def told_of(name: str, standing: Standing) -> str:
    """Return "ok" or what to do about a part."""
    if standing is Standing.WELL:
        return "ok"
    return _READ_ONLY[name] if standing is Standing.READ_ONLY else _HINTS[name]


class Watchman:
    """Asks every part, each behind a deadline; a hung part costs its own answer and nobody else's."""

    def __init__(self, tools: Tools) -> None:
        asked: dict[str, Callable[[], Standing]] = {"tables": _well(lambda: _tables(tools))}
        if isinstance(tools.blobs, PairedStore):
            asked["blobs"] = _store(tools.blobs.first)
            asked["copy"] = _store(tools.blobs.copy)
        else:
            asked["blobs"] = _store(tools.blobs)
        asked["index"] = _well(tools.index.probe)
        asked["engine"] = _well(tools.queues.probe)
        asked |= {name: _well(probe) for name, probe in tools.probes.items()}
        if unknown := set(asked) - set(_HINTS):
            raise ValueError(f"no words for these parts: {', '.join(sorted(unknown))}")
        limits = tools.limits
        self._parts = {
            name: Bounded(name, ask, limits.probe_seconds, limits.probe_kept_seconds)
            for name, ask in asked.items()
        }

    async def look(self) -> Health:
        """Return how every part stands, within the deadline of one."""
        told = await asyncio.gather(*(self._standing(part) for part in self._parts.values()))
        return Health(dict(zip(self._parts, told, strict=True)))

    @staticmethod
    async def _standing(part: Bounded[Standing]) -> Standing:
        try:
            return await part.answer()
        except TimeoutError:
            return Standing.AWAY


def _well(probe: Callable[[], object]) -> Callable[[], Standing]:
    """Return a question whose answer is `WELL`, or `AWAY` when `probe` raises anything at all."""

    def ask() -> Standing:
        try:
            probe()
        except Exception:  # noqa: BLE001  (whatever a driver raises means: not ready)
            return Standing.AWAY
        return Standing.WELL

    return ask


def _store(store: BlobStore) -> Callable[[], Standing]:
    def ask() -> Standing:
        try:
            store.size(_NOBODY)
        except (ArchiveFault, OSError):
            return Standing.AWAY
        return Standing.WELL if _well(store.probe)() is Standing.WELL else Standing.READ_ONLY

    return ask


def _tables(tools: Tools) -> None:
    if not tools.work.tables.version():
        raise LookupError("no tables")
    with tools.work.reading() as tx:
        tx.accounts.by_login("health")

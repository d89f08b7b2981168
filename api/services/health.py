"""Is the house in order? Asked by operators and load balancers; the answer names what is missing and nothing inside."""

from collections.abc import Callable

from api.tools import Tools
from records.errors import ArchiveFault

_HINTS = {
    "tables": "Cơ sở dữ liệu chưa sẵn sàng. Hãy chạy `vanthu doctor`, rồi `vanthu migrate` nếu được nhắc.",
    "blobs": "Kho lưu trữ tệp không ghi được. Kiểm tra dung lượng ổ đĩa và quyền ghi của thư mục dữ liệu.",
    "index": "Chưa có chỉ mục tìm kiếm. Hồ sơ vẫn an toàn; hãy chạy `vanthu reindex`.",
}


def check(tools: Tools) -> dict[str, str]:
    """Return {part: "ok" or what to do} for `tables`, `blobs` and `index`."""

    def tables() -> None:
        if not tools.work.tables.version():
            raise LookupError("no tables")
        with tools.work.reading() as tx:
            tx.accounts.by_login("health")

    parts: dict[str, Callable[[], object]] = {
        "tables": tables,
        "blobs": tools.blobs.probe,
        "index": tools.index.probe,
    }
    return {name: "ok" if _works(probe) else _HINTS[name] for name, probe in parts.items()}


def _works(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except (ArchiveFault, OSError, LookupError):
        return False
    except Exception:  # noqa: BLE001 (whatever a driver raises means: not ready)
        return False
    return True

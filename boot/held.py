"""`vanthu held`: what was held for secrecy, for the officer who decides about it. It shows where, never what."""

import shutil
from contextlib import ExitStack

from boot.childroom import open_children
from boot.house import open_house
from boot.settings import Settings
from boot.speak import Exit, emit, result, say
from boot.wiring import ingest_tools
from ingest.held import Held, Release, Removal, Removed, held_documents, release, remove
from ingest.tools import IngestTools
from records.access import Action, Actor, Role, authorize
from records.clock import vietnam_iso
from records.errors import Missing, NotAllowed
from storage.work import Tx

_AT_ONCE = 500
_BY = {
    "stamp": "dấu trên trang {page}",
    "words": "chữ trên trang {page}",
    "list": "danh mục bàn giao",
    "": "không rõ",
}


def list_held(settings: Settings, officer: str, *, as_json: bool) -> Exit:
    """Print what is held, the oldest first. Exit code 1 when nothing is. Raises `NotAllowed`, `Missing`."""
    with open_house(settings) as house, house.work.reading() as tx:
        found, total = held_documents(tx, _officer(tx, officer), _AT_ONCE, 0)
    for one in found:
        if as_json:
            emit(_json(one))
            continue
        where = "; ".join(f"{path} trang {', '.join(map(str, frames))}" for path, frames in one.places)
        how = _BY[one.by].format(page=one.page)
        result(f"{one.document.id}  {one.mark or 'không rõ mức'}  ({how})  {where}")
    if not as_json:
        say(
            f"{len(found)} trong {total} tài liệu đang bị giữ."
            if total
            else "Không có tài liệu nào đang bị giữ."
        )
    return Exit.WELL if total else Exit.NO


def release_held(settings: Settings, officer: str, document_id: str, why: Release, note: str) -> Exit:
    """Let a document go on; a running service or the next `digitize` takes it up. Raises as `ingest.held.release`."""
    with open_house(settings) as house, house.work.begin() as tx:
        release(tx, _officer(tx, officer), document_id, why, note)
    say("Đã cho phép. Dịch vụ đang chạy (vanthu serve hoặc worker) sẽ xử lý tiếp tài liệu này.")
    return Exit.WELL


def erase_held(settings: Settings, officer: str, document_id: str, why: Removal, note: str) -> Exit:
    """Erase a document. Raises as `ingest.held.remove`."""
    with ExitStack() as stack:
        house = stack.enter_context(open_house(settings))
        with house.work.reading() as tx:
            actor = _officer(tx, officer)
        tools = ingest_tools(house, stack.enter_context(open_children(settings)))
        done = remove_held(settings, tools, actor, document_id, why, note)
    kept = f"; {done.shared} phần còn được lô khác có cùng ảnh giữ lại" if done.shared else ""
    say(f"Đã xóa {done.objects} phần ({done.size} byte, {done.pages} trang) khỏi kho và bản sao{kept}.")
    say("Các bản sao lưu lập trước đó vẫn chứa tài liệu: hãy hủy chúng theo quy định.")
    return Exit.WELL


def remove_held(
    settings: Settings, tools: IngestTools, actor: Actor, document_id: str, why: Removal, note: str = ""
) -> Removed:
    """Erase a document from the stores, and all pictures made for the screen: one may show it. Raises as `remove`."""
    done = remove(tools, actor, document_id, why, note)
    shutil.rmtree(settings.data_dir / "cache" / "pages", ignore_errors=True)
    return done


def _officer(tx: Tx, login: str) -> Actor:
    """Return the account that decides; whoever runs the command must name it. Raises `Missing`, `NotAllowed`."""
    account = tx.accounts.by_login(login)
    if account is None or not account.active:
        raise Missing(
            f"no active account {login}",
            tell=f"Không có tài khoản {login} đang hoạt động. Xem danh sách tài khoản rồi chạy lại với --officer.",
        )
    actor = Actor(account.id, account.name, frozenset(account.roles))
    if Role.SECRECY_OFFICER not in actor.roles:
        raise NotAllowed(
            f"{login} is no secrecy officer",
            tell=f"Tài khoản {login} không có vai trò cán bộ bảo mật nên không quyết định được về tài liệu bị giữ.",
        )
    authorize(actor, Action.DECIDE_HELD)
    return actor


def _json(one: Held) -> dict[str, object]:
    return {
        "document_id": one.document.id,
        "batch_id": one.document.batch_id,
        "dossier": one.document.dossier,
        "mark": one.mark,
        "by": one.by,
        "page": one.page,
        "pages": one.document.page_count,
        "places": [{"file": path, "frames": list(frames)} for path, frames in one.places],
        "since": vietnam_iso(one.document.created_at),
        "removing": one.removing,
    }

"""`vanthu access-copy`: take the small copy of a document along. Apart from looking, which needs none of its loads."""

import hashlib
from contextlib import ExitStack
from pathlib import Path

from boot.childroom import open_children
from boot.finding import wanted_document
from boot.house import open_house
from boot.settings import Settings
from boot.speak import Exit, say
from boot.wiring import ingest_tools
from ingest.access_copy import access_copy
from records.access import LOCAL


def small_copy(settings: Settings, wanted: str, out: Path) -> Exit:
    """Make the small access copy of a document (full id or its beginning) and write it to `out`."""
    with ExitStack() as stack:
        house = stack.enter_context(open_house(settings))
        children = stack.enter_context(open_children(settings, "parse"))
        document = wanted_document(house, wanted)
        with house.work.reading() as tx:
            pages, texts = tx.pages.of_document(LOCAL, document.id), tx.pages.readings(document.id)
        data = access_copy(ingest_tools(house, children), document, pages, texts)
        part = out.with_name(f".{out.name}.part")
        part.write_bytes(data)
        part.replace(out)
        with house.work.begin() as tx:
            told = {"rendition": "access-copy", "sha256": hashlib.sha256(data).hexdigest()}
            tx.audit.append(LOCAL.id, "document-downloaded", document.id, "done", told)
    say(f"Đã ghi bản truy cập {out} ({len(data):,} byte). Bản này không có chữ ký và không thay bản gốc.")
    return Exit.WELL

"""Take in the file of an outgoing document: the write protocol of every delivered file, and a PDF made of a Word file.

Bytes in quarantine → looked at in a child → (a Word file made PDF, once, in a confined process) → intents → store, read
back. The rows come with the move of the case, in its transaction, which strikes the intents off.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

from ingest.children import ChildDied, ChildStuck, Kind
from ingest.inspect import demand_readable
from ingest.keys import received_key
from ingest.names import clean_name
from ingest.quarantine import hold, quarantined
from ingest.receive import demand_digest, put_received
from ingest.tools import IngestTools
from ingest.word_convert import SECONDS, word_to_pdf
from ingest.word_file import looks_like_word
from records.case import Draft
from records.errors import Unfit
from signing.burn import demand_burnable
from storage.crashpoint import crashpoint
from storage.work import Tx

P = ParamSpec("P")

MOST_BYTES = 50 * 1024**2
"""Largest draft. What is to be sealed as it is goes by the signing batches, what is scanned by the walk."""


@dataclass(frozen=True, slots=True)
class TakenDraft:
    """A draft whose bytes rest in the stores, and the intents to strike off with the row that points at them."""

    draft: Draft
    intents: tuple[str, ...]

    def enter(self, tx: Tx) -> None:
        """Write the bytes down in the books, in the transaction of the move that takes the draft."""
        draft = self.draft
        tx.objects.keep(draft.key, draft.sha256, draft.size)
        if draft.pdf_key:
            tx.objects.keep(draft.pdf_key, draft.pdf_sha256, draft.pdf_size)
        for intent in self.intents:
            tx.intents.done(intent)


def take_draft(
    tools: IngestTools,
    name: str,
    chunks: Iterator[bytes],
    actor_id: str,
    case_id: str,
    declared_sha256: str | None = None,
) -> TakenDraft:
    """Look at a PDF or DOCX and keep its bytes, and the PDF made of a Word file.

    Raises `Unfit`: `file-empty`, `file-too-large`, `digest-mismatch`, `paper-not-pdf`, `file-already-signed`,
    `pdf-encrypted`, `file-active`, and as `word_convert.word_to_pdf`: nothing was kept then; `ToolMissing`
    (`converter-missing`); `Away` (a store, a child): send it again.
    """
    shown = clean_name(name)
    with quarantined(tools.quarantine) as (held, out):
        sha256, size = hold(chunks, out, MOST_BYTES, shown)
        demand_digest(shown, declared_sha256, sha256)
        with held.open("rb") as file:
            start = file.read(16)
        if not looks_like_word(start):
            _demand_pdf(tools, held, shown)
            key = received_key(sha256, start)
            intent = _keep(tools, key, held, sha256, size, actor_id, case_id)
            return TakenDraft(Draft(shown, key, sha256, size), (intent,))
        with quarantined(tools.quarantine) as (pdf, _):
            _in_child(tools, "convert", SECONDS + 30.0, shown, word_to_pdf, held, pdf, shown)
            _demand_pdf(tools, pdf, shown)
            made, made_size = hashlib.sha256(pdf.read_bytes()).hexdigest(), pdf.stat().st_size
            key, pdf_key = f"received/{sha256[:2]}/{sha256}.docx", received_key(made, b"%PDF")
            intents = (
                _keep(tools, key, held, sha256, size, actor_id, case_id),
                _keep(tools, pdf_key, pdf, made, made_size, actor_id, case_id),
            )
        return TakenDraft(Draft(shown, key, sha256, size, pdf_key, made, made_size), intents)


def _demand_pdf(tools: IngestTools, path: Path, shown: str) -> None:
    """Demand a PDF that nobody signed, that is open, and that does nothing by itself."""
    facts = demand_readable(tools, path, shown)
    if facts.kind != "pdf":
        raise Unfit(
            f"{shown}: {facts.kind}",
            code="paper-not-pdf",
            tell=f"{shown} là ảnh, không làm dự thảo được. Hãy tải lên tệp PDF hoặc DOCX của văn bản.",
        )
    if facts.signatures:
        raise Unfit(
            f"{shown}: {facts.signatures} signatures",
            code="file-already-signed",
            tell=f"{shown} đã có chữ ký số nên không làm dự thảo được: số, ngày ghi thêm sẽ làm hỏng chữ ký. "
            "Hãy tải bản chưa ký.",
        )
    _in_child(tools, "parse", tools.limits.inspect_seconds, shown, demand_burnable, path)


def _in_child(
    tools: IngestTools,
    kind: Kind,
    seconds: float,
    shown: str,
    function: Callable[P, None],
    *given: P.args,
    **named: P.kwargs,
) -> None:
    try:
        tools.children.run(kind, seconds, function, *given, **named)
    except (ChildStuck, ChildDied) as fault:
        raise Unfit(
            f"{shown}: {fault}",
            code="file-hostile",
            tell=f"{shown}: tệp làm chương trình đọc vượt giới hạn thời gian hoặc bộ nhớ nên không được nhận. "
            "Hãy lưu lại thành PDF/A rồi tải lên.",
        ) from fault


def _keep(
    tools: IngestTools, key: str, path: Path, sha256: str, size: int, actor_id: str, case_id: str
) -> str:
    with tools.work.begin() as tx:
        intent = tx.intents.add(key, sha256, size, actor_id, case_id)
    crashpoint("draft-after-intent")
    put_received(tools, intent, key, path, sha256)
    crashpoint("draft-stored")
    return intent

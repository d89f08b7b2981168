"""Take a paper in that is to be signed: the same write protocol as for a delivered file, into a batch of papers.

Bytes in quarantine → looked at in a child → intent → store, read back → row, register and audit event in one
transaction → a note beside the stores, before the sender gets an answer. The same request sent again gets the same
paper (docs/decisions/0067).
"""

from collections.abc import Iterator

from ingest.inspect import demand_readable
from ingest.keys import received_key
from ingest.names import clean_name
from ingest.quarantine import hold, quarantined
from ingest.receive import demand_digest, put_received
from ingest.tools import IngestTools
from records.access import Action, Actor, authorize
from records.errors import Unfit
from storage.canonical import Scalar
from storage.crashpoint import crashpoint
from storage.signing_notes import Notebook, keep_paper_note
from storage.signing_values import NewPaper, Paper
from storage.work import Tx

PAPER_RECEIVED = "paper-received"
MOST_BYTES = 200 * 1024**2
"""Largest paper to be signed; a scan's PDF is sealed by the walk and does not come this way."""


def receive_paper(
    tools: IngestTools,
    batch_id: str,
    name: str,
    chunks: Iterator[bytes],
    idempotency_key: str,
    actor: Actor,
    declared_sha256: str | None = None,
) -> Paper:
    """Keep a PDF and enter it into a batch of papers to be signed.

    Raises `Unfit` (not a PDF, damaged, encrypted, too large, `digest-mismatch`): nothing was kept; `Conflict` as
    `Signings.add_paper`; `Away` when a store or the database cannot take it: send the same request again.
    """
    new, intent = take_paper(tools, name, chunks, idempotency_key, actor, declared_sha256, batch_id)
    with tools.work.begin() as tx:
        paper = enter_paper(tx, actor, batch_id, new, intent)
    keep_paper_note(Notebook(tools.work, tools.blobs, tools.work_dir), paper.id)
    return paper


def take_paper(
    tools: IngestTools,
    name: str,
    chunks: Iterator[bytes],
    idempotency_key: str,
    actor: Actor,
    declared_sha256: str | None = None,
    batch_id: str = "",
) -> tuple[NewPaper, str]:
    """Look at a PDF and keep its bytes; return the paper to be entered and the intent to strike off then.

    `batch_id`: the batch it is meant for, "" while there is none. Raises `Unfit` and `Away` as `receive_paper`.
    """
    authorize(actor, Action.SIGN)
    shown = clean_name(name)
    with quarantined(tools.quarantine) as (held, out):
        sha256, size = hold(chunks, out, MOST_BYTES, shown)
        demand_digest(shown, declared_sha256, sha256)
        facts = demand_readable(tools, held, shown)
        if facts.kind != "pdf":
            raise Unfit(
                f"{shown}: {facts.kind}",
                code="paper-not-pdf",
                tell=f"{shown} không phải tệp PDF. Chỉ ký được văn bản PDF; hãy xuất văn bản ra PDF rồi gửi lại.",
            )
        new = NewPaper(shown, received_key(sha256, b"%PDF"), sha256, size, idempotency_key)
        with tools.work.begin() as tx:
            intent = tx.intents.add(new.key, sha256, size, actor.id, batch_id)
        crashpoint("paper-after-intent")
        put_received(tools, intent, new.key, held, sha256)
        return new, intent


def enter_paper(tx: Tx, actor: Actor, batch_id: str, new: NewPaper, intent: str) -> Paper:
    """Write a paper down in the books. When it is not taken (a `Conflict`), the intent tells of the bytes left over."""
    known = tx.signings.paper_by_key(batch_id, new.idempotency_key)
    paper = tx.signings.add_paper(batch_id, new)
    tx.objects.keep(new.key, new.sha256, new.size)
    tx.intents.done(intent)
    if known is None:
        told: dict[str, Scalar] = {"batch": batch_id, "sha256": new.sha256, "size": new.size}
        tx.audit.append(actor.id, PAPER_RECEIVED, paper.id, "done", told)
    return paper

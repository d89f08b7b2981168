"""Signing with the device at the caller's desk: what it shall sign, and what becomes of the value that it returns."""

import hashlib
from base64 import b64decode, b64encode
from datetime import datetime

from fastapi.responses import Response

from api.once import Once
from api.schemas.signing_desk import FinishIn, PreparedOut, PrepareIn
from api.schemas.signings import PaperOut
from api.services.signings import own_batch, own_paper
from api.tools import Tools
from procedures.order import choose_desk_key
from procedures.sign_at_desk import Brought, enter_finished, finish_paper, let_go, prepare_paper
from records.access import Actor
from records.clock import new_id
from records.errors import Missing, Unfit
from signing.admission import certificates_in, read_certificate
from signing.interrupted import Prepared
from signing.mechanisms import is_curve
from storage.signing_values import SigningBatch
from storage.work import Tx


def prepare(
    once: Once, tools: Tools, actor: Actor, batch_id: str, paper_id: str, brought: PrepareIn
) -> Response:
    """Return what the device shall sign. Raises as `prepare_paper` and `choose_desk_key`; `Missing`."""
    leaf, *others = certificates_in(brought.certificate)
    others += [one for text in brought.chain for one in certificates_in(text)]
    given = Brought(leaf, tuple(others))

    def reach() -> Prepared:
        with tools.work.reading() as tx:
            batch, _ = own_paper(tx, actor, batch_id, paper_id)
            _demand_key(tx, tools, actor, batch)
        return prepare_paper(tools.desk, paper_id, brought.sha256, given)

    return once.beyond(reach, lambda _, prepared: _out(paper_id, prepared), 201)


def finish(
    once: Once, tools: Tools, actor: Actor, batch_id: str, prepared_id: str, given: FinishIn
) -> Response:
    """Finish what was prepared; return the signed paper. Raises as `finish_paper` and `choose_desk_key`; `Missing`."""
    try:
        value = b64decode("".join(given.signature.split()), validate=True)
    except ValueError as fault:
        raise Unfit(
            f"signature: {fault}",
            code="signature-unreadable",
            tell="Giá trị chữ ký gửi lên không phải base64. Chưa ký gì; hãy gửi lại.",
        ) from fault
    with tools.work.reading() as tx:
        batch = own_batch(tx, actor, batch_id)
        paper_id = tx.prepared.get(prepared_id).paper_id
        if tx.signings.batch_of(paper_id) != batch_id:
            raise Missing(f"{prepared_id} is not of {batch_id}")
        _demand_key(tx, tools, actor, batch)
    holder = new_id()
    try:
        return once.beyond(
            lambda: finish_paper(tools.desk, prepared_id, value, holder),
            lambda tx, done: PaperOut.of(enter_finished(tx, done)),
        )
    finally:
        let_go(tools.desk, paper_id, prepared_id, holder)


def _demand_key(tx: Tx, tools: Tools, actor: Actor, batch: SigningBatch) -> None:
    login = tx.accounts.get(actor.id).login
    choose_desk_key(batch.profile, batch.key, login, actor.roles, tools.signing_keys())


def _out(paper_id: str, prepared: Prepared) -> PreparedOut:
    attributes = b64decode(prepared.to_be_signed)
    curve = is_curve(read_certificate(b64decode(prepared.certificate)))
    return PreparedOut(
        id=prepared.id,
        paper_id=paper_id,
        sha256=prepared.source_sha256,
        digest=b64encode(hashlib.new(prepared.digest, attributes).digest()).decode(),
        digest_algorithm=prepared.digest,
        signed_attributes=prepared.to_be_signed,
        signature_algorithm="ecdsa" if curve else "rsassa-pkcs1-v1_5",
        level=prepared.level,
        expires_at=datetime.fromisoformat(prepared.expires),
    )

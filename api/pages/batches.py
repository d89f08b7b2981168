"""Deliveries as pages: make one, drop files in, watch it. Every form works without script."""

from dataclasses import dataclass

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import DeskDep, check_csrf
from api.errors import CsrfFailed
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.routes.batch_accounts import get_differences_sheet, get_minutes
from api.schemas.batches import BatchIn
from api.schemas.common import Identifier, Offset
from api.schemas.documents import title_of
from api.services import batch_account, batches, documents, uploads
from api.sessions import from_elsewhere
from api.tools import Tools
from api.transfer import one_file
from ingest.accounting import account
from ingest.handover import MAX_BYTES
from ingest.handover_report import give_list
from ingest.names import clean_name
from records.access import Action, Actor
from records.accounting import Account
from records.clock import new_id
from records.errors import Missing, Unfit
from records.handover import Difference
from storage.handover_lists import KeptList

router = APIRouter(prefix="/batches")

_PER_PAGE = 25
_SHOWN = 200  # documents of a batch on its page; the list shows the rest
_FILES = 500  # files in one plain form


@router.get("")
def batch_list(request: Request, desk: DeskDep, caller: Visitor, offset: Offset = 0) -> Response:
    """Show the deliveries and the form for a new one."""
    actor = visitor_may(request, caller, Action.DIGITIZE)
    found = batches.list_batches(desk.tools, actor, _PER_PAGE, offset)
    return page(request, "batches.html", caller, "batches", batches=found)


@router.post("")
async def make_batch(request: Request, desk: DeskDep, caller: Visitor, fields: SignedForm) -> Response:
    """Open a delivery and go to it."""
    wanted = BatchIn(
        title=one(fields, "title")[:300],
        dossier=one(fields, "dossier")[:200],
        arrange=bool(one(fields, "arrange")),
    )

    def make() -> str:
        actor = visitor_may(request, caller, Action.DIGITIZE)
        with desk.tools.work.begin() as tx:
            return batches.open_batch(tx, actor, wanted).id

    return to(f"/batches/{await to_thread.run_sync(make)}")


@router.get("/{batch_id}")
def batch_page(request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor) -> Response:
    """Show a delivery: the place to drop files while it is open, then how far the walk has come."""
    actor = visitor_may(request, caller, Action.DIGITIZE)
    batch = batches.get_batch(desk.tools, actor, batch_id)
    found = documents.list_documents(desk, actor, documents.Wanted(batch_id=batch_id), 100, 0)
    return page(
        request,
        "batch.html",
        caller,
        "batches",
        batch=batch,
        progress=batch.progress,
        files=batches.list_files(desk.tools, actor, batch_id),
        unfinished=uploads.unfinished(desk.tools, desk.shelf, actor, batch_id),
        documents=list(reversed(found.items))[:_SHOWN],
        batch_documents_total=found.total,
        existing=_existing(desk.tools, actor, batch_id),
        told=_account(desk.tools, actor, batch_id),
    )


@router.post("/{batch_id}/handover")
async def give_handover(request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor) -> Response:
    """Take the hand-over list of a plain form; what is wrong with it is told in its place."""
    actor = await to_thread.run_sync(visitor_may, request, caller, Action.DIGITIZE)
    async with one_file(request, desk, caller, MAX_BYTES) as (_, part):
        data, name = b"".join(part.chunks()), clean_name(part.name)

        def give() -> Response:
            with desk.tools.work.begin() as tx:
                give_list(tx, actor, batch_id, name, data)
            return to(f"/batches/{batch_id}#account-title")

        return await desk.uploads.work(give)


@router.get("/{batch_id}/differences.xlsx")
def differences_sheet(request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor) -> Response:
    """Download the difference report."""
    actor = visitor_may(request, caller, Action.DIGITIZE)
    return get_differences_sheet(batch_id, actor, desk.tools)


@router.get("/{batch_id}/minutes")
def minutes(request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor) -> Response:
    """Download the minutes to be signed."""
    actor = visitor_may(request, caller, Action.DIGITIZE)
    return get_minutes(batch_id, actor, desk.tools)


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says of the pages of a delivery and of its list; `late`: levels of secrecy that came too late."""

    account: Account
    states: list[tuple[str, int]]
    kept_list: KeptList | None
    differences: tuple[Difference, ...]
    late: int


def _account(tools: Tools, actor: Actor, batch_id: str) -> Told:
    with tools.work.reading() as tx:
        told = account(tx, actor, batch_id)
        kept = tx.handover_lists.newest(batch_id)
        found: tuple[Difference, ...] = ()
        late = 0
        if kept is not None:
            held_against = batch_account.differences(tx, actor, batch_id)
            found = held_against.found.differences
            late = held_against.late
    states = [(state.value, count) for state, count in told.states.items() if count]
    return Told(told, states, kept, found, late)


@router.post("/{batch_id}/files")
async def add_files(request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor) -> Response:
    """Take the files of a plain form in, one after the other; a refused one does not stop the rest."""
    if from_elsewhere(request):
        raise CsrfFailed("form from another site")
    tools = desk.tools

    def allowed() -> Actor:
        actor = visitor_may(request, caller, Action.DIGITIZE)
        batches.get_batch(tools, actor, batch_id)
        return actor

    actor = await to_thread.run_sync(allowed)
    async with desk.uploads.form(request, tools.limits.max_upload_bytes, _FILES) as form:
        check_csrf(caller, form.fields.get("csrf"))
        for part in form.files:
            if not part.name and part.size == 0:
                continue  # the browser sends an empty part when no file was chosen
            try:
                await desk.uploads.work(
                    batches.take_in, tools, actor, batch_id, part, part.name, new_id("form-")
                )
            except Unfit:
                continue  # the refusal is kept with the batch and shown on its page
    return to(f"/batches/{batch_id}")


@router.post("/{batch_id}/uploads/discard")
async def discard_uploads(
    request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Throw away what is half here of a delivery."""

    def discard() -> None:
        actor = visitor_may(request, caller, Action.DIGITIZE)
        uploads.give_up_all(desk.tools, desk.shelf, actor, batch_id)

    await to_thread.run_sync(discard)
    return to(f"/batches/{batch_id}")


@router.post("/{batch_id}/start")
async def start_batch(
    request: Request, batch_id: Identifier, desk: DeskDep, caller: Visitor, fields: SignedForm
) -> Response:
    """Let the walk begin."""

    def start() -> None:
        actor = visitor_may(request, caller, Action.DIGITIZE)
        uploads.demand_none_unfinished(desk.tools, desk.shelf, actor, batch_id)
        with desk.tools.work.begin() as tx:
            batches.start(tx, actor, batch_id)

    await to_thread.run_sync(start)
    return to(f"/batches/{batch_id}")


def _existing(tools: Tools, actor: Actor, batch_id: str) -> list[dict[str, str]]:
    """Return the parts of a delivery that were archived before, with the titles their reader may see."""
    told = []
    with tools.work.reading() as tx:
        for part in tx.batches.existing(actor, batch_id):
            try:
                document = tx.documents.get(actor, part.document_id)
            except Missing:
                continue
            title = title_of(document.fields) or document.title or document.source
            told.append({"document_id": part.document_id, "source": part.source, "title": title})
    return told

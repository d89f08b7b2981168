"""Deliveries as pages: make one, drop files in, watch it. Every form works without script."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import DeskDep, check_csrf
from api.errors import CsrfFailed
from api.pages.render import SignedForm, Visitor, one, page, to, visitor_may
from api.schemas.batches import BatchIn
from api.schemas.common import Identifier, Offset
from api.schemas.documents import title_of
from api.services import batches, documents, uploads
from api.sessions import from_elsewhere
from api.tools import Tools
from records.access import Action, Actor
from records.clock import new_id
from records.errors import Missing, Unfit

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
    )


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

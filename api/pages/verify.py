"""Check a PDF's signatures as a page: the verdict in plain words, then each signature."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import DeskDep, check_csrf
from api.errors import CsrfFailed, status_of
from api.pages.render import Visitor, page, visitor_may
from api.schemas.verify import VerdictOut
from api.services.verify import judge, write_down
from api.sessions import from_elsewhere
from records.access import Action
from records.errors import Unfit

router = APIRouter()


@router.get("/verify")
def verify_form(request: Request, desk: DeskDep, caller: Visitor) -> Response:
    """Show the form."""
    visitor_may(request, caller, Action.VERIFY)
    return page(request, "verify.html", caller, "verify", verdict=None, problem="")


@router.post("/verify")
async def verify(request: Request, desk: DeskDep, caller: Visitor) -> Response:
    """Show the verdict on the PDF handed in."""
    if from_elsewhere(request):
        raise CsrfFailed("form from another site")
    tools = desk.tools
    actor = await to_thread.run_sync(visitor_may, request, caller, Action.VERIFY)
    try:
        async with desk.uploads.form(request, tools.limits.max_verify_bytes, 1) as form:
            check_csrf(caller, form.fields.get("csrf"))
            if not form.files or not form.files[0].name:
                raise Unfit("no file", code="file-empty", tell="Bạn chưa chọn tệp. Hãy chọn một tệp PDF.")
            part = form.files[0]

            def check() -> VerdictOut:
                found = judge(tools, part)
                with tools.work.begin() as tx:
                    return write_down(tx, actor, found, part.size)

            verdict = await desk.uploads.work(check)
    except Unfit as fault:
        return page(
            request,
            "verify.html",
            caller,
            "verify",
            status=status_of(fault),
            verdict=None,
            problem=fault.tell,
        )
    return page(request, "verify.html", caller, "verify", verdict=verdict, problem="")

"""Check the signatures of a handed-in PDF over HTTP."""

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import DeskDep, Uploader, allow, check_csrf
from api.once import KeyHeader, Once, asked_of, checked_key
from api.schemas.verify import VerdictOut
from api.services.verify import judge, write_down
from api.transfer import MULTIPART
from records.access import Action
from records.errors import Unfit

router = APIRouter(tags=["verify"])


@router.post("/verify", openapi_extra=MULTIPART, response_model=VerdictOut)
async def verify(
    request: Request, caller: Uploader, desk: DeskDep, idempotency_key: KeyHeader = None
) -> Response:
    """Return the verdict on a PDF and on each signature in it. The file is not kept."""
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.VERIFY)
    key = None if idempotency_key is None else checked_key(idempotency_key)
    async with desk.uploads.form(request, tools.limits.max_verify_bytes, 1) as form:
        if "x-csrf-token" not in request.headers:
            check_csrf(caller, form.fields.get("csrf"))
        if not form.files:
            raise Unfit(
                "no file part", code="multipart-malformed", tell="Yêu cầu không có tệp nào (trường `file`)."
            )
        part = form.files[0]
        once = Once(tools.work, actor.id, key, asked_of(request, part.sha256, part.name))

        def check() -> Response:
            return once.beyond(
                lambda: judge(tools, part), lambda tx, verdict: write_down(tx, actor, verdict, part.size)
            )

        return await desk.uploads.work(check)

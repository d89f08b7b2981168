"""Check the signatures of a handed-in PDF over HTTP."""

from pathlib import PurePosixPath
from typing import Literal

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import DeskDep, Uploader, allow
from api.once import KeyHeader, Once, asked_of, checked_key
from api.schemas.verify import VerdictOut
from api.services.verify import judge, report_on, shown_name, write_down
from api.transfer import MULTIPART, disposition, one_file
from records.access import Action

router = APIRouter(tags=["verify"])


_MEDIA = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "etsi": "application/xml"}
_ENDS = {"html": "html", "pdf": "pdf", "etsi": "xml"}


@router.post("/verify/{kind}", openapi_extra=MULTIPART, response_class=Response)
async def report(
    kind: Literal["html", "pdf", "etsi"], request: Request, caller: Uploader, desk: DeskDep
) -> Response:
    """Return the report on a PDF: a printable Vietnamese page, the same as PDF, or ETSI TS 119 102-2 XML. Not kept."""
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.VERIFY)
    async with one_file(request, desk, caller, tools.limits.max_verify_bytes) as (_, part):
        made = await desk.uploads.work(report_on, tools, actor, part, kind)
    name = disposition(f"{PurePosixPath(shown_name(part.name)).stem}-bao-cao.{_ENDS[kind]}")
    # the page is ours, but the name of the file in it is not: it opens without script wherever it is shown
    policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    headers = {"Content-Disposition": name, "Content-Security-Policy": policy}
    return Response(made, media_type=_MEDIA[kind], headers=headers)


@router.post("/verify", openapi_extra=MULTIPART, response_model=VerdictOut)
async def verify(
    request: Request, caller: Uploader, desk: DeskDep, idempotency_key: KeyHeader = None
) -> Response:
    """Return the verdict on a PDF and on each signature in it. The file is not kept."""
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.VERIFY)
    key = None if idempotency_key is None else checked_key(idempotency_key)
    async with one_file(request, desk, caller, tools.limits.max_verify_bytes) as (_, part):
        once = Once(tools.work, actor.id, key, asked_of(request, part.sha256, part.name))

        def check() -> Response:
            return once.beyond(
                lambda: judge(tools, part), lambda tx, verdict: write_down(tx, actor, verdict, part.size)
            )

        return await desk.uploads.work(check)

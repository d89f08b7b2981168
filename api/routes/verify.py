"""Check the signatures of a handed-in PDF over HTTP."""

from anyio import to_thread
from fastapi import APIRouter, Request

from api.deps import ToolsDep, Uploader, allow, check_csrf
from api.multipart import FormReader
from api.routes.batches import MULTIPART
from api.schemas.verify import VerdictOut
from api.services.verify import check_pdf
from records.access import Action
from records.errors import Unfit

router = APIRouter(tags=["verify"])


@router.post("/verify", openapi_extra=MULTIPART)
async def verify(request: Request, caller: Uploader, tools: ToolsDep) -> VerdictOut:
    """Return the verdict on a PDF and on each signature in it. The file is not kept."""
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.VERIFY)
    async with FormReader(
        request, tools.data_dir / "cache" / "incoming", tools.limits.max_verify_bytes, 1
    ) as form:
        if "x-csrf-token" not in request.headers:
            check_csrf(caller, form.fields.get("csrf"))
        if not form.files:
            raise Unfit(
                "no file part", code="multipart-malformed", tell="Yêu cầu không có tệp nào (trường `file`)."
            )
        return await to_thread.run_sync(check_pdf, tools, actor, form.files[0])

"""Sign one paper over HTTP: hand it in and let it be signed in one request."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import from_json

from api.deps import DeskDep, Uploader, allow
from api.once import KeyHeader, Once, asked_of, checked_key
from api.schemas.signing_desk import SignedOneOut
from api.schemas.signings import SigningBatchIn
from api.services import signings
from api.transfer import declared_digest, multipart_body, one_file
from records.access import Action
from records.errors import Unfit

router = APIRouter(prefix="/signatures", tags=["signing"])

_FIELDS = ("title", "profile", "key", "level")
_FORM = multipart_body(
    ("profile",),
    {name: {"type": "string"} for name in _FIELDS}
    | {"visible": {"type": "string", "description": "As of a batch, written as JSON."}},
)


@router.post("", status_code=202, response_model=SignedOneOut, openapi_extra=_FORM)
async def sign_one(
    request: Request,
    caller: Uploader,
    desk: DeskDep,
    idempotency_key: KeyHeader = None,
    content_digest: Annotated[str | None, Header()] = None,
) -> Response:
    """Hand one PDF in and let it be signed at once: a batch of one. Then look at the paper until it is signed.

    Fields as of a batch; `X-Content-SHA256` or `Content-Digest` of the file that was seen may be sent and is checked.
    With a key at the desk nothing is signed yet: prepare and finish follow.
    """
    tools = desk.tools
    actor = await to_thread.run_sync(allow, tools, caller.actor, Action.SIGN)
    key = checked_key(idempotency_key)
    async with one_file(request, desk, caller, tools.limits.max_upload_bytes) as (form, part):
        fields = {name: value for name, value in form.fields.items() if name != "csrf"}
        wanted = _wanted(fields)
        told = [text for name in sorted(fields) for text in (name, fields[name])]
        once = Once(tools.work, actor.id, key, asked_of(request, part.name, part.sha256, *told))
        declared = declared_digest(request, content_digest)
        return await desk.uploads.work(signings.sign_one, once, tools, actor, part, wanted, key, declared)


def _wanted(fields: dict[str, str]) -> SigningBatchIn:
    told: dict[str, Any] = dict(fields)
    try:
        if "visible" in told:
            told["visible"] = from_json(told["visible"])
        return SigningBatchIn.model_validate(told)
    except ValidationError as fault:
        errors = [{**one, "loc": ("body", *one["loc"])} for one in fault.errors(include_url=False)]
        raise RequestValidationError(errors) from fault
    except ValueError as fault:
        raise Unfit(
            f"visible: {fault}",
            code="json-malformed",
            tell="Trường `visible` không phải JSON hợp lệ.",
        ) from fault

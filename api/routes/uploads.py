"""Files of a delivery in pieces, over the tus protocol: a cut line or a restart costs only what was not yet here."""

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from api.deps import DeskDep, Digitizer
from api.once import KeyHeader, checked_key
from api.resumable import BYTES, CHECKSUMS, EXTENSIONS, Tus, announced, headers_of, write_body
from api.schemas.common import Identifier
from api.schemas.uploads import UploadOut
from api.services import uploads
from records.errors import Unfit

router = APIRouter(prefix="/batches/{batch_id}/uploads", tags=["uploads"])

_NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "Done."}}


@router.options("", status_code=204, response_class=Response, responses=_NOTHING)
def tell_abilities(batch_id: Identifier, actor: Digitizer, desk: DeskDep) -> Response:
    """Tell what this door speaks: version, extensions, the largest file."""
    told = {
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Tus-Max-Size": str(desk.tools.limits.max_upload_bytes),
    }
    return Response(status_code=204, headers=told)


@router.post("", status_code=201, dependencies=[Tus])
async def announce_upload(
    batch_id: Identifier,
    request: Request,
    response: Response,
    actor: Digitizer,
    desk: DeskDep,
    idempotency_key: KeyHeader = None,
    upload_length: Annotated[str | None, Header()] = None,
    upload_metadata: Annotated[str | None, Header()] = None,
    upload_defer_length: Annotated[str | None, Header()] = None,
    upload_checksum: Annotated[str | None, Header()] = None,
    content_type: Annotated[str, Header()] = "",
) -> UploadOut:
    """Announce a file; its address is in `Location`, and how much of it is here already in `Upload-Offset`.

    The same key (or place, length and hash) again is the same upload, also when it was received long ago. The file, or
    its beginning, may come along as the body (`application/offset+octet-stream`).
    """
    tools, shelf = desk.tools, desk.shelf
    key = None if idempotency_key is None else checked_key(idempotency_key)
    told = announced(batch_id, upload_length, upload_metadata, key, upload_defer_length)
    found = await desk.uploads.work(uploads.announce, tools, shelf, actor, told)
    if content_type.partition(";")[0].strip() == BYTES:
        if found.state == "coming":
            upload = await to_thread.run_sync(
                uploads.under_way, tools, shelf, actor, batch_id, told.upload_id
            )
            await write_body(request, desk, shelf, upload, None, upload_checksum)
            found = await desk.uploads.work(uploads.find, tools, shelf, actor, batch_id, told.upload_id)
        else:  # it is here; an unread body would cost the caller its connection
            async for _ in request.stream():
                pass
    response.headers.update(headers_of(found))
    response.headers["Location"] = f"{request.url.path}/{told.upload_id}"
    return _not_refused(found)


@router.head("/{upload_id}", dependencies=[Tus], response_class=Response)
async def ask_offset(
    batch_id: Identifier, upload_id: Identifier, actor: Digitizer, desk: DeskDep
) -> Response:
    """Tell where to go on. An upload is whole only when it is received: what was left undone is done first."""
    found = await desk.uploads.work(uploads.find, desk.tools, desk.shelf, actor, batch_id, upload_id)
    return Response(headers=headers_of(found))


@router.get("/{upload_id}")
async def get_upload(
    batch_id: Identifier, upload_id: Identifier, actor: Digitizer, desk: DeskDep
) -> UploadOut:
    """Return an upload with its receipt, or why the file was refused."""
    return await desk.uploads.work(uploads.find, desk.tools, desk.shelf, actor, batch_id, upload_id)


@router.get("")
def list_uploads(batch_id: Identifier, actor: Digitizer, desk: DeskDep) -> list[UploadOut]:
    """Return the uploads of a delivery that are not received yet."""
    return uploads.unfinished(desk.tools, desk.shelf, actor, batch_id)


@router.patch(
    "/{upload_id}",
    status_code=204,
    dependencies=[Tus],
    response_class=Response,
    responses=_NOTHING,
    openapi_extra={"requestBody": {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def go_on(
    batch_id: Identifier,
    upload_id: Identifier,
    request: Request,
    actor: Digitizer,
    desk: DeskDep,
    upload_offset: Annotated[str | None, Header()] = None,
    upload_checksum: Annotated[str | None, Header()] = None,
    content_type: Annotated[str, Header()] = "",
) -> Response:
    """Write the body from `Upload-Offset` on; behind the last byte the file is received before this answers."""
    tools, shelf = desk.tools, desk.shelf
    if content_type.partition(";")[0].strip() != BYTES:
        raise Unfit(
            f"PATCH with {content_type!r}",
            code="unsupported-type",
            tell=f"Phần gửi tiếp phải có Content-Type là {BYTES}.",
        )
    if upload_offset is None or not upload_offset.isdigit() or len(upload_offset) > 15:
        raise Unfit(
            f"Upload-Offset {upload_offset!r}",
            code="upload-malformed",
            tell="Yêu cầu gửi tiếp thiếu vị trí (Upload-Offset). Hãy hỏi vị trí rồi gửi lại.",
        )
    upload = await to_thread.run_sync(uploads.under_way, tools, shelf, actor, batch_id, upload_id)
    await write_body(request, desk, shelf, upload, int(upload_offset), upload_checksum)
    found = await desk.uploads.work(uploads.find, tools, shelf, actor, batch_id, upload_id)
    return Response(status_code=204, headers=headers_of(_not_refused(found)))


@router.delete(
    "/{upload_id}", status_code=204, dependencies=[Tus], response_class=Response, responses=_NOTHING
)
async def give_up(batch_id: Identifier, upload_id: Identifier, actor: Digitizer, desk: DeskDep) -> Response:
    """Throw an unfinished upload away; a received file stays (409)."""
    await desk.uploads.work(uploads.give_up, desk.tools, desk.shelf, actor, batch_id, upload_id)
    return Response(status_code=204)


def _not_refused(found: UploadOut) -> UploadOut:
    """Answer like the plain door when the file that came is refused. Raises `Unfit`."""
    if found.state == "refused":
        raise Unfit(f"{found.name}: {found.code}", code=found.code, tell=found.tell)
    return found

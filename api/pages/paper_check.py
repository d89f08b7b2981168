"""The page behind the code on a paper: what it is, whether it counts, and whether a copy is the same to the byte.

Open to everybody. A copy is compared in the browser; without script it is sent, hashed and forgotten.
"""

import json

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import DeskDep, MaybeCaller, get_desk
from api.errors import status_of
from api.pages.render import page
from api.services.paper_check import checked_paper
from procedures.check_mark import PATH
from procedures.paper_check import Copy, PaperTold
from records.errors import Unfit

router = APIRouter()


@router.get(PATH + "{named}/{check}")
def paper(request: Request, desk: DeskDep, caller: MaybeCaller, named: str, check: str) -> Response:
    """Show the paper to whoever has its code; anything else is not there."""
    return _shown(request, checked_paper(desk, named, check, _address(request)))


@router.post(PATH + "{named}/{check}")
async def compare(request: Request, desk: DeskDep, caller: MaybeCaller, named: str, check: str) -> Response:
    """Say whether the file handed in is the paper to the byte. Nothing of it is kept."""
    told = await to_thread.run_sync(checked_paper, desk, named, check, _address(request))
    try:
        async with desk.uploads.form(request, desk.tools.limits.max_compare_bytes, 1) as form:
            if not form.files or not form.files[0].name:
                raise Unfit(
                    "no file", code="file-empty", tell="Bạn chưa chọn tệp. Hãy chọn tệp PDF của văn bản."
                )
            sha256 = form.files[0].sha256
    except Unfit as fault:
        return _shown(request, told, problem=fault.tell, status=status_of(fault))
    return _shown(request, told, found=told.compare(sha256), sha256=sha256)


def _shown(
    request: Request,
    told: PaperTold,
    *,
    found: Copy | None = None,
    sha256: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    copies = json.dumps({sha: copy.value for sha, copy in sorted(told.copies.items())})
    # what stands here changes when a paper is made void, and is nobody's to find by a search engine
    headers = {"X-Robots-Tag": "noindex, nofollow"}
    return page(
        request,
        "paper_check.html",
        None,
        status=status,
        headers=headers,
        told=told,
        most=get_desk(request).tools.limits.max_compare_bytes,
        copies=copies,
        found=found.value if found else "",
        sha256=sha256,
        problem=problem,
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""

"""The page a person sees when something is not there, not allowed or broken: what, and what to do next."""

from fastapi import Request
from fastapi.responses import Response

from api.pages.render import page, to_sign_in
from api.wording import TITLES, next_step


def fault_page(
    request: Request, status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    """Return the fault as a page in the frame of the site; who is not signed in is led to the form."""
    if status == 401 and code == "not-signed-in":
        return to_sign_in(request)
    title = TITLES.get(code) or TITLES.get(f"status-{status}") or TITLES["status-400"]
    return page(
        request,
        "fault.html",
        None,
        status=status,
        headers=headers,
        title=title,
        detail=detail,
        next_step=next_step(code, status),
        status_code=status,
    )

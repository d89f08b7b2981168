"""Put the door together: routes, pages, static files, errors, and the shell around them."""

import contextlib
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import errors
from api.deps import Desk
from api.i18n import WEB
from api.metrics import Metrics
from api.page_cache import PageCache
from api.pages import accounts as account_pages
from api.pages import arranging, case_opening, clerk, front
from api.pages import batches as batch_pages
from api.pages import case_drafts as draft_pages
from api.pages import cases as case_pages
from api.pages import documents as document_pages
from api.pages import held as held_pages
from api.pages import operations as operation_pages
from api.pages import paper_check as check_pages
from api.pages import reviews as review_pages
from api.pages import saved_searches as saved_pages
from api.pages import search as search_pages
from api.pages import signing as signing_pages
from api.pages import verify as verify_pages
from api.pages.render import NotSignedIn, to_sign_in
from api.reads import ReadLog
from api.route_names import RouteNames
from api.routes import (
    accounts,
    arrangements,
    batch_accounts,
    batches,
    case_desks,
    case_drafts,
    cases,
    documents,
    health,
    held,
    iiif,
    metrics,
    operations,
    register,
    renewal,
    reviews,
    saved_searches,
    search,
    sessions,
    signatures,
    signing_desk,
    signings,
    uploads,
    verify,
)
from api.schemas.common import Problem
from api.services.health import Watchman
from api.services.operations import Overseer
from api.shell import Shell
from api.throttle import Throttle
from api.tools import Tools
from api.uploads import Uploads
from api.viewers import ForViewers
from api.watch import Watch
from ingest.resumable import UploadShelf

API = "/api/v1"
_PROBLEMS = {
    code: {"model": Problem, "description": "Problem document (RFC 9457)"}
    for code in (401, 403, 404, 409, 413, 422, 503, 507)
}


class Assets(StaticFiles):
    """Styles and scripts: public, named by version (`?v=`), so that a browser may keep them."""

    async def get_response(self, path: str, scope: Scope):  # type: ignore[no-untyped-def]  # noqa: ANN201
        """Return the file; versioned ones for good, others for an hour."""
        response = await super().get_response(path, scope)
        kept = (
            "public, max-age=31536000, immutable"
            if b"v=" in scope["query_string"]
            else "public, max-age=3600"
        )
        response.headers["Cache-Control"] = kept
        return response


def create_app(tools: Tools) -> FastAPI:
    """Return the application on `tools`. It starts nothing and owns nothing: boot closes what it opened."""
    app = FastAPI(
        title="Vanthu",
        version=tools.version,
        summary="Số hóa, ký số, lưu trữ và tìm lại văn bản.",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        redirect_slashes=False,
    )
    metrics_kept = Metrics()
    shelf = UploadShelf(tools.data_dir / "uploads", tools.clock)
    shelf.sweep()
    app.state.desk = Desk(
        tools=tools,
        throttle=Throttle(tools.limits.login_window_seconds),
        reads=ReadLog(tools),
        images=PageCache(tools.data_dir / "cache" / "pages", tools.limits.page_cache_bytes),
        copies=PageCache(
            tools.data_dir / "cache" / "copies", tools.limits.page_cache_bytes, ".pdf", "application/pdf"
        ),
        uploads=Uploads(tools),
        shelf=shelf,
        watchman=Watchman(tools),
        overseer=Overseer(tools),
        metrics=metrics_kept,
    )
    _sweep(tools.data_dir / "cache" / "incoming")
    errors.install(app)
    app.add_exception_handler(NotSignedIn, _lead_to_sign_in)
    for kind in (
        sessions,
        batches,
        arrangements,
        batch_accounts,
        uploads,
        documents,
        iiif,
        search,
        saved_searches,
        verify,
        signings,
        signing_desk,
        signatures,
        case_drafts,
        cases,
        case_desks,
        register,
        accounts,
        operations,
        renewal,
        reviews,
        held,
    ):
        app.include_router(kind.router, prefix=API, responses=_PROBLEMS)  # type: ignore[arg-type]
    app.include_router(signings.keys_router, prefix=API, responses=_PROBLEMS)  # type: ignore[arg-type]
    app.include_router(cases.units_router, prefix=API, responses=_PROBLEMS)  # type: ignore[arg-type]
    app.include_router(health.router, prefix=API, include_in_schema=False)
    app.include_router(health.router)
    app.include_router(metrics.router)
    for page in (
        front,
        batch_pages,
        arranging,
        document_pages,
        search_pages,
        saved_pages,
        review_pages,
        held_pages,
        verify_pages,
        account_pages,
        operation_pages,
        check_pages,
        case_opening,
        draft_pages,
        case_pages,
        signing_pages,
        clerk,
    ):
        app.include_router(page.router, include_in_schema=False)
    app.include_router(signing_pages.case_router, include_in_schema=False)
    app.mount("/static", Assets(directory=WEB / "assets"), name="static")
    app.add_middleware(ForViewers, origins=tools.iiif.origins)
    app.add_middleware(Shell, limits=tools.limits, secure=tools.secure_cookies)
    app.add_middleware(Watch, metrics=metrics_kept, route_of=RouteNames(app).of)
    return app


async def _lead_to_sign_in(request: Request, error: Exception) -> Response:
    return to_sign_in(request)


def _sweep(folder: Path) -> None:
    """Remove temporary files that a killed process left behind."""
    for left in folder.glob("incoming-*") if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            left.unlink()

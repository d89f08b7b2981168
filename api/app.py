"""Put the door together: routes, pages, static files, errors, and the shell around them."""

import contextlib
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api import errors
from api.all_routes import API, all_routes
from api.deps import Desk
from api.i18n import WEB
from api.metrics import Metrics
from api.page_cache import PageCache
from api.pages.render import NotSignedIn, to_sign_in
from api.reads import ReadLog
from api.route_names import RouteNames
from api.services.health import Watchman
from api.services.operations import Overseer
from api.shell import Shell
from api.throttle import Throttle
from api.tools import Tools
from api.uploads import Uploads
from api.viewers import ForViewers
from api.watch import Watch
from ingest.resumable import UploadShelf


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
        routes=list(all_routes()),
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

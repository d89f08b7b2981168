"""Liveness and readiness, for machines that watch machines. Open to anybody, so nothing of the inside is told.

Both are answered on the event loop alone: a house whose threads all wait for a hung server still says so.
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.deps import get_desk
from api.errors import problem

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> Response:
    """Whether people can be served: 200 (`ok`, `degraded`), else 503; `failing` names parts, `checks` what to do."""
    desk = get_desk(request)
    health = await desk.watchman.look()
    checks = health.told()
    if not health.serves:
        detail = " ".join(checks[name] for name in health.failing)
        return problem(
            503,
            "unavailable",
            detail,
            headers={"Retry-After": "10"},
            failing=health.failing,
            checks=checks,
        )
    told = {"status": health.status, "version": desk.tools.version, "failing": health.failing}
    return JSONResponse({**told, "checks": checks})

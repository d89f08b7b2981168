"""Liveness and readiness, for machines that watch machines. Open to anybody, so nothing of the inside is told."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from api.deps import ToolsDep
from api.errors import problem
from api.services.health import check

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready")
def ready(tools: ToolsDep) -> Response:
    """Tables, blobs and index answer; else 503 with what is missing and what to do."""
    parts = check(tools)
    missing = {name: told for name, told in parts.items() if told != "ok"}
    if missing:
        return problem(
            503, "unavailable", " ".join(missing.values()), headers={"Retry-After": "30"}, checks=parts
        )
    return JSONResponse({"status": "ok", "version": tools.version, "checks": parts})

"""`/metrics` for Prometheus: to this machine itself, else to who may operate the house (docs/decisions/0063)."""

import ipaddress

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.deps import allow, find_caller, get_desk
from api.errors import SignInNeeded
from api.metrics import CONTENT_TYPE
from api.tools import Tools
from records.access import Action

router = APIRouter()

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""What a proxy adds. Behind one, everybody seems to be this machine."""


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Return the figures in the text format. Answered without the threads that serve people."""
    desk = get_desk(request)
    if not from_this_machine(request):
        await to_thread.run_sync(_operator_asks, request, desk.tools)
    figures, health = await desk.overseer.look(), await desk.watchman.look()
    return Response(desk.metrics.text(figures, health, desk.uploads), media_type=CONTENT_TYPE)


def from_this_machine(request: Request) -> bool:
    """Return whether a process of this machine asks, and not for somebody else."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _operator_asks(request: Request, tools: Tools) -> None:
    caller = find_caller(request, tools)
    if caller is None:
        raise SignInNeeded(
            "metrics asked from elsewhere", tell="Cần mã truy cập của quản trị viên để xem số liệu."
        )
    allow(tools, caller.actor, Action.OPERATE)

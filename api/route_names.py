"""Templates of addresses (`/api/v1/batches/{batch_id}`): what the figures and the log call a request.

A router that is included elsewhere knows its own part of the address only, so the whole is looked up by the function
that answers.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from starlette.types import Scope

_API = "/api/"
NOWHERE = "(none)"
"""Requests that no route answers: one name for all of them, whatever they asked for."""


class RouteNames:
    """Names the routes of one application, those of included routers too."""

    def __init__(self, app: FastAPI) -> None:
        self._names: dict[tuple[Any, bool], str] = {}
        self._mounts: list[str] = []
        for route in each_route(app):
            if endpoint := getattr(route, "endpoint", None):
                self._names[endpoint, route.path.startswith(_API)] = route.path
            else:
                self._mounts.append(route.path)

    def of(self, scope: Scope) -> str:
        """Return the template of a request that was routed, `NOWHERE` when it was not."""
        path = str(scope["path"])
        name = self._names.get((scope.get("endpoint"), path.startswith(_API)))
        return name or next((m for m in self._mounts if path.startswith(f"{m}/")), NOWHERE)


def each_route(app: FastAPI) -> Iterator[Any]:
    """Yield every route with its whole path."""
    for route in app.routes:
        contexts = getattr(route, "effective_route_contexts", None)
        yield from contexts() if contexts else [route]

"""Let viewers of other sites read the IIIF addresses: CORS for these alone, and never with anybody's session.

Level 1 of the IIIF Image API asks for it. A page elsewhere that has no token gets what a stranger gets: 401. No cookie
may come along (no `Access-Control-Allow-Credentials`), so a person's session cannot be used from another site.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.services.iiif_addresses import PREFIX

_HEADERS = ("Authorization", "If-None-Match")
_TOLD = ("ETag", "Link", "X-Request-ID")
_KEPT = 600  # seconds a browser remembers that it may ask


class ForViewers:
    """ASGI middleware; without `origins` every address stays this site's own."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD"),
            allow_headers=_HEADERS,
            expose_headers=_TOLD,
            max_age=_KEPT,
        )
        self._open = bool(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._open or scope["type"] != "http" or not scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return

        async def readable(message: Message) -> None:
            if (
                message["type"] == "http.response.start"
            ):  # else browsers keep even allowed pictures from the other site
                message["headers"] = [*message["headers"], (b"cross-origin-resource-policy", b"cross-origin")]
            await send(message)

        await self._shared(scope, receive, readable)

"""The door to WeasyPrint: a page of our own making becomes a PDF, and nothing is fetched on the way.

The drawing knows the things it is handed and ends on any other address, be it a file, a font or a link.
"""

import threading
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from PIL import ImageFile
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

# WeasyPrint turns this on for the whole process, and a scan that was cut short would then pass for a whole one
ImageFile.LOAD_TRUNCATED_IMAGES = False

OURS = "vanthu:"
"""How the addresses of handed things begin."""
_DRAWING = threading.Lock()  # Pango's font map is not safe between threads


def print_page(html: str, things: Mapping[str, bytes] | None = None, *, archival: bool = False) -> bytes:
    """Return the PDF of a page; `things`: what its `vanthu:…` addresses stand for.

    `archival`: as PDF/A-2b with its structure told (headings, paragraphs, tables), for papers that are kept; the same
    page gives the same bytes. Raises WeasyPrint's `FatalURLFetchingError` when the page asks for anything else.
    """
    options = {"pdf_variant": "pdf/a-2b", "pdf_tags": True} if archival else {}
    with _DRAWING, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its colour profile open for a moment
        pdf = HTML(string=html, url_fetcher=_Ours(things or {}), base_url=OURS).write_pdf(
            font_config=_fonts(), **options
        )
    return bytes(pdf)


class _Ours(URLFetcher):  # type: ignore[misc]
    """Hands out what the drawing is made of and ends the drawing on any other address."""

    def __init__(self, things: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._things = dict(things)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Return one of our things; `headers` are none of its concern."""
        if url not in self._things:
            raise FatalURLFetchingError(f"a page of ours asked for {url[:80]}")
        return URLFetcherResponse(url, self._things[url])


@lru_cache(maxsize=1)
def _fonts() -> FontConfiguration:
    """Return the one font map of this process: making it reads the machine's whole list of fonts."""
    return FontConfiguration()

"""The addresses of everything IIIF: one place, because a canvas, its picture and a hit on it must name each other."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

API = "/api/v1"
PREFIX = f"{API}/iiif"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses below `base`, the scheme and host that the viewer reaches this service at (no slash at the end)."""

    base: str

    def image(self, document_id: str, number: int) -> str:
        """Base address of the image service of a page."""
        return f"{self.base}{PREFIX}/image/3/{quote(document_id)}/{number}"

    def document(self, document_id: str) -> str:
        """What every part of a presented document begins with."""
        return f"{self.base}{PREFIX}/documents/{quote(document_id)}"

    def manifest(self, document_id: str) -> str:
        """The manifest of a document."""
        return f"{self.document(document_id)}/manifest"

    def canvas(self, document_id: str, number: int) -> str:
        """The canvas of a page: a name, not a file."""
        return f"{self.document(document_id)}/canvas/{number}"

    def lines(self, document_id: str, number: int) -> str:
        """The annotation page with the text lines of a page."""
        return f"{self.canvas(document_id, number)}/lines"

    def search(self, document_id: str, version: int, **asked: str) -> str:
        """The content search inside a document, with what was asked when given."""
        return _asked(f"{self.document(document_id)}/search/{version}", asked)

    def autocomplete(self, document_id: str, version: int, **asked: str) -> str:
        """The words of a document that begin with what was typed."""
        return _asked(f"{self.document(document_id)}/autocomplete/{version}", asked)

    def collection(self, dossier: str, part: int | None = None) -> str:
        """The documents of a dossier, or one part of them (from 1)."""
        more = {} if part is None else {"part": str(part)}
        return _asked(f"{self.base}{PREFIX}/collection", {"dossier": dossier, **more})

    def record(self, document_id: str) -> str:
        """What the JSON API knows of a document."""
        return f"{self.base}{API}/documents/{quote(document_id)}"

    def reading_room(self, document_id: str) -> str:
        """The page that people read a document on."""
        return f"{self.base}/documents/{quote(document_id)}"


def _asked(address: str, asked: dict[str, str]) -> str:
    kept = {name: value for name, value in asked.items() if value}
    return f"{address}?{urlencode(kept)}" if kept else address

"""Vietnamese sentences of our own tree, in two parts: what language data are learnt from, and what they are tried on.

Sources: sentences people read (code, templates, forms, papers, procedures) and the decisions, nothing from outside.
"""

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = (
    "api",
    "boot",
    "ingest",
    "jobs",
    "ocr",
    "procedures",
    "records",
    "search",
    "signing",
    "storage",
    "web",
    "docs",
)
_KINDS = (".py", ".toml", ".j2", ".html", ".json", ".md")
_SKIP = ("node_modules", "vendor", "package-lock")
_MARKED = re.compile("[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE)
_MARKUP = re.compile(r"<[^>]*>|\{[{%#].*?[}%#]\}|\{[^{}]*\}|&[a-z]+;|\\n")
_LETTERS = re.compile(r"[^\W\d_]+")
_TRIED = 5
"""One sentence in so many is kept for trying."""


def sentences(tried: bool) -> list[str]:
    """Return the sentences to learn from, or with `tried` those kept apart; the words alone decide which is which."""
    found: dict[str, None] = {}
    for folder in _FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in _KINDS and not any(part in str(path) for part in _SKIP):
                found.update(dict.fromkeys(_of(path.read_text(encoding="utf-8"))))
    return [one for one in found if _kept_apart(one) == tried]


def _of(text: str) -> list[str]:
    """Return the runs of Vietnamese in a file: pieces of lines in which three words or more follow one another."""
    pieces = (
        " ".join(piece.split())
        for line in text.splitlines()
        if _MARKED.search(line)
        for piece in re.split(r'["“”`|=]|(?<=[.;:!?]) ', _MARKUP.sub(" ", line))
    )
    return [p for p in pieces if _MARKED.search(p) and len(_LETTERS.findall(p)) >= 3]


def _kept_apart(sentence: str) -> bool:
    """Return whether a sentence is for trying, by the hash of its letters: spelling variants stay together."""
    told = " ".join(_LETTERS.findall(sentence.lower()))
    return hashlib.sha256(told.encode()).digest()[0] % _TRIED == 0

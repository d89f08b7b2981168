"""One page of one document as the index knows it: the only projection from the archive to the index."""

from collections.abc import Sequence
from dataclasses import dataclass

from language.fold import canonical
from language.tokens import bigrams, skip_bigrams, token_texts
from language.variants import folded_key, toned_key
from records.access import Level
from records.document import Fields
from records.page import PageText
from search.number_keys import mention_keys, own_keys

TITLE_BREAK = "|"
"""Stands between the pieces of a title so that no phrase runs across them; no token is spelled so."""


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """What the index must know of a document besides its pages. `level` decides who may find it.

    `parties`: tokens of those whose affair it is (`records.parties`), for a document of `Level.PARTIES`; else empty.
    """

    document_id: str
    fields: Fields
    level: Level = Level.OPEN
    dossier: str = ""
    parties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One page, ready to be indexed. Every text is a sequence of tokens that an engine must only cut at spaces.

    `exact`: toned keys; `folded`: keys without marks; `pairs`, `skips`: folded bigrams a_b and a_c, also of what
    doubtful words may have been (they gather candidates; how well a page answers is judged by what was read);
    `mentions`: numbers written on the page. The first page also carries the document's own `numbers` and `title` (type,
    subject, bodies, signer, place, date). `year` is 0 when unknown.
    """

    document_id: str
    page: int
    level: Level
    year: int
    type_code: str
    dossier: str
    exact: tuple[str, ...]
    folded: tuple[str, ...]
    pairs: tuple[str, ...]
    skips: tuple[str, ...]
    mentions: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    title_exact: tuple[str, ...] = ()
    title_folded: tuple[str, ...] = ()
    title_pairs: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()


def entries_for(document: IndexedDocument, pages: Sequence[PageText]) -> list[Entry]:
    """Return one entry for each page of `document`, blank ones too (a title must be found without any text)."""
    return [_entry(document, page, first=position == 0) for position, page in enumerate(pages)]


def _entry(document: IndexedDocument, page: PageText, *, first: bool) -> Entry:
    text = canonical(page.text)
    runs = token_texts(text)
    folded = tuple(folded_key(run) for run in runs)
    meant = _meant(page)
    title = _title(document.fields) if first else []
    title_folded = tuple(folded_key(run) for run in title)
    year = document.fields.issued_date[:4]
    return Entry(
        document_id=document.document_id,
        page=page.page,
        level=document.level,
        year=int(year) if year.isdecimal() else 0,
        type_code=document.fields.type_code,
        dossier=document.dossier,
        exact=tuple(toned_key(run) for run in runs),
        folded=folded,
        pairs=(*bigrams(folded), *dict.fromkeys(pair for line in meant for pair in bigrams(line))),
        skips=(*skip_bigrams(folded), *dict.fromkeys(pair for line in meant for pair in skip_bigrams(line))),
        mentions=tuple(dict.fromkeys(mention_keys(text))),
        numbers=tuple(own_keys(canonical(document.fields.number))) if first else (),
        title_exact=tuple(toned_key(run) for run in title),
        title_folded=title_folded,
        title_pairs=tuple(pair for pair in bigrams(title_folded) if TITLE_BREAK not in pair),
        parties=document.parties,
    )


def _meant(page: PageText) -> list[list[str]]:
    """Return the folded keys of every line in which a word may have been another, with that in its place."""
    return [
        [
            folded_key(run)
            for run in token_texts(canonical(" ".join(word.meant or word.text for word in line)))
        ]
        for line in page.lines
        if any(word.meant for word in line)
    ]


def _title(fields: Fields) -> list[str]:
    """Return the tokens of everything a person may remember of a paper, piece by piece with breaks between."""
    day = "/".join(reversed(fields.issued_date.split("-"))) if fields.issued_date else ""
    pieces = [
        f"{fields.type_name} {fields.subject}",
        *[
            fields.superior_organ,
            fields.organ_name,
            fields.signer_title,
            fields.signer_name,
            fields.place,
            day,
        ],
    ]
    runs: list[str] = []
    for piece in pieces:
        found = token_texts(canonical(piece))
        if found:
            runs += [*([TITLE_BREAK] if runs else []), *found]
    return runs

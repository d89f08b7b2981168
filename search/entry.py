"""One page of one document as the index knows it: the only projection from the archive to the index."""

from collections.abc import Sequence
from dataclasses import dataclass

from language.fold import canonical
from language.readings import is_doubtful, readings_in
from language.tokens import bigrams, skip_bigrams, token_texts
from language.variants import folded_key, toned_key
from records.access import Level
from records.document import Fields
from records.page import PageText
from search.filters import FacetValues, facet_values
from search.number_keys import document_key, issuer_ending, mention_keys, own_keys

TITLE_BREAK = "|"
"""Stands between the pieces of a title so that no phrase runs across them; no token is spelled so."""
OVERLAP = 8
"""Syllables of the next page that an entry carries."""


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

    `exact`: toned keys; `folded`: keys without marks. `pairs`, `skips`: folded bigrams a_b, and a_c where b may be
    misread, also those that end on the next page. `ahead`: the first toned keys of the next page, `edge`: folded keys
    around the border, so that a sentence across it is found where it begins.
    `readings`, `reading_pairs`: what misread words may have been, alone and with their neighbours (they gather
    candidates; how well a page answers is judged by what was read). `mentions`: numbers written on the page.
    The first page also carries the document's own `numbers` and `title` (type, subject, bodies, signer, place, date).
    `issuer`: folded words of the body's names and of its part of the number, asked for by `cơ quan:`.
    """

    document_id: str
    page: int
    level: Level
    facets: FacetValues
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
    readings: tuple[str, ...] = ()
    reading_pairs: tuple[str, ...] = ()
    issuer: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    edge: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()


def entries_for(document: IndexedDocument, pages: Sequence[PageText]) -> list[Entry]:
    """Return one entry for each page of `document`, blank ones too (a title must be found without any text)."""
    fields = document.fields
    shared = _Shared(
        facet_values(fields, document.dossier),
        _issuer(fields),
        document_key(fields.number),
        issuer_ending(fields.organ_name) or issuer_ending(fields.superior_organ),
    )
    runs = [token_texts(canonical(page.text)) for page in pages]
    return [
        _entry(
            document,
            shared,
            page,
            runs[at],
            runs[at + 1][:OVERLAP] if at + 1 < len(runs) else [],
            first=not at,
        )
        for at, page in enumerate(pages)
    ]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What every page of a document carries."""

    facets: FacetValues
    issuer: tuple[str, ...]
    number: str
    ending: str
    """What its body tells of TƯ at the end of its number (`issuer_ending`)."""


def _entry(
    document: IndexedDocument,
    shared: _Shared,
    page: PageText,
    own: list[str],
    ahead: list[str],
    *,
    first: bool,
) -> Entry:
    folded = tuple(folded_key(run) for run in own)
    beyond = tuple(folded_key(run) for run in ahead)
    found, meant = readings_in(folded), _meant(page)
    near = (pair for line in meant for pair in (*bigrams(line), *skip_bigrams(line)))
    title = _title(document.fields) if first else []
    title_folded = tuple(folded_key(run) for run in title)
    return Entry(
        document_id=document.document_id,
        page=page.page,
        level=document.level,
        facets=shared.facets,
        dossier=document.dossier,
        exact=tuple(toned_key(run) for run in own),
        folded=folded,
        pairs=tuple(bigrams(folded + beyond[:1])),
        skips=_over_doubtful(folded + (beyond[:2] if len(own) > 1 else beyond[:1])),
        mentions=tuple(dict.fromkeys(mention_keys(canonical(page.text), shared.number, shared.ending))),
        numbers=tuple(own_keys(canonical(document.fields.number), shared.ending)) if first else (),
        title_exact=tuple(toned_key(run) for run in title),
        title_folded=title_folded,
        title_pairs=tuple(pair for pair in bigrams(title_folded) if TITLE_BREAK not in pair),
        readings=found.syllables,
        reading_pairs=tuple(dict.fromkeys((*found.pairs, *near))),
        issuer=shared.issuer,
        ahead=tuple(toned_key(run) for run in ahead),
        edge=(*folded[-OVERLAP:], *beyond) if own and ahead else (),
        parties=document.parties,
    )


def _over_doubtful(folded: Sequence[str]) -> tuple[str, ...]:
    """Return the pairs a_c over runs that may be misread; over a sound syllable a_b and b_c stand as well."""
    pairs = zip(skip_bigrams(folded), folded[1:], strict=False)
    return tuple(pair for pair, between in pairs if is_doubtful(between))


def _issuer(fields: Fields) -> tuple[str, ...]:
    """Return the folded words by which people name the issuing body: its names, and its letters in the number."""
    names = f"{fields.organ_name} {fields.superior_organ} {fields.code_notation}"
    return tuple(dict.fromkeys(folded_key(run) for run in token_texts(canonical(names))))


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

"""Tell people what newly answers the searches they keep: asked again, in their name, of what was just indexed.

`ingest.publish` leaves a note for every document the index has taken. Here each search with an alert is run over those
documents alone, as its owner would run it at this moment: an account that is off, or a right that is gone, finds
nothing.
Safe to repeat: a hit is one row. docs/decisions/0147.
"""

from dataclasses import dataclass, replace

from ingest.shelf import Shelf
from procedures.case_parties import parties_of_account
from procedures.definition_read import Definitions
from records.access import Action, Actor, permits
from records.errors import Unfit
from search.asked import asked_from_json
from search.find import GOOD, Hit, search
from search.index import SearchIndex
from storage.crashpoint import crashpoint
from storage.outbox import ALERT
from storage.saved_searches import SavedSearch
from storage.work import Work

_DOCUMENTS = 200
"""Documents looked through at once; their notes are struck off together."""
_SEARCHES = 100


@dataclass(frozen=True, slots=True)
class AlertTools:
    """What the duty is handed. `definitions`: the procedures, for what an account may see as a party of cases."""

    work: Work
    index: SearchIndex
    definitions: Definitions


def alert(tools: AlertTools) -> int:
    """Run the kept searches over what was newly indexed, at most two hundred documents; return the new hits.

    Raises `Away` (the index, the database): the notes stay and are taken up again.
    """
    with tools.work.reading() as tx:
        notes = tx.outbox.due(_DOCUMENTS, ALERT)
    if not notes:
        return 0
    documents = sorted({note.object_id for note in notes})
    found, after = 0, ""
    while True:
        with tools.work.reading() as tx:
            searches = tx.saved_searches.alerting(after, _SEARCHES)
        for one in searches:
            found += _asked_again(tools, one, documents)
        if len(searches) < _SEARCHES:
            break
        after = searches[-1].id
    crashpoint("alerts-before-done")
    with tools.work.begin() as tx:
        for note in notes:
            tx.outbox.done(note.id)
        tx.saved_searches.forget_deleted()
    return found


def _asked_again(tools: AlertTools, kept: SavedSearch, documents: list[str]) -> int:
    owner = _owner(tools, kept.account_id)
    if not permits(owner, Action.SEARCH):
        return 0
    asked = asked_from_json(kept.query, kept.asked)
    try:
        with tools.work.reading() as tx:
            hits = search(
                asked.query,
                owner,
                tools.index,
                Shelf(tx),
                len(documents),
                group=True,
                approximate=not asked.exact,
                filters=asked.filters,
                among=documents,
            ).hits
    except Unfit:  # kept when queries could be longer: it finds nothing on screen either, and says why there
        return 0
    new = [(hit.document_id, hit.page) for hit in hits if _worth_telling(hit)]
    if not new:
        return 0
    with tools.work.begin() as tx:
        return tx.saved_searches.note(kept.id, new)


def _worth_telling(hit: Hit) -> bool:
    """Among a few documents something is always the closest; only what is close by itself is news."""
    return hit.match != "approximate" or hit.score >= GOOD


def _owner(tools: AlertTools, account_id: str) -> Actor:
    with tools.work.reading() as tx:
        actor = tx.accounts.get(account_id).actor()
        return replace(actor, parties=parties_of_account(tx, tools.definitions, account_id))

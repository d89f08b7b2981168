"""What was signed for a move: the signatures that a person ordered, and the words that went with them into a box."""

import hashlib
from collections.abc import Sequence

from records.case import Person, Signed
from records.errors import Conflict, Missing
from signing.wish import wish_of
from storage.signing_values import PaperStage
from storage.work import Tx


def signatures_of(tx: Tx, person: Person, signing_papers: Sequence[str]) -> tuple[Signed, ...]:
    """Return the signatures that this person ordered and that are made, as the papers of signing batches tell them.

    Raises `Missing` (none of theirs), `Conflict` (`paper-not-signed`).
    """
    found = []
    for one in signing_papers:
        paper = tx.signings.paper(one)
        batch = tx.signings.batch(paper.batch_id)
        if batch.created_by != person.account_id:
            raise Missing(f"{one} is not {person.account_id}'s")
        if paper.state is not PaperStage.SIGNED or paper.signature is None:
            raise Conflict(
                f"{one} is {paper.state}",
                code="paper-not-signed",
                tell="Văn bản chưa được ký xong nên hồ sơ chưa chuyển bước. Hãy đợi kết quả ký rồi gửi lại.",
            )
        found.append(Signed(batch.profile, paper.source_sha256, paper.signature.sha256, paper.id))
    return tuple(found)


def words_signed(tx: Tx, signing_papers: Sequence[str]) -> str:
    """Return the hash of the drawn words that these papers of signing batches carry into a box, "" when none do."""
    batches = (tx.signings.batch(tx.signings.paper(one).batch_id) for one in signing_papers)
    drawn = next((words for batch in batches if (words := wish_of(batch.options).drawn)), b"")
    return hashlib.sha256(drawn).hexdigest() if drawn else ""

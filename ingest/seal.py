"""Seal the document with the organisation's signature and check it as a stranger would.

Step 7 of the walk. A seal that does not verify never leaves the work folder.
"""

from ingest.compose import Composed
from ingest.tools import IngestTools
from records.errors import ArchiveFault, Away
from records.outcome import Done, Later, Outcome, Refused
from signing.seal import Sealed

HOUSE_FAULTS = frozenset(
    {"keys-unreadable", "keys-table", "no-key", "signing-settings", "demo-pki", "seal-write"}
    | {"pin-wrong", "pin-locked", "pin-last-try", "pin-unreadable", "token-module"}
    | {"token-ambiguous", "token-key-missing", "token-key-mismatch"}
)
"""Codes that speak of our key, settings or disk: waited for, because the paper has no part in them (decision 0008)."""


def seal(tools: IngestTools, document_id: str, composed: Composed) -> Outcome[Sealed]:
    """Sign `composed` into `sealed.pdf` beside it. Later: no time stamp or key now. Refused: the seal is not valid."""
    out = composed.path.with_name("sealed.pdf")
    try:
        return Done(tools.seal(composed.path, out, document_id))
    except Away as fault:
        return Later(str(fault), tools.clock.now())
    except ArchiveFault as fault:
        if fault.code in HOUSE_FAULTS:
            return Later(f"{fault.code}: {fault}", tools.clock.now())
        return Refused(fault.code, str(fault), fault.tell)

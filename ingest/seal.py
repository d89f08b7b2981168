"""Seal the document with the organisation's signature and check it as a stranger would.

Step 7 of the walk. A seal that does not verify never leaves the work folder.
"""

from ingest.compose import Composed
from ingest.tools import IngestTools
from records.errors import ArchiveFault
from records.outcome import Done, Later, Outcome, Refused
from signing.faults import is_ours
from signing.seal import Sealed


def seal(tools: IngestTools, document_id: str, composed: Composed) -> Outcome[Sealed]:
    """Sign `composed` into `sealed.pdf` beside it. Later: no time stamp or key now. Refused: the seal is not valid."""
    out = composed.path.with_name("sealed.pdf")
    try:
        return Done(tools.seal(composed.path, out, document_id))
    except ArchiveFault as fault:
        if is_ours(fault):
            return Later(f"{fault.code}: {fault}", tools.clock.now())
        return Refused(fault.code, str(fault), fault.tell)

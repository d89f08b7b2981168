"""Check the audit log as a stranger: nothing of the application, runs as a lone folder (Python 3.11).

    python audit_verify SOURCE [--head FILE|FOLDER]… [--key KEY]… [--segments FOLDER] [--roots PEM]… [--json]
    python audit_verify prove SOURCE SEQ [--count N]      an event is in the log (RFC 9162 §2.1.3)
    python audit_verify consistency SOURCE OLD NEW        one head grew out of another (RFC 9162 §2.1.4)
    python audit_verify check PROOF.json [--key KEY]…     needs no log

SOURCE is the SQLite file, `postgresql://user@host:port/database` (password: PGPASSWORD or --password-file), or a
folder of segments (`*.jsonl`, also below `segments/` or `audit/segments/`).
Checked are numbers without a gap, every leaf hash, the chain, and the Merkle root against every head: a signed note
(--key: the log's verifier key, or a file of such keys) or JSON {"count", "root"} kept by hand. Only a head kept
elsewhere shows that the end was cut off or the chain made anew; segments then tell which event. A `.tsr` beside a note
is checked against --roots (no revocation: ask the authority's lists).
Beyond the standard library: cryptography for --key, also asn1crypto for --roots, psycopg for PostgreSQL.
How the bytes are made: docs/decisions/0027, 0059, 0060.
Exit code: 0 intact, 1 tampered with, 2 wrong usage or unreadable, 4 a library or server is missing.
"""

from .heads import Head, read_head
from .log import Report, check, verify
from .sources import event_bytes, events
from .tree import Tree

__all__ = ["Head", "Report", "Tree", "check", "event_bytes", "events", "read_head", "verify"]

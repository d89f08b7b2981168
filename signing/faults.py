"""Which faults of signing speak of our key, settings or disk, so that papers wait instead of being refused."""

from records.errors import ArchiveFault, Away

HOUSE_FAULTS = frozenset(
    {"keys-unreadable", "keys-table", "no-key", "role-wrong", "signing-settings", "demo-pki", "seal-write"}
    | {"pin-wrong", "pin-locked", "pin-last-try", "pin-unreadable", "token-module"}
    | {"token-ambiguous", "token-key-missing", "token-key-mismatch", "trust-unreadable"}
    | {
        "remote-key-disabled",
        "remote-key-mismatch",
        "remote-redirect",
        "remote-refused",
        "remote-sad-expired",
    }
    | {"certificate-expired", "certificate-key-usage", "certificate-not-trusted", "certificate-not-yet-valid"}
    | {"certificate-revoked", "certificate-unknown", "certificate-weak"}
)
"""Codes in which the paper has no part (decision 0008): somebody mends the key or the settings, then it goes on."""


def is_ours(fault: ArchiveFault) -> bool:
    """Return whether the paper can be signed later just as it is."""
    return isinstance(fault, Away) or fault.code in HOUSE_FAULTS

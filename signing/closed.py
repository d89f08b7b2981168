"""Close bytes under a secret that only their owner keeps, so that whoever steals the rows reads nothing of them.

AES-256-GCM under a key made from the secret; the secret itself is kept nowhere. See docs/decisions/0062.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from records.errors import ArchiveFault

_NONCE = 12


class WrongSecret(ArchiveFault):
    """The bytes were closed under another secret, or were changed since."""

    code = "closed-bytes-damaged"


def close(secret: str, purpose: str, content: bytes) -> bytes:
    """Return `content` closed under `secret` for `purpose` (whose, what for); 28 bytes longer."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_key(secret, purpose)).encrypt(nonce, content, purpose.encode())


def open_closed(secret: str, purpose: str, closed: bytes) -> bytes:
    """Return what was closed under the same secret and purpose. Raises `WrongSecret`."""
    try:
        return AESGCM(_key(secret, purpose)).decrypt(closed[:_NONCE], closed[_NONCE:], purpose.encode())
    except (InvalidTag, ValueError) as fault:
        raise WrongSecret(f"{len(closed)} closed bytes cannot be opened") from fault


def _key(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), b"vanthu closed 1\0" + purpose.encode(), "sha256")

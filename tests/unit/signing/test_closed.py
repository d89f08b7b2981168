"""Closed bytes open for their owner and for nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.closed import WrongSecret, close, open_closed


@given(st.text(max_size=50), st.text(max_size=20), st.binary(max_size=200))
def test_the_owner_reads_what_was_closed(secret: str, purpose: str, content: bytes) -> None:
    secret, purpose = (t.encode("utf-8", "replace").decode() for t in (secret, purpose))
    closed = close(secret, purpose, content)
    assert open_closed(secret, purpose, closed) == content
    assert len(closed) == len(content) + 28
    assert len(content) < 8 or content not in closed


def test_another_secret_purpose_or_byte_does_not_open() -> None:
    closed = close("k" * 36, "account 1", b'{"password": "abcd-efgh"}')
    assert close("k" * 36, "account 1", b'{"password": "abcd-efgh"}') != closed
    for secret, purpose, given_bytes in (
        ("j" * 36, "account 1", closed),
        ("k" * 36, "account 2", closed),
        ("k" * 36, "account 1", closed[:-1] + bytes([closed[-1] ^ 1])),
        ("k" * 36, "account 1", closed[:5]),
        ("k" * 36, "account 1", b""),
    ):
        with pytest.raises(WrongSecret):
            open_closed(secret, purpose, given_bytes)

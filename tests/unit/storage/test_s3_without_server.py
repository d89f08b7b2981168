"""What can be said of S3 without a server: addresses, parts, and who may know the library."""

import hashlib
import re
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.blobs import BlobKeyRefused, Measured, open_blobs
from storage.s3 import S3Store
from storage.s3_upload import upload_of

STORAGE = Path(__file__).parents[3] / "storage"


@pytest.mark.parametrize(
    "url",
    [
        "s3+http://host",
        "s3+http:///archive",
        "s3+ftp://h/archive",
        "s3+https://key:letmein@h/archive",
        "s3+http://h/",
    ],
)
def test_addresses_that_name_no_bucket(url: str) -> None:
    with pytest.raises(ValueError, match=r"no S3 bucket|no blob store|do not belong") as fault:
        open_blobs(url, "access", "hidden")
    assert "letmein" not in str(fault.value)
    assert "hidden" not in str(fault.value)


@pytest.mark.parametrize("keys", [("", ""), ("access", ""), ("", "hidden")])
def test_keys_of_access_are_needed(keys: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="access key and a secret key"):
        open_blobs("s3+http://127.0.0.1:1/archive", *keys)


def test_prefix_follows_the_rules_of_keys() -> None:
    with pytest.raises(BlobKeyRefused):
        open_blobs("s3+http://127.0.0.1:1/archive/a//b", "access", "hidden")
    assert "archive/kho lưu/" in repr(
        S3Store("s3+http://127.0.0.1:1/archive/kho%20l%C6%B0u", "access", "hidden")
    )


@given(st.binary(max_size=300), st.integers(1, 64))
def test_parts_are_the_whole(data: bytes, part: int) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        upload = upload_of(file.fileno(), part)
        assert upload.whole == Measured(hashlib.sha256(data).hexdigest(), len(data))
        assert b"".join(upload.body().pieces()) == data
        bodies = [upload.body_of(number) for number in range(len(upload.parts))]
        sent = [b"".join(body.pieces()) for body in bodies]
        assert b"".join(sent) == data
        assert all(len(piece) == part for piece in sent[:-1])
        for body, piece in zip(bodies, sent, strict=True):
            assert (body.sha256, body.size) == (hashlib.sha256(piece).hexdigest(), len(piece))


def test_the_library_has_one_door() -> None:
    house = tomllib.loads((STORAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    packages = house["tool"]["importlinter"]["root_packages"]
    for path in (path for name in packages for path in (STORAGE.parent / name).rglob("*.py")):
        if re.search(r"^\s*(from|import) minio\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert path.parent == STORAGE
            assert path.name.startswith("s3")

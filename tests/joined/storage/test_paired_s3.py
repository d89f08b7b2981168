"""Two buckets on two servers held together keep every promise of one store, and those of a pair."""

import os
from pathlib import Path

import pytest

from storage.blobs import BlobStore
from storage.paired import PairedStore
from storage.s3 import S3Store
from storage.s3_patience import Patience
from tests.cases.blob_store import BlobStoreCases
from tests.cases.paired import PairedCases, Sides
from tests.tools.behind_minio import BehindMinio
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined

QUICK = Patience(pause=0.01)


class TestPairOfBuckets(BlobStoreCases):
    @pytest.fixture
    def store(self, s3_bucket: tuple[str, str, str], s3_copy_bucket: tuple[str, str, str]) -> BlobStore:
        return PairedStore(S3Store(*s3_bucket), S3Store(*s3_copy_bucket), lambda *_: None)


class TestBucketsHeldTogether(PairedCases):
    @pytest.fixture(params=[1000, (1 << 20) + 1])
    def source(self, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr("storage.paired.SPOOL", 1 << 20)
        path = tmp_path / "source"
        path.write_bytes(os.urandom(request.param))
        return path

    @pytest.fixture
    def sides(
        self, s3_bucket: tuple[str, str, str], s3_copy_bucket: tuple[str, str, str], servers: Servers
    ) -> Sides:
        return Sides(
            S3Store(*s3_bucket, patience=QUICK),
            S3Store(*s3_copy_bucket, patience=QUICK),
            BehindMinio(Path(servers.state["store"]["folder"]), s3_bucket[0]),
            BehindMinio(Path(servers.state["copy"]["folder"]), s3_copy_bucket[0]),
        )

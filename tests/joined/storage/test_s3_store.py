"""A bucket keeps every promise of a blob store, on a real server, also when its disk is edited behind its back."""

from pathlib import Path

import pytest

from storage.blobs import BlobStore
from storage.s3 import S3Store
from storage.s3_patience import Patience
from tests.cases.blob_store import BlobStoreCases
from tests.cases.damage import Behind, DamageCases
from tests.tools.behind_minio import BehindMinio
from tests.tools.servers import Servers

pytestmark = pytest.mark.joined

QUICK = Patience(pause=0.01)


class TestS3Store(BlobStoreCases, DamageCases):
    @pytest.fixture
    def store(self, s3_bucket: tuple[str, str, str]) -> BlobStore:
        return S3Store(*s3_bucket, patience=QUICK)

    @pytest.fixture
    def behind(self, s3_bucket: tuple[str, str, str], servers: Servers) -> Behind:
        return BehindMinio(Path(servers.state["store"]["folder"]), s3_bucket[0])

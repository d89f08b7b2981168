"""Drafts in a bucket, beside a store in the same bucket."""

import pytest

from storage.blobs import BlobStore, open_blobs
from storage.staging import Staging, open_staging
from tests.cases.staging import StagingCases

pytestmark = pytest.mark.joined


class TestS3Staging(StagingCases):
    @pytest.fixture
    def store(self, s3_bucket: tuple[str, str, str]) -> BlobStore:
        return open_blobs(*s3_bucket)

    @pytest.fixture
    def staging(self, s3_bucket: tuple[str, str, str]) -> Staging:
        return open_staging(*s3_bucket)

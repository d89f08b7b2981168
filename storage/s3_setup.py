"""Make the bucket of an archive, and tell whether an S3 server keeps the one promise that write-once rests on."""

from contextlib import suppress

from minio.commonconfig import ENABLED, Filter
from minio.helpers import md5sum_hash
from minio.lifecycleconfig import (
    AbortIncompleteMultipartUpload,
    Expiration,
    LifecycleConfig,
    NoncurrentVersionExpiration,
    Rule,
)
from minio.xml import marshal

from storage.s3_patience import Refusal
from storage.s3_wire import Body, Wire

_VERSIONS = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


def make_bucket(wire: Wire, staging: str) -> bool:
    """Make the bucket when absent, with old versions kept where the server can and allows it: True when it does.

    In a bucket made here, old versions under the key prefix `staging` and unfinished uploads go after a day; a
    bucket that was there keeps its own rules. Raises Trouble, Refusal.
    """
    if not _is_there(wire):
        place = f"<LocationConstraint>{wire.region}</LocationConstraint>"
        if wire.region == "us-east-1":  # the one place that S3 does not want to be told
            _tell(wire, {}, "")
        else:
            _tell(wire, {}, f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>")
        rules = _forgetting(staging)
        for known in (
            rules[:1],
            rules,
        ):  # some servers end unfinished uploads by themselves and know no rule for it
            with suppress(_NotForUs):
                _tell(wire, {"lifecycle": ""}, marshal(LifecycleConfig(known)).decode())
    try:
        _tell(wire, {"versioning": ""}, _VERSIONS)
    except _NotForUs:
        return False
    return True


class _NotForUs(Exception):
    """The server does not know this rule of a bucket, or lets only its administrator set it."""


def _is_there(wire: Wire) -> bool:
    try:
        return wire.told("HEAD", "", wire.deadline(), lambda _: True)
    except Refusal as no:
        if no.status != 404:
            raise
        return False


def _tell(wire: Wire, query: dict[str, str], words: str) -> None:
    # many servers want the old checksum with a change of a bucket's rules
    headers = {"Content-MD5": md5sum_hash(words) or ""} if query else {}
    try:
        wire.told(
            "PUT",
            "",
            wire.deadline(),
            lambda _: None,
            query=query,
            headers=headers,
            body=Body.of(words.encode()),
        )
    except Refusal as no:
        if query and no.status in (400, 403, 405, 501):
            raise _NotForUs(str(no)) from no
        if no.code != "BucketAlreadyOwnedByYou":  # two at once
            raise


def _forgetting(staging: str) -> list[Rule]:
    drafts = Rule(
        ENABLED,
        rule_filter=Filter(prefix=staging),
        rule_id="staging",
        noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=1),
        expiration=Expiration(expired_object_delete_marker=True),
    )
    unfinished = Rule(
        ENABLED,
        rule_filter=Filter(prefix=""),
        rule_id="unfinished",
        abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=1),
    )
    return [drafts, unfinished]

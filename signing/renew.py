"""Put a new archive time stamp over a sealed file before the last one loses its force, on a copy, proven before use.

Stages: full check → copy → fresh revocation data in its own revision → document time stamp as the last revision →
check as a stranger → is it provable for longer → rename. A file that is not VALID now is never renewed: a new time
stamp would cover up what is wrong with it. See docs/decisions/0082 and, for the stages, 0021.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from asn1crypto import crl
from pyhanko.sign.validation.dss import DocumentSecurityStore

from records.clock import Clock, new_id
from records.errors import ArchiveFault
from signing.algorithms import AGREED, Algorithms
from signing.fetching import apart
from signing.proof import draft_beside, publish
from signing.provable import ProvableUntil, provable_bytes, provable_until
from signing.stages import Appender, append_stamp, in_our_words
from signing.timestamps import TimeStamps
from signing.trust import Trust, load_trust
from signing.verdict import Answer, Verdict
from signing.verify import verify_pdf

_AHEAD = timedelta(days=5 * 365)
"""The hash of a new time stamp should have no end within this time, if any hash has none."""


class NotRenewable(ArchiveFault):
    """The file itself does not pass the full check, so it is listed for a person and not renewed."""

    code = "renewal-not-valid"


class RenewalUseless(ArchiveFault):
    """The new time stamp would end before the old one or be due again at once: the authority must change first."""

    code = "renewal-useless"


@dataclass(frozen=True, slots=True)
class Renewed:
    """What was written: hash and size, the PAdES level and proven time of its last signature, the new time stamp's
    time, until when it is provable now and was before.
    """

    sha256: str
    size: int
    level: str
    sealed_at: datetime
    stamped_at: datetime
    provable: ProvableUntil
    before: ProvableUntil


class RevocationLists(Protocol):
    """Gives revocation lists, e.g. `signing.keys.DemoRevocation`."""

    def lists(self, now: datetime) -> Sequence[crl.CertificateList]:
        """Return the lists in force at `now`."""
        ...


@dataclass(frozen=True)
class Renewer:
    """Renews files with one time-stamp authority. Safe between threads; not for a thread that runs an event loop.

    `trust`: PEM files with roots and revocation lists, for the checks and the validation store. `revocation`: lists of
    our own authorities, e.g. the demo root's (None: not ours to give). `algorithms`: until when each algorithm is good.
    """

    tsa: TimeStamps
    clock: Clock
    trust: tuple[Path, ...]
    revocation: RevocationLists | None = None
    algorithms: Algorithms = AGREED

    def renew(self, source: Path, out: Path) -> Renewed:
        """Write the renewed copy of `source` to `out` (atomically) and return its facts; `source` is only read.

        Raises `NotRenewable` (`renewal-not-valid`) when the full check, pages drawn, does not say VALID;
        `RenewalUseless` (`renewal-useless`); `Away` (`time-stamp-away`, `clock-skew`); `ArchiveFault`: `same-file`,
        `renewal-write` (disk), `renewal-refused` when our own check refuses the result.
        """
        if out.exists() and out.samefile(source):
            raise ArchiveFault(
                f"{source} would be renewed in place",
                code="same-file",
                tell="Tệp kết quả trùng với tệp nguồn. Hãy ghi ra một tệp khác để giữ nguyên bản cũ.",
            )
        verdict = self._check(source, look=True)
        if verdict.verdict is not Answer.VALID:
            raise NotRenewable(
                f"{source.name}: {verdict.verdict} {verdict.reason} {verdict.detail}",
                tell=f"Tệp không được gia hạn vì chữ ký hiện không hợp lệ. {verdict.tell}",
            )
        before = provable_until(source, self.trust, self.algorithms)
        with draft_beside(out) as temporary:
            self._write(source, temporary, verdict.sha256)
            renewed = self._prove(temporary, before)
            publish(temporary, out, source)
        return renewed

    def _check(self, path: Path, *, look: bool) -> Verdict:
        return verify_pdf(path, self.trust, at=self.clock.now(), look=look, algorithms=self.algorithms)

    def _write(self, source: Path, temporary: Path, sha256: str) -> None:
        def disk(fault: OSError) -> ArchiveFault:
            return ArchiveFault(
                f"{source} -> {temporary}: {fault}",
                code="renewal-write",
                tell="Không đọc được tệp nguồn hoặc không ghi được tệp gia hạn. Kiểm tra dung lượng và quyền ghi.",
            )

        def odd(why: str) -> ArchiveFault:
            return NotRenewable(
                f"{source.name}: {why}",
                tell="Không ghi thêm được dấu thời gian vào tệp này. Hãy báo quản trị viên.",
            )

        with in_our_words(disk, odd):
            temporary.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as given, temporary.open("x+b") as ours:
                shutil.copyfileobj(given, ours, 1 << 20)
                ours.seek(0)
                if hashlib.file_digest(ours, "sha256").hexdigest() != sha256:
                    raise NotRenewable(f"{source.name} changed while it was read")
                self._store_revocation(Appender(ours))
                digest = self.algorithms.digest_for(self.clock.now() + _AHEAD)
                apart(lambda: append_stamp(ours, self.tsa, new_id(), digest))
                ours.flush()
                os.fsync(ours.fileno())

    def _store_revocation(self, writer: Appender) -> None:
        """Append the lists that say whether the certificates behind the last and the coming time stamp are revoked.

        Made after the last stamp, so they prove more than what was at hand when it was set; and made before the coming
        one, whose chain they serve until the next renewal.
        """
        trust = load_trust(self.trust)
        certificates = [c for c in trust.roots if c.subject.dump() != c.issuer.dump()]
        DocumentSecurityStore.supply_dss_in_writer(
            writer, None, certs=certificates, crls=_newest(self._lists(trust))
        )
        writer.write_in_place()  # type: ignore[no-untyped-call]

    def _lists(self, trust: Trust) -> list[crl.CertificateList]:
        known = list(trust.lists)
        if self.revocation is not None:
            known.extend(self.revocation.lists(self.clock.now()))
        return known

    def _prove(self, temporary: Path, before: ProvableUntil) -> Renewed:
        # the old pages were drawn and compared a moment ago; what follows them is ours and accounted for
        verdict = self._check(temporary, look=False)
        sealed_at = next((s.signed_at for s in verdict.signatures if s.kind == "signature"), None)
        if verdict.verdict is not Answer.VALID or sealed_at is None:
            raise ArchiveFault(
                f"own check: {verdict.verdict} {verdict.reason} {verdict.detail}",
                code="renewal-refused",
                tell=f"Dấu thời gian vừa thêm không qua được kiểm tra nên tệp không được dùng. {verdict.tell}",
            )
        data = temporary.read_bytes()
        after = provable_bytes(data, load_trust(self.trust), self.algorithms)
        if after.last_time_stamp is None or after.until < before.until or after.due_at <= self.clock.now():
            raise RenewalUseless(
                f"provable until {after.until:%Y-%m-%d} ({after.why}), before {before.until:%Y-%m-%d}",
                tell="Máy chủ dấu thời gian hiện dùng chứng thư hoặc thuật toán hết hạn quá sớm "
                "nên gia hạn không có ích. Hãy cấu hình máy chủ dấu thời gian khác (VANTHU_TSA_URL).",
            )
        return Renewed(
            verdict.sha256, len(data), verdict.level, sealed_at, after.last_time_stamp, after, before
        )


def _newest(lists: Sequence[crl.CertificateList]) -> list[crl.CertificateList]:
    """Return of each issuer (and its key) the newest list alone: every renewal would else carry all of history."""
    newest: dict[tuple[bytes, bytes], crl.CertificateList] = {}
    for one in lists:
        key = (one.issuer.dump(), one.authority_key_identifier or b"")
        known = newest.get(key)
        if known is None or _made(one) > _made(known):
            newest[key] = one
    return list(newest.values())


def _made(one: crl.CertificateList) -> datetime:
    moment: datetime = one["tbs_cert_list"]["this_update"].native
    return moment

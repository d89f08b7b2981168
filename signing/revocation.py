"""Prove that certificates were not revoked, once for a whole batch: the evidence long-lived signatures carry.

OCSP first, then revocation lists, fetched through the one door (`fetching`), every answer verified by
pyhanko-certvalidator, and what is handed out proven once more by itself, as a stranger will see it in the file. Silence
is never "good": no answer means `Away`. See docs/decisions/0076.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import crl, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    InsufficientRevinfoError,
    OCSPValidationError,
    OCSPValidationIndeterminateError,
    PathBuildingError,
    PathValidationError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend
from pyhanko_certvalidator.fetchers.api import Fetchers, FetchLimits
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.archival import OCSPContainer
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response

from records.clock import vietnam_iso
from records.errors import ArchiveFault
from signing.certificates import (
    demand_in_force,
    demand_usable,
    not_trusted,
    revocation_away,
    revoked,
    unknown,
)
from signing.fetching import Door, Session, apart
from signing.trust import Evidence, Trust, check_chain

Lists = Callable[[datetime], Sequence[crl.CertificateList]]

_TOLERANCE = timedelta(seconds=60)
# what asn1crypto raises, late, on bytes that only look like a list or an answer
_ODD = (ValueError, TypeError, LookupError, AttributeError)
_LIMITS = FetchLimits(max_requests=60, max_cert_requests=10, max_aia_urls_per_object=3)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of one chain: evidence, or the fault that came instead; good for [since, until)."""

    since: datetime
    until: datetime
    evidence: Evidence
    fault: ArchiveFault | None

    def at(self, moment: datetime) -> bool:
        return self.since - _TOLERANCE <= moment < self.until


class RevocationWindow:
    """Evidence on chains, gathered once per window and shared. Safe between threads; one instance serves a process.

    Many who ask for the same chain at once wait for one gathering and get its outcome, be it a fault.
    """

    def __init__(
        self,
        trust: Trust,
        door: Door,
        window: timedelta = timedelta(minutes=10),
        again: timedelta = timedelta(seconds=15),
        own_lists: Lists | None = None,
    ) -> None:
        """Take the roots (with lists an operator brought by hand), the door, and how long answers are kept.

        `window`: how long evidence is given out, and never past the next update or the end of a certificate. `again`:
        how long a fault is, so that a batch does not wait for a dead responder once a file. `own_lists`: lists made in
        the house at a moment (the demo authority's, `DemoRevocation.lists`), which need no network.
        """
        self._trust, self._door, self._window, self._again = trust, door, window, again
        self._own_lists = own_lists
        self._lock = threading.Lock()
        self._kept: dict[bytes, _Kept] = {}
        self._running: dict[bytes, Future[_Kept]] = {}

    def evidence(
        self, leaves: Iterable[x509.Certificate], others: Iterable[x509.Certificate], at: datetime
    ) -> Evidence:
        """Return what proves that the chain of every leaf is good at `at` (aware, a moment ago), for the DSS.

        Certificates without the roots, lists, OCSP answers. `others`: certificates known to stand between. Raises
        `Away` (`revocation-away`) and `ArchiveFault` (`certificate-revoked`, `certificate-unknown`,
        `certificate-expired`, `certificate-not-yet-valid`, `certificate-not-trusted`).
        """
        known = tuple(others)
        found = Evidence()
        for leaf in leaves:
            found = found | self._of(leaf, known, at)
        return found

    def check_usable(
        self, certificate: x509.Certificate, chain: Iterable[x509.Certificate], at: datetime
    ) -> Evidence:
        """Refuse to sign at `at` with a certificate that would not stand; return the evidence on its chain.

        Raises what `evidence` raises, and `ArchiveFault` (`certificate-weak`, `certificate-key-usage`).
        """
        between = tuple(chain)
        demand_usable(certificate, between, at)
        return self.evidence([certificate], between, at)

    def _of(self, leaf: x509.Certificate, others: Sequence[x509.Certificate], at: datetime) -> Evidence:
        name = leaf.sha256
        with self._lock:
            kept = self._kept.get(name)
            running = self._running.get(name)
            ours = running is None
            if kept is not None and kept.at(at):
                return _given(kept)
            if running is None:
                running = self._running[name] = Future()
        if ours:
            self._lead(name, leaf, others, at, running)
        return _given(running.result())

    def _lead(
        self,
        name: bytes,
        leaf: x509.Certificate,
        others: Sequence[x509.Certificate],
        at: datetime,
        running: Future[_Kept],
    ) -> None:
        """Gather for all who wait; a bug of ours is theirs too, and nobody waits for ever."""
        try:
            kept = self._gathered(leaf, others, at)
        except BaseException as bug:
            with self._lock:
                del self._running[name]
            running.set_exception(bug)
            raise
        with self._lock:
            self._kept[name] = kept
            del self._running[name]
        running.set_result(kept)

    def _gathered(self, leaf: x509.Certificate, others: Sequence[x509.Certificate], at: datetime) -> _Kept:
        try:
            demand_in_force(leaf, at)
            evidence, path = apart(lambda: self._ask(leaf, others, at))
            evidence = self._enough(leaf, evidence, at)
        except ArchiveFault as fault:
            return _Kept(at, at + self._again, Evidence(), fault)
        ends = [at + self._window, *(c.not_valid_after for c in path), *_next_updates(evidence)]
        return _Kept(at, min(ends), evidence, None)

    async def _ask(
        self, leaf: x509.Certificate, others: Sequence[x509.Certificate], at: datetime
    ) -> tuple[Evidence, tuple[x509.Certificate, ...]]:
        own = [*self._trust.lists, *(self._own_lists(at) if self._own_lists is not None else ())]
        async with self._door.open() as session:
            fetchers = _fetchers(session)
            context = ValidationContext(
                trust_roots=list(self._trust.roots),
                other_certs=list(others),
                moment=at,
                allow_fetching=True,
                fetchers=fetchers,
                crls=own,
                revocation_mode="require",
                time_tolerance=_TOLERANCE,
            )
            try:
                path = await CertificateValidator(leaf, validation_context=context).async_validate_path()
            except RevokedError as fault:
                raise _told_revoked(fault) from fault
            except InsufficientRevinfoError as fault:
                await _demand_known(fault.original_path, context, fetchers)
                raise revocation_away(str(fault)) from fault
            except (PathBuildingError, PathValidationError, ValidationError) as fault:
                raise not_trusted(leaf, str(fault)) from fault
            except _ODD as fault:
                raise revocation_away(f"unreadable revocation data: {fault!r}") from fault
            await _demand_known(path, context, fetchers)
            certificates = [c for c in path if isinstance(c, x509.Certificate)]
            between = tuple(c for c in certificates if not _is_root(c, self._trust))
            lists = (*fetchers.crl_fetcher.fetched_crls(), *own)
            return Evidence(between, lists, tuple(fetchers.ocsp_fetcher.fetched_responses())), between

    def _enough(self, leaf: x509.Certificate, found: Evidence, at: datetime) -> Evidence:
        """Leave out what the proof does not need, lists first (they are large), and prove that the rest is enough."""
        bare = Trust(self._trust.roots, ())

        def proves(evidence: Evidence) -> bool:
            return check_chain(leaf, (), bare, evidence, at, retroactive=False).finding is None

        kept = found | Evidence()
        if not proves(kept):
            raise revocation_away("what was gathered does not prove the chain by itself")
        for lost in kept.lists:
            fewer = Evidence(kept.certificates, tuple(x for x in kept.lists if x is not lost), kept.answers)
            kept = fewer if proves(fewer) else kept
        for gone in kept.answers:
            fewer = Evidence(kept.certificates, kept.lists, tuple(x for x in kept.answers if x is not gone))
            kept = fewer if proves(fewer) else kept
        return kept


def _fetchers(session: Session) -> Fetchers:
    # the validator's own fetchers, with our door in place of their session
    return AIOHttpFetcherBackend(session, limits=_LIMITS).get_fetchers()  # type: ignore[arg-type]


def _given(kept: _Kept) -> Evidence:
    if kept.fault is not None:
        # a new one each time: one fault raised by many threads would gather all their traces
        raise type(kept.fault)(str(kept.fault), tell=kept.fault.tell, code=kept.fault.code) from kept.fault
    return kept.evidence


def _is_root(certificate: x509.Certificate, trust: Trust) -> bool:
    return any(certificate.dump() == root.dump() for root in trust.roots)


def _next_updates(evidence: Evidence) -> Iterator[datetime]:
    for one in evidence.lists:
        told = one["tbs_cert_list"]["next_update"].native
        if told is not None:
            yield told
    for answer in evidence.answers:
        for single in answer.response_data["responses"]:
            if single["next_update"].native is not None:
                yield single["next_update"].native


async def _demand_known(path: ValidationPath, context: ValidationContext, fetchers: Fetchers) -> None:
    """Refuse a chain of which an authorised responder says that it never heard of a certificate (RFC 6960 §2.2).

    A list could not tell: it names the revoked, and a certificate made behind the authority's back is not on it.
    """
    for certificate in path:
        if not isinstance(certificate, x509.Certificate) or not _says_unknown(certificate, fetchers):
            continue
        try:
            await verify_ocsp_response(certificate, path, context)
        except OCSPValidationIndeterminateError as fault:
            if not fault.failures:  # signature, time and responder hold; only the status is not "good"
                raise unknown(certificate, str(fault)) from fault
        except OCSPValidationError:
            continue


def _says_unknown(certificate: x509.Certificate, fetchers: Fetchers) -> bool:
    for answer in fetchers.ocsp_fetcher.fetched_responses_for_cert(certificate):
        for one in OCSPContainer.load_multi(answer):
            single = one.extract_single_response()
            if single is not None and single["cert_status"].name == "unknown":
                return True
    return False


def _told_revoked(fault: RevokedError) -> ArchiveFault:
    # only the leaf's own end is ours to name; higher up it is the authority that fell
    return revoked(str(fault), vietnam_iso(fault.revocation_dt), fault.reason.native)

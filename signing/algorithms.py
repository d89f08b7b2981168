"""Until when each algorithm and key length may be relied on: dated data with its sources, and what a signature uses.

A signature is judged by the moment at which its existence is proven, so an algorithm that is retired later does it no
harm, provided that a stronger time stamp was put over it in time. See docs/decisions/0082.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import algos, x509

from signing.container import Container
from signing.trust import mechanism_hash

_SHOWN = {"ec": "ECDSA", "rsa": "RSA", "dsa": "DSA", "ed25519": "Ed25519", "ed448": "Ed448"}
_LONGEST = 10  # certificates in a chain
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """An algorithm as used somewhere: its name in lower case (`sha256`, `rsa`, `ec`) and key length in bits, 0 for
    hashes.
    """

    name: str
    bits: int = 0

    def __str__(self) -> str:
        shown = _SHOWN.get(self.name, self.name.upper().replace("SHA", "SHA-").replace("SHA-3_", "SHA3-"))
        return f"{shown} {self.bits}" if self.bits else shown


@dataclass(frozen=True, slots=True)
class Term:
    """A rule: keys of `name` from `bits` upwards (to the next term) are good until the end of `until`.

    `until` None: no source sets an end. `source`: who says so.
    """

    name: str
    bits: int
    until: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Algorithms:
    """A list of terms. What no term names was never good."""

    terms: tuple[Term, ...]

    def term(self, use: Use) -> Term | None:
        """Return the rule for `use`, None when nobody vouches for it."""
        fitting = [t for t in self.terms if t.name == use.name and t.bits <= use.bits]
        return max(fitting, key=lambda t: t.bits, default=None)

    def until(self, use: Use) -> datetime | None:
        """Return the last moment of `use`; None when no end is set, 1970 when it was never good."""
        term = self.term(use)
        return _NEVER if term is None else term.until

    def retired(self, uses: Iterable[Use], moment: datetime) -> tuple[Use, datetime] | None:
        """Return the one of `uses` that ended first, and when, if it was no longer good at `moment`."""
        ended = self.sunset(uses)
        return ended if ended is not None and ended[1] < moment else None

    def sunset(self, uses: Iterable[Use]) -> tuple[Use, datetime] | None:
        """Return the one of `uses` that ends first, and when; None when none of them has an end."""
        ends = [(until, use) for use in uses if (until := self.until(use)) is not None]
        if not ends:
            return None
        until, use = min(ends)
        return use, until

    def digest_for(self, until: datetime) -> str:
        """Return the hash for a new time stamp: the plainest one good beyond `until`, else the one that lasts longest.

        SHA-256 comes first because some authorities fail on SHA-512.
        """
        names = ("sha256", "sha384", "sha512")
        lasting = [(name, self.until(Use(name))) for name in names]
        for name, end in lasting:
            if end is None or end > until:
                return name
        return max(lasting, key=lambda one: one[1] or _NEVER)[0]


def uses_of(container: Container, known: Iterable[x509.Certificate] = ()) -> tuple[Use, ...]:
    """Return what a signature or a time-stamp token relies on: hashes, the signer's key, and those of its issuers.

    `known`: roots and certificates of the validation store among which the issuers are found.
    """
    found = {Use(container.digest), key_use(container.signer)}
    found |= _hashes(container.info["signature_algorithm"])
    if container.tst is not None:
        imprint = container.tst["message_imprint"]["hash_algorithm"]["algorithm"].native
        found.add(Use(str(imprint).lower()))
    path = issuers(container, known)
    for certificate, issuer in zip(path, path[1:], strict=False):
        # the root's own signature proves nothing; its key signed what stands below it
        found |= _hashes(certificate["signature_algorithm"]) | {key_use(issuer)}
    return tuple(sorted(found))


def issuers(container: Container, known: Iterable[x509.Certificate] = ()) -> list[x509.Certificate]:
    """Return the signer's certificate and those above it, as far as they are at hand; the root last.

    By name and key identifier only: whether they truly signed one another is for `trust.check_chain`.
    """
    path = [container.signer]
    above = [*container.others, *known]
    while path[-1].subject.dump() != path[-1].issuer.dump() and len(path) < _LONGEST:
        found = next((c for c in above if _may_have_issued(c, path[-1])), None)
        if found is None or any(found is c for c in path):
            break
        path.append(found)
    return path


def _may_have_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject.dump() != certificate.issuer.dump():
        return False
    wanted, own = certificate.authority_key_identifier, issuer.key_identifier
    return wanted is None or own is None or bool(wanted == own)


def _hashes(mechanism: algos.SignedDigestAlgorithm) -> set[Use]:
    named = mechanism_hash(mechanism)
    return {Use(named.lower())} if named else set()


def key_use(certificate: x509.Certificate) -> Use:
    """Return algorithm and length of a certificate's key."""
    key = certificate.public_key
    name = str(key.algorithm)
    if name == "rsassa_pss":
        name = "rsa"
    if name in ("ed25519", "ed448"):
        return Use(name, 256 if name == "ed25519" else 456)
    return Use(name, int(key.bit_size))


def end_of(year: int) -> datetime:
    """Return the last second of a year, UTC."""
    return datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)


_VN = "Thông tư 15/2025/TT-BKHCN, phụ lục 1.2-1.3 (từ 15/08/2025): RSA từ 2048, ECDSA từ 256, SHA-2, SHA-3"
_OPEN = "SOG-IS Agreed Cryptographic Mechanisms 1.3 (recommended, no end), ETSI TS 119 312; " + _VN
_112_BIT = "NIST SP 800-57 part 1 rev. 5, table 4 (112 bits: to 2030), SP 800-131A rev. 2; SOG-IS 1.3: legacy"
_OLD = "NIST SP 800-131A rev. 2 (disallowed for signatures since 2014)"

AGREED = Algorithms(
    (
        Term("md5", 0, end_of(2008), "RFC 6151; colliding certificates shown in December 2008"),
        Term("sha1", 0, end_of(2013), _OLD),
        Term("sha224", 0, end_of(2030), _112_BIT),
        Term("sha256", 0, None, _OPEN),
        Term("sha384", 0, None, _OPEN),
        Term("sha512", 0, None, _OPEN),
        Term("sha3_256", 0, None, _OPEN),
        Term("sha3_384", 0, None, _OPEN),
        Term("sha3_512", 0, None, _OPEN),
        Term("rsa", 1024, end_of(2013), _OLD),
        Term("rsa", 2048, end_of(2030), f"{_112_BIT}; {_VN}"),
        Term("rsa", 3000, None, _OPEN),
        Term("ec", 224, end_of(2030), _112_BIT),
        Term("ec", 256, None, _OPEN),
        Term("ed25519", 256, None, "FIPS 186-5; RFC 8419"),
        Term("ed448", 456, None, "FIPS 186-5; RFC 8419"),
    )
)
"""What holds today. NIST IR 8547 (first draft, November 2024) would end RSA and elliptic curves in 2035; when it or a
Vietnamese list makes that final, their terms get that date here and the renewal job works towards it by itself.
"""

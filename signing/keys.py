"""Hold the signing keys: opened when first asked for, parsed once, used by many threads, never written anywhere.

The folder of keys has a table (`key_table`) or holds the demo authority. pyHanko parses the private key again for
every signature, 65 of its 90 ms a file; `CachedKeySigner` does it once. Whoever signs asks for a key by its role.
"""

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from records.errors import ArchiveFault
from signing import demo_pki
from signing.demo_pki import is_complete
from signing.key_table import DeskKey, FileKey, KeyEntry, KeyRole, RemoteKey, TokenKey, read_key_table
from signing.mechanisms import PrivateKey, sign, signature_room
from signing.remote import RemoteSigner
from signing.tokens import Tokens, TokenSigner

_CRL_KEPT = timedelta(minutes=10)
_CRL_GOOD_FOR = timedelta(days=7)


class CachedKeySigner(SimpleSigner):
    """A pyHanko signer over one key that is parsed once. Safe to share between threads: it keeps no state."""

    def __init__(
        self,
        key: PrivateKey,
        certificate: asn1_x509.Certificate,
        others: SimpleCertificateStore | None = None,
    ) -> None:
        # the parent keeps an encoded key for its own parsing; ours never leaves the cryptography object
        super().__init__(
            signing_cert=certificate,
            signing_key=None,
            cert_registry=_store(()) if others is None else others,
            embed_roots=False,
        )
        self._key = key
        self._room = signature_room(certificate)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return the signature of `data`; when `dry_run`, as many zeros as it may take: nothing is signed then."""
        return bytes(self._room) if dry_run else self.sign_raw(data, digest_algorithm)

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        """Return the signature of `data`: PKCS #1 v1.5 for RSA, ECDSA for a curve."""
        return sign(self._key, data, digest_algorithm)


class DeskSigner(Signer):
    """Stands for a key that only its holder can use (`interrupted`): asked to sign here, it refuses."""

    def __init__(self, name: str, certificate: asn1_x509.Certificate, others: SimpleCertificateStore) -> None:
        super().__init__(signing_cert=certificate, cert_registry=others, embed_roots=False)
        self._name, self._room = name, signature_room(certificate)

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Return zeros when `dry_run`; else raise `ArchiveFault` (`key-at-desk`)."""
        if dry_run:
            return bytes(self._room)
        raise ArchiveFault(
            f"key {self._name!r} is at its holder's desk",
            code="key-at-desk",
            tell=f"Khóa “{self._name}” nằm ở thiết bị của người ký; hãy ký từ trình duyệt hoặc máy của người đó.",
        )


@dataclass(frozen=True, slots=True)
class SealKey:
    """One key that can seal: its name in the house, the signer, the certificate and its SHA-256; whose it is."""

    name: str
    signer: Signer
    certificate: asn1_x509.Certificate
    certificate_sha256: str
    role: KeyRole = KeyRole.ARCHIVE
    unit: str = ""
    holder: str = ""
    image: Path | None = None
    diameter_mm: float = 36.0

    @property
    def good_until(self) -> datetime:
        """The last moment of its certificate."""
        until: datetime = self.certificate.not_valid_after
        return until

    @property
    def chain(self) -> tuple[asn1_x509.Certificate, ...]:
        """The certificates between it and a root that were given with the key."""
        return tuple(self.signer.cert_registry)


class DemoRevocation:
    """The demo root's revocation lists, made on the spot and kept ten minutes. Safe between threads."""

    def __init__(self, certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # names are up to 64 characters, see demo_pki._name
            self._issuer = certificate.subject
        self._key = key
        self._lock = threading.Lock()
        self._made: tuple[datetime, asn1_crl.CertificateList] | None = None

    def lists(self, now: datetime) -> tuple[asn1_crl.CertificateList, ...]:
        """Return the revocation lists in force at `now`, at most ten minutes old and never from the future."""
        now = now.replace(microsecond=0)
        with self._lock:
            if self._made is None or not timedelta(0) <= now - self._made[0] < _CRL_KEPT:
                self._made = (now, asn1_crl.CertificateList.load(self.issue(now)))
            return (self._made[1],)

    def issue(self, now: datetime, revoked: Mapping[int, datetime] | None = None) -> bytes:
        """Return a new DER list of `revoked` certificates (serial number → moment), good for a week."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._issuer)
            .last_update(now)
            .next_update(now + _CRL_GOOD_FOR)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        for serial, moment in (revoked or {}).items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)


class _Unopened(Mapping[str, SealKey]):
    """Keys that are opened when they are first asked for. Safe between threads.

    A process that seals scans needs one key of a table of many, and the broken file of an official must not stop it.
    """

    def __init__(self, openers: Mapping[str, Callable[[], SealKey]]) -> None:
        self._openers = dict(openers)
        self._opened: dict[str, SealKey] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> SealKey:
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._openers[name]()
            return self._opened[name]

    def __contains__(self, name: object) -> bool:
        return name in self._openers

    def __iter__(self) -> Iterator[str]:
        return iter(self._openers)

    def __len__(self) -> int:
        return len(self._openers)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key this process may use, by name, and where revocation data comes from (None: not ours to give).

    `roles` says what each key may do where that is known without opening it. A key that cannot be opened raises
    `ArchiveFault` (`keys-unreadable`) for who asks for it, and for nobody else.
    """

    keys: Mapping[str, SealKey]
    revocation: DemoRevocation | None = None
    default: str = "archive"
    trust: tuple[Path, ...] = field(default=())
    roles: Mapping[str, KeyRole] | None = None

    def open_all(self) -> None:
        """Open every key. Raises `ArchiveFault` (`keys-unreadable`) for the first that cannot be."""
        for name in self.keys:
            self.keys[name]

    def get(self, name: str | None = None) -> SealKey:
        """Return the key `name` (None: the default). Raises `ArchiveFault` (`no-key`, `keys-unreadable`)."""
        wanted = name or self.default
        if wanted not in self.keys:
            raise ArchiveFault(
                f"no key {wanted!r}",
                code="no-key",
                tell=f"Không có khóa ký tên “{wanted}”. Các khóa hiện có: {', '.join(sorted(self.keys))}.",
            )
        return self.keys[wanted]

    def for_role(self, role: KeyRole, name: str | None = None) -> SealKey:
        """Return the key `name`; None: the only one that has `role` (the default one for the archive seal).

        Raises `ArchiveFault` (`no-key`, `keys-unreadable`). Whether a named key has the role is for the profile to say.
        """
        if name or role is KeyRole.ARCHIVE:
            return self.get(name)
        roles = self.roles or {key: self.keys[key].role for key in self.keys}
        fitting = [key for key, its in roles.items() if its is role]
        if len(fitting) != 1:
            names = ", ".join(fitting)
            raise ArchiveFault(
                f"{len(fitting)} keys of role {role}, none named",
                code="no-key",
                tell=f"Có nhiều khóa dùng được: {names}. Hãy chọn một khóa."
                if fitting
                else f"Bảng khóa chưa có khóa nào cho vai trò “{role}”. Hãy báo quản trị viên.",
            )
        return self.keys[fitting[0]]

    def role_of(self, certificate_sha256: str) -> KeyRole | None:
        """Return what the key of a certificate may do; None when the certificate is not in our table.

        One that stands there both as a person's and as a unit's counts as the unit's: it never opens the way to a seal.
        Raises `ArchiveFault` (`keys-unreadable`): a key that cannot be looked at may be the one.
        """
        roles = [key.role for key in self.keys.values() if key.certificate_sha256 == certificate_sha256]
        return next((role for role in roles if role is not KeyRole.OFFICIAL), roles[0] if roles else None)


def load_keys(folder: Path) -> KeyRing:
    """Return the keys of `folder`: those of its table, or the demo authority's when it has none.

    Each is opened when it is first asked for, and no token before it has to sign. Raises `ArchiveFault`
    (`keys-table`; `keys-unreadable` where the demo authority's root is).
    """
    table = read_key_table(folder)
    if table is None:
        return load_demo_keys(folder)
    notes = folder / "tokens"
    tokens = Tokens(notes)
    keys = _Unopened({entry.name: partial(_load, entry, tokens, notes) for entry in table.entries})
    roles = {entry.name: entry.role for entry in table.entries}
    # real keys beside the demo authority: its time stamps still need its revocation lists
    revocation = DemoRevocation(*load_p12(folder, demo_pki.ROOT)) if is_complete(folder) else None
    return KeyRing(keys, revocation, table.default, (folder / demo_pki.ROOTS,), roles)


def _load(entry: KeyEntry, tokens: Tokens, notes: Path) -> SealKey:
    others = _store(_certificates(entry.chain) if entry.chain else ())
    source = entry.source
    signer: Signer
    if isinstance(source, FileKey):
        found, key = load_pkcs12(source.file, source.passphrase)
        certificate = asn1_x509.Certificate.load(found.public_bytes(Encoding.DER))
        signer = CachedKeySigner(key, certificate, others)
    else:
        certificate = _certificates(source.certificate)[0]
        match source:
            case TokenKey():
                signer = TokenSigner(tokens.of(source), source.key_id, certificate, others)
            case RemoteKey():
                signer = RemoteSigner(source, certificate, others, notes)
            case DeskKey():
                signer = DeskSigner(entry.name, certificate, others)
    sha256 = hashlib.sha256(certificate.dump()).hexdigest()
    return SealKey(
        entry.name,
        signer,
        certificate,
        sha256,
        entry.role,
        entry.unit,
        entry.holder,
        entry.image,
        entry.diameter_mm,
    )


def _store(certificates: Iterable[asn1_x509.Certificate]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(certificates)
    return store


def _certificates(path: Path) -> list[asn1_x509.Certificate]:
    """Return the certificates of a PEM file. Raises `ArchiveFault` (`keys-unreadable`)."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise _unreadable(path, fault) from fault
    return [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in found]


def load_demo_keys(folder: Path) -> KeyRing:
    """Return the keys made by `create_demo_pki`. Raises `ArchiveFault` (`keys-unreadable`)."""
    root, root_key = load_p12(folder, demo_pki.ROOT)
    signers = demo_pki.demo_signers(folder)
    roles = {name: role for name, role, _ in signers}
    if "archive" not in roles:
        raise _unreadable(folder / demo_pki.SEAL, FileNotFoundError("absent"))
    return KeyRing(
        keys=_Unopened(
            {name: partial(_demo_key, folder, name, role, holder) for name, role, holder in signers}
        ),
        revocation=DemoRevocation(root, root_key),
        trust=(folder / demo_pki.ROOTS,),
        roles=roles,
    )


def _demo_key(folder: Path, name: str, role: KeyRole, holder: str) -> SealKey:
    found, key = load_p12(folder, demo_pki.KEY_FILES[name])
    certificate = asn1_x509.Certificate.load(found.public_bytes(Encoding.DER))
    sha256 = hashlib.sha256(certificate.dump()).hexdigest()
    return SealKey(name, CachedKeySigner(key, certificate), certificate, sha256, role, holder=holder)


def load_p12(folder: Path, name: str) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """Return certificate and RSA key of one PKCS#12 file of a demo folder. Raises `ArchiveFault`."""
    certificate, key = load_pkcs12(folder / name, folder / demo_pki.PASSPHRASE)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _unreadable(folder / name, ValueError("not an RSA key"))
    return certificate, key


def load_pkcs12(path: Path, passphrase: Path) -> tuple[x509.Certificate, PrivateKey]:
    """Return certificate and key (RSA or curve) of a PKCS#12 file. Raises `ArchiveFault` (`keys-unreadable`)."""
    try:
        certificate, key = _parsed(path.read_bytes(), passphrase.read_bytes().strip())
    except (OSError, ValueError) as fault:
        raise _unreadable(path, fault) from fault
    if certificate is None or not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise _unreadable(path, ValueError("no certificate with an RSA or curve key inside"))
    return certificate, key


@lru_cache(maxsize=64)
def _parsed(data: bytes, passphrase: bytes) -> tuple[x509.Certificate | None, object]:
    """Open a file of this content once: OpenSSL proves each RSA key anew, an eighth of a second for 3072 bits.

    The health asks for every key every few seconds, and other bytes are another key.
    """
    key, certificate, _ = pkcs12.load_key_and_certificates(data, passphrase)
    return certificate, key


def _unreadable(path: Path, fault: Exception) -> ArchiveFault:
    return ArchiveFault(
        f"{path}: {fault}",
        code="keys-unreadable",
        tell="Không mở được khóa ký. Chạy “vanthu init” để tạo khóa thử nghiệm, "
        "hoặc khôi phục thư mục khóa từ bản sao lưu.",
    )

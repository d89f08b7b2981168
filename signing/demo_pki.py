"""Make a throw-away certificate authority, so that the whole signing path is real on a laptop without any purchase.

Every subject says DEMO: these seals prove that a file was not changed, never who stands behind it in law.
The folder appears whole or not at all (made beside, fsync, rename), so a crash leaves nothing half-made.
"""

import contextlib
import os
import secrets
import shutil
import stat
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from records.clock import Clock, new_id
from records.errors import ArchiveFault
from signing.key_table import KeyRole

ROOTS = "roots.pem"
PASSPHRASE = "passphrase"  # noqa: S105 the name of the file
ROOT, SEAL, TSA = "demo-root.p12", "archive.p12", "demo-tsa.p12"
_FILES = (ROOTS, PASSPHRASE, ROOT, SEAL, TSA)
OFFICIAL, ORGANISATION = "demo-official.p12", "demo-organisation.p12"
KEY_FILES = {"archive": SEAL, "demo-official": OFFICIAL, "demo-seal": ORGANISATION}
"""The demo keys by their names in the house."""
DEMO_OFFICIAL = "lanhdao"
"""The log-in of the demo account whose key the demo official's is."""

MARK = "DEMO"
_BITS = 3072  # the length ETSI TS 119 312 asks for signatures meant to last beyond 2028
_ROOT_YEARS, _SEAL_YEARS, _TSA_YEARS = 10, 5, 10
_NAME_LIMIT = 64  # ub-common-name and ub-organization-name, RFC 5280 appendix A.1, in characters


def create_demo_pki(folder: Path, organisation: str, clock: Clock) -> None:
    """Make the demo root, the organisation's seal key and the demo time-stamp key in `folder`.

    Safe to repeat and to race: a complete folder is kept as it is, an incomplete one is moved aside as
    `<folder>.broken-…` (keys are never deleted) and made anew. Raises `ArchiveFault` (`demo-pki`) when the name is
    empty or the disk refuses.
    """
    organisation = " ".join(organisation.split())
    if not organisation:
        raise ArchiveFault(
            "empty organisation name",
            code="demo-pki",
            tell="Chưa có tên cơ quan để tạo con dấu thử nghiệm. Hãy ghi tên cơ quan.",
        )
    if is_complete(folder):
        _add_signers(folder, organisation, clock.now().replace(microsecond=0))
        return
    making = folder.with_name(f".{folder.name}.making-{new_id()}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir(mode=0o700)
        now = clock.now().replace(microsecond=0)
        _fill(making, organisation, now)
        _add_signers(making, organisation, now)
        _install(making, folder)
    except OSError as fault:
        raise ArchiveFault(
            f"cannot make {folder}: {fault}",
            code="demo-pki",
            tell="Không tạo được khóa thử nghiệm. Kiểm tra quyền ghi và dung lượng của thư mục dữ liệu.",
        ) from fault
    finally:
        shutil.rmtree(making, ignore_errors=True)


def is_complete(folder: Path) -> bool:
    """Return whether every file of a demo folder is there and not empty."""
    return all((folder / name).is_file() and (folder / name).stat().st_size > 0 for name in _FILES)


def demo_signers(folder: Path) -> tuple[tuple[str, KeyRole, str], ...]:
    """Return (name, role, holder) of the demo keys that are there, the archive's first."""
    signers = (
        ("archive", KeyRole.ARCHIVE, ""),
        ("demo-official", KeyRole.OFFICIAL, DEMO_OFFICIAL),
        ("demo-seal", KeyRole.SEAL, ""),
    )
    return tuple(one for one in signers if (folder / KEY_FILES[one[0]]).is_file())


def _add_signers(folder: Path, organisation: str, now: datetime) -> None:
    """Make the demo keys of outgoing papers where they are missing: folders of earlier versions have none."""
    wanted = (
        (OFFICIAL, f"{MARK} – Nguyễn Văn Mẫu"),
        (ORGANISATION, f"{MARK} – {organisation} (con dấu)"),
    )
    for file, common_name in wanted:
        if (folder / file).exists():
            continue
        passphrase = (folder / PASSPHRASE).read_bytes().strip()
        root_key, root, _ = pkcs12.load_key_and_certificates((folder / ROOT).read_bytes(), passphrase)
        if root is None or not isinstance(root_key, rsa.RSAPrivateKey):
            raise ArchiveFault(f"{folder / ROOT} holds no RSA key", code="demo-pki")
        key = _new_key()
        certificate = _certificate(
            _name(organisation, common_name), key, root.subject, root_key, now, _SEAL_YEARS, _as_seal
        )
        draft = folder / f".{file}.{new_id()}"
        _write_p12(draft, key, certificate, passphrase)
        with contextlib.suppress(FileExistsError):  # another process was first; its key stands
            os.link(draft, folder / file)
        draft.unlink()
        sync_folder(folder)


def _install(making: Path, folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not is_complete(folder):
        folder.rename(folder.with_name(f"{folder.name}.broken-{new_id()}"))
    try:
        making.rename(folder)  # replaces an empty folder, refuses a filled one
    except OSError:
        if not is_complete(folder):  # another process was first; its keys stand
            raise
    sync_folder(folder.parent)


def _fill(folder: Path, organisation: str, now: datetime) -> None:
    passphrase = secrets.token_urlsafe(32).encode()
    root_key = _new_key()
    root_name = _name(organisation, f"{MARK} Root CA – {organisation}")
    root = _certificate(root_name, root_key, root_name, root_key, now, _ROOT_YEARS, _as_root)
    _write(folder / ROOTS, root.public_bytes(Encoding.PEM), private=False)
    _write(folder / PASSPHRASE, passphrase)
    _write_p12(folder / ROOT, root_key, root, passphrase)
    leaves: tuple[tuple[str, str, int, _Extend], ...] = (
        (SEAL, f"{MARK} – {organisation}", _SEAL_YEARS, _as_seal),
        (TSA, f"{MARK} TSA – {organisation}", _TSA_YEARS, _as_tsa),
    )
    for file, common_name, years, extend in leaves:
        key = _new_key()
        certificate = _certificate(
            _name(organisation, common_name), key, root_name, root_key, now, years, extend
        )
        _write_p12(folder / file, key, certificate, passphrase)
    sync_folder(folder)


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=_BITS)


def _name(organisation: str, common_name: str) -> x509.Name:
    with warnings.catch_warnings():
        # cryptography counts the limit in UTF-8 bytes; RFC 5280 counts characters, and Vietnamese needs the room
        warnings.simplefilter("ignore")
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:_NAME_LIMIT], _validate=False),
                x509.NameAttribute(
                    NameOID.ORGANIZATIONAL_UNIT_NAME, f"{MARK} – không có giá trị pháp lý", _validate=False
                ),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_NAME_LIMIT], _validate=False),
            ]
        )


_Extend = Callable[[x509.CertificateBuilder], x509.CertificateBuilder]


def _certificate(
    subject: x509.Name,
    key: rsa.RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: rsa.RSAPrivateKey,
    now: datetime,
    years: int,
    extend: _Extend,
) -> x509.Certificate:
    begin = now - timedelta(hours=1)  # room for clocks that lag a little
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    return extend(builder).sign(issuer_key, hashes.SHA256())


def _usage(*, sign: bool = False, commit: bool = False, ca: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=commit,
        key_cert_sign=ca,
        crl_sign=ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _as_root(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(
        _usage(ca=True), critical=True
    )


def _as_seal(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder.add_extension(_usage(sign=True, commit=True), critical=True)


def _as_tsa(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    # RFC 3161 §2.3: the only extended usage, and critical
    return builder.add_extension(_usage(sign=True), critical=True).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
    )


def _write_p12(path: Path, key: rsa.RSAPrivateKey, certificate: x509.Certificate, passphrase: bytes) -> None:
    data = pkcs12.serialize_key_and_certificates(
        path.stem.encode(), key, certificate, None, BestAvailableEncryption(passphrase)
    )
    _write(path, data)


def _write(path: Path, data: bytes, *, private: bool = True) -> None:
    mode = stat.S_IRUSR | stat.S_IWUSR | (0 if private else stat.S_IRGRP | stat.S_IROTH)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable; a file system that cannot is left as it is."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

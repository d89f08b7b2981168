"""An office for tests: officials, a seal and an archive key, all certified by one demo authority."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.stamp import StaticStampStyle

from records.clock import SystemClock
from signing import demo_pki
from signing.key_table import KeyRole
from signing.keys import CachedKeySigner, KeyRing, SealKey, load_p12
from signing.mechanisms import PrivateKey
from signing.profiles import Visible
from signing.seal import SigningService
from tests.cases.sealing import World, certified

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True)
class Office:
    """Keys by name: `archive`, `chu-tich` and `pho` (officials), `con-dau` (the unit's seal)."""

    world: World
    ring: KeyRing
    service: SigningService
    private: dict[str, PrivateKey]


def seal_key(name: str, role: KeyRole, key: PrivateKey, certificate: asn1_x509.Certificate) -> SealKey:
    return SealKey(
        name,
        CachedKeySigner(key, certificate),
        certificate,
        hashlib.sha256(certificate.dump()).hexdigest(),
        role,
    )


def an_office(world: World) -> Office:
    people = {"chu-tich": "Nguyễn Văn A", "pho": "Trần Thị B", "con-dau": "UBND xã Phú Hội"}
    roles = {"chu-tich": KeyRole.OFFICIAL, "pho": KeyRole.OFFICIAL, "con-dau": KeyRole.SEAL}
    made = {name: certified(world.folder, person) for name, person in people.items()}
    keys = {name: seal_key(name, roles[name], *pair) for name, pair in made.items()}
    ring = KeyRing(
        {"archive": world.ring.get(), **keys}, world.ring.revocation, "archive", tuple(world.roots)
    )
    service = SigningService(ring, world.tsa, world.clock, world.roots)
    return Office(world, ring, service, {name: key for name, (key, _) in made.items()})


def certified_curve(
    world: World, name: str, curve: ec.EllipticCurve
) -> tuple[ec.EllipticCurvePrivateKey, asn1_x509.Certificate]:
    """Make a key on an elliptic curve and have the demo authority certify it for signing."""
    key = ec.generate_private_key(curve)
    return key, certified_public(world, name, key.public_key())


def certified_public(world: World, name: str, public: PublicKey) -> asn1_x509.Certificate:
    """Have the demo authority certify a key whose private part is elsewhere."""
    root, root_key = load_p12(world.folder, demo_pki.ROOT)
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(demo_pki._name(name, f"DEMO – {name}"))
        .issuer_name(root.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
    )
    signed = demo_pki._as_seal(made).sign(root_key, hashes.SHA256())
    return asn1_x509.Certificate.load(signed.public_bytes(Encoding.DER))


def drawn(box: tuple[float, float, float, float], page: int = 0) -> Visible:
    """A stamp that is one filled blue rectangle: nothing of it needs a font."""
    width, height = box[2] - box[0], box[3] - box[1]
    ink = RawContent(
        f"q 0 0 0.8 rg 0 0 {width} {height} re f Q".encode(),
        box=BoxConstraints(width=width, height=height),
    )
    return Visible(StaticStampStyle(background=ink, border_width=0, background_opacity=1.0), page, box)

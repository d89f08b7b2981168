"""An office for tests: officials, a seal and an archive key, all certified by one demo authority."""

import hashlib
from dataclasses import dataclass

from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
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
    root, root_key = load_p12(world.folder, demo_pki.ROOT)
    key = ec.generate_private_key(curve)
    subject = demo_pki._name(name, f"DEMO – {name}")
    made = demo_pki._certificate(
        subject, key, root.subject, root_key, SystemClock().now(), 5, demo_pki._as_seal
    )
    return key, asn1_x509.Certificate.load(made.public_bytes(Encoding.DER))


def drawn(box: tuple[float, float, float, float], page: int = 0) -> Visible:
    """A stamp that is one filled blue rectangle: nothing of it needs a font."""
    width, height = box[2] - box[0], box[3] - box[1]
    ink = RawContent(
        f"q 0 0 0.8 rg 0 0 {width} {height} re f Q".encode(),
        box=BoxConstraints(width=width, height=height),
    )
    return Visible(StaticStampStyle(background=ink, border_width=0, background_opacity=1.0), page, box)

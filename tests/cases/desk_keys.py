"""Keys for the tests of the door: two devices at an official's desk, one at the clerk's, one key on the server."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import pem, x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from signing import demo_pki
from signing.mechanisms import HASHES, PrivateKey
from tests.cases import stamps
from tests.cases.office import certified_public
from tests.cases.papers import Paper
from tests.cases.sealing import a_world, certified

TABLE = """
default = "luu-tru"
[[key]]
name = "luu-tru"
role = "archive"
file = "{seal}"
passphrase_file = "{passphrase}"
[[key]]
name = "con-dau"
role = "seal"
unit = "Văn phòng Thành ủy Mẫu"
file = "{organisation}"
passphrase_file = "{passphrase}"
[[key]]
name = "ba-man"
role = "official"
holder = "{holder}"
certificate = "ba-man.pem"
image = "ky.png"
[[key]]
name = "ba-man-ec"
role = "official"
holder = "{holder}"
certificate = "ba-man-ec.pem"
[[key]]
name = "dau-tai-ban"
role = "seal"
certificate = "dau-tai-ban.pem"
[[key]]
name = "nguoi-khac"
role = "official"
holder = "somebody"
certificate = "nguoi-khac.pem"
"""


@dataclass(frozen=True)
class Device:
    """A token at a desk, played by the test: it shows its certificate and signs a hash, and knows nothing else."""

    key: PrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return pem.armor("CERTIFICATE", self.certificate.dump()).decode()

    def sign(self, digest: bytes, algorithm: str) -> bytes:
        hashing = Prehashed(HASHES[algorithm])
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(digest, ec.ECDSA(hashing))
        return self.key.sign(digest, padding.PKCS1v15(), hashing)


@dataclass(frozen=True)
class Desks:
    """The folder of keys, and the devices by the name of their key; `stranger` is in no table and no chain."""

    folder: Path
    devices: dict[str, Device]


def make_desks(keys: Path, folder: Path) -> Desks:
    """Copy a demo authority from `keys` into `folder` and give it a table with devices."""
    shutil.copytree(keys, folder)
    devices = fit_desks(folder, "official")
    elsewhere = a_world(folder.with_name("elsewhere"))
    devices["stranger"] = Device(*certified(elsewhere.folder, Paper().name))
    return Desks(folder, devices)


def fit_desks(folder: Path, holder: str) -> dict[str, Device]:
    """Give a demo authority a table with devices; those of „ba-man" are the account `holder`'s."""
    world = a_world(folder)
    curve = ec.generate_private_key(ec.SECP384R1())
    devices = {
        "ba-man": Device(*certified(folder, Paper().name)),
        "ba-man-ec": Device(curve, certified_public(world, Paper().name, curve.public_key())),
        "dau-tai-ban": Device(*certified(folder, "UBND tỉnh Thừa Hòa")),
        "nguoi-khac": Device(*certified(folder, "Lê Văn Cường")),
    }
    for name, device in devices.items():
        (folder / f"{name}.pem").write_text(device.pem)
    (folder / "ky.png").write_bytes(stamps.signature_png())
    words = {"seal": demo_pki.SEAL, "organisation": demo_pki.ORGANISATION, "passphrase": demo_pki.PASSPHRASE}
    table = TABLE.format(holder=holder, **words)
    (folder / "keys.toml").write_text(table, encoding="utf-8")
    return devices

"""A PKCS#11 token in software for the tests: SoftHSM."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11.util.rsa import encode_rsa_public_key

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "2746-quê"


def pem(certificate: asn1_x509.Certificate) -> bytes:
    """Return a certificate as a PEM file holds it."""
    return x509.load_der_x509_certificate(certificate.dump()).public_bytes(Encoding.PEM)


@dataclass(frozen=True)
class SoftToken:
    """All tokens of one folder; `SOFTHSM2_CONF` must name `settings` before the module is asked."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def pins(self) -> Path:
        return self.folder / "pin"

    def make(self, label: str, pin: str = PIN) -> str:
        """Make a token; return its serial number. The PIN goes into the file `pins`."""
        (self.folder / "tokens").mkdir(parents=True, exist_ok=True)
        self.settings.write_text(
            f"directories.tokendir = {self.folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        before = self._serials()
        self._tool("--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", pin)
        self.pins.write_text(f"{pin}\n")
        (serial,) = set(self._serials()) - set(before)
        pkcs11.lib(str(MODULE)).reinitialize()  # in this process it knows only the tokens of its start
        return serial

    def put_key(
        self, serial: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, key_id: str, pin: str = PIN
    ) -> None:
        """Bring a key onto the token under `key_id` (hexadecimal)."""
        path = self.folder / "coming.pem"
        path.touch(mode=0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._tool("--import", path, "--serial", serial, "--label", "k", "--id", key_id, "--pin", pin)
        path.unlink()

    def make_key(self, serial: str, key_id: str, pin: str = PIN, *, ask_each_time: bool) -> bytes:
        """Have the token make an RSA key; return its public part (DER)."""
        module = pkcs11.lib(str(MODULE))
        module.reinitialize()
        (token,) = [t for t in module.get_tokens() if t.serial.decode().strip() == serial]
        wish = {pkcs11.Attribute.ALWAYS_AUTHENTICATE: ask_each_time}
        with token.open(rw=True, user_pin=pin) as session:
            public, _ = session.generate_keypair(
                pkcs11.KeyType.RSA, 2048, id=bytes.fromhex(key_id), store=True, private_template=wish
            )
            return encode_rsa_public_key(public)

    def new_pin(self, serial: str, old: str, new: str) -> None:
        """Change the PIN on the token, not in the file."""
        module = pkcs11.lib(str(MODULE))
        module.reinitialize()
        (token,) = [t for t in module.get_tokens() if t.serial.decode().strip() == serial]
        with token.open(rw=True, user_pin=old) as session:
            session.set_pin(old, new)

    def pull_out(self) -> None:
        """What pulling the token out of the machine looks like: nothing of it is there any more."""
        (self.folder / "tokens").rename(self.folder / "pulled")
        (self.folder / "tokens").mkdir()

    def plug_in(self) -> None:
        """Put it back."""
        (self.folder / "tokens").rmdir()
        (self.folder / "pulled").rename(self.folder / "tokens")

    def _serials(self) -> list[str]:
        told = self._tool("--show-slots").splitlines()
        return [
            line.split(":")[1].strip()
            for line in told
            if "Serial number" in line and line.split(":")[1].strip()
        ]

    def _tool(self, *words: object) -> str:
        ran = subprocess.run(
            ["softhsm2-util", *map(str, words)],
            env={"SOFTHSM2_CONF": str(self.settings), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

"""The two kinds of keys that sign here, RSA and elliptic curves: how long a signature is and whether it holds."""

from asn1crypto import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_der_x509_certificate

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_CURVE_DIGESTS = {"secp384r1": "sha384", "secp521r1": "sha512"}


def is_curve(certificate: x509.Certificate) -> bool:
    """Return whether the key of a certificate is one of an elliptic curve."""
    return bool(certificate.public_key.algorithm == "ec")


def digest_for(certificate: x509.Certificate) -> str:
    """Return the hash that fits a certificate's key: as strong as its curve (FIPS 186-5 §6.1.1), else SHA-256."""
    if is_curve(certificate):
        curve = str(certificate.public_key["algorithm"]["parameters"].native)
        return _CURVE_DIGESTS.get(curve, "sha256")
    return "sha256"


def signature_room(certificate: x509.Certificate) -> int:
    """Return the most bytes that a signature of a certificate's key takes."""
    key = certificate.public_key
    if not is_curve(certificate):
        return int(key.byte_size)
    number = (int(key.bit_size) + 7) // 8 + 3  # header, sign octet and value of each of the two integers
    return 2 * number + (3 if 2 * number > 127 else 2)


def sign(key: PrivateKey, data: bytes, digest: str) -> bytes:
    """Return the signature of `data`: PKCS #1 v1.5 for RSA, the DER pair of X9.62 for a curve."""
    hashing = HASHES[digest.lower()]
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashing)
    return key.sign(data, ec.ECDSA(hashing))


def fits(certificate: x509.Certificate, signature: bytes, data: bytes, digest: str) -> bool:
    """Return whether `signature` over `data` was made by the key of `certificate`."""
    public = load_der_x509_certificate(certificate.dump()).public_key()
    hashing = HASHES[digest.lower()]
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, data, padding.PKCS1v15(), hashing)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, data, ec.ECDSA(hashing))
        else:
            return False
    except InvalidSignature:
        return False
    return True

"""Time stamps over heads, as the verifier sees them: honest ones hold, and nothing else does."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from records.clock import FixedClock
from signing.demo_pki import ROOTS, create_demo_pki
from signing.timestamps import DemoTimeStamps, demo_token, stamp_answer
from storage.audit_verify.heads import load_heads
from storage.audit_verify.stamps import check_stamp, load_roots

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NOTE = b"vanthu/audit/test\n1\nAAAA\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki") / "keys"
    create_demo_pki(folder, "Lưu trữ thử nghiệm", FixedClock(NOW))
    return folder


@pytest.fixture(scope="module")
def roots(keys: Path) -> list[x509.Certificate]:
    return load_roots([keys / ROOTS])


@pytest.fixture(scope="module")
def answer(keys: Path) -> bytes:
    return stamp_answer(DemoTimeStamps(keys, FixedClock(NOW)), NOTE)


def test_an_honest_stamp_holds_with_or_without_its_wrapping(
    answer: bytes, roots: list[x509.Certificate]
) -> None:
    assert check_stamp(answer, NOTE, roots) == NOW.isoformat()
    bare = tsp.TimeStampResp.load(answer)["time_stamp_token"].dump()
    assert check_stamp(bare, NOTE, roots) == NOW.isoformat()


def test_it_is_about_these_bytes_only(answer: bytes, roots: list[x509.Certificate]) -> None:
    with pytest.raises(ValueError, match="about other bytes"):
        check_stamp(answer, NOTE + b" ", roots)


def test_somebody_elses_root_does_not_vouch(answer: bytes, tmp_path: Path) -> None:
    create_demo_pki(tmp_path / "keys", "Lưu trữ thử nghiệm", FixedClock(NOW))
    with pytest.raises(ValueError, match="leads to none of the given roots"):
        check_stamp(answer, NOTE, load_roots([tmp_path / "keys" / ROOTS]))
    with pytest.raises(ValueError, match="leads to none of the given roots"):
        check_stamp(answer, NOTE, [])


def test_a_certificate_that_was_not_yet_or_no_longer_good(keys: Path, roots: list[x509.Certificate]) -> None:
    for moment in (NOW - timedelta(days=2), NOW + timedelta(days=365 * 11)):
        early = stamp_answer(DemoTimeStamps(keys, FixedClock(moment)), NOTE)
        with pytest.raises(ValueError, match="was not valid at"):
            check_stamp(early, NOTE, roots)


def test_no_byte_that_says_something_can_be_changed(answer: bytes, roots: list[x509.Certificate]) -> None:
    """Every change is either refused or leaves what was signed as it was."""
    dice = random.Random(3161)
    for _ in range(400):
        at = dice.randrange(len(answer))
        spoilt = answer[:at] + bytes([answer[at] ^ dice.randrange(1, 256)]) + answer[at + 1 :]
        try:
            assert check_stamp(spoilt, NOTE, roots) == NOW.isoformat()
        except ValueError:
            continue


def test_signed_parts_byte_by_byte(answer: bytes, roots: list[x509.Certificate]) -> None:
    token = tsp.TimeStampResp.load(answer)["time_stamp_token"]["content"]
    content = bytes(token["encap_content_info"]["content"])
    signer = token["signer_infos"][0]
    for part in (content, signer["signed_attrs"].contents, signer["signature"].contents):
        start = answer.index(part)
        for at in range(start, start + len(part), max(1, len(part) // 60)):
            spoilt = answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :]
            with pytest.raises(ValueError, match=r"."):
                check_stamp(spoilt, NOTE, roots)


@pytest.mark.parametrize("nonsense", [b"", b"x", b"\x30\x03\x02\x01\x00", b"\x30\x80", bytes(5000), NOTE])
def test_nonsense(nonsense: bytes, roots: list[x509.Certificate]) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_stamp(nonsense, NOTE, roots)


@pytest.mark.parametrize("cut", [1, 10, 100, 1000])
def test_a_stamp_cut_short(answer: bytes, roots: list[x509.Certificate], cut: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_stamp(answer[:-cut], NOTE, roots)


def _certificate(
    key: rsa.RSAPrivateKey,
    issuer: str,
    issuer_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    usage: bool,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TSA")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if usage:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
        )
    return builder.sign(issuer_key, hashes.SHA256())


def _root(name: str, key: rsa.RSAPrivateKey, *, ca: bool) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def pair() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    return tuple(rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))  # type: ignore[return-value]


def _stamp(certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> bytes:
    from asn1crypto import x509 as asn1

    digest = hashes.Hash(hashes.SHA256())
    digest.update(NOTE)
    imprint = tsp.MessageImprint(
        {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest.finalize()}
    )
    leaf = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    return demo_token(imprint, None, NOW, leaf, key).dump()


def test_only_a_certificate_for_time_stamps_from_a_real_authority(
    pair: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey],
) -> None:
    own, issuer = pair
    good, not_ca = _root("R", issuer, ca=True), _root("R", issuer, ca=False)
    stamp = _stamp(_certificate(own, "R", issuer, usage=True), own)
    assert check_stamp(stamp, NOTE, [good]) == NOW.isoformat()
    with pytest.raises(ValueError, match="leads to none"):
        check_stamp(stamp, NOTE, [not_ca])
    with pytest.raises(ValueError, match="not for time stamps"):
        check_stamp(_stamp(_certificate(own, "R", issuer, usage=False), own), NOTE, [good])
    with pytest.raises(ValueError, match="does not hold"):
        check_stamp(_stamp(_certificate(own, "R", issuer, usage=True), issuer), NOTE, [good])
    with pytest.raises(ValueError, match="leads to none"):
        check_stamp(_stamp(_certificate(own, "R", own, usage=True), own), NOTE, [good])


def test_another_certificate_for_the_same_key_cannot_be_put_in(
    pair: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey],
) -> None:
    own, issuer = pair
    first, other = (_certificate(own, "R", issuer, usage=True) for _ in range(2))
    stamp = cms.ContentInfo.load(_stamp(first, own))
    signed = stamp["content"]
    signed["certificates"] = [cms.CertificateChoices.load(other.public_bytes(Encoding.DER))]
    signed["signer_infos"][0]["sid"] = cms.SignerIdentifier(
        {
            "issuer_and_serial_number": {
                "issuer": signed["certificates"][0].chosen.issuer,
                "serial_number": other.serial_number,
            }
        }
    )
    with pytest.raises(ValueError, match="names another certificate"):
        check_stamp(stamp.dump(force=True), NOTE, [_root("R", issuer, ca=True)])


def test_stamps_beside_heads_are_looked_at(tmp_path: Path, keys: Path, answer: bytes) -> None:
    from storage.tree_notes import NoteSigner

    note = NoteSigner("vanthu/audit/test", bytes(32)).sign_head(1, bytes(32))
    (tmp_path / "1.note").write_text(note)
    (tmp_path / "1.tsr").write_bytes(answer)  # of another note
    known = load_roots([keys / ROOTS])
    assert load_heads([tmp_path], [], known).faults == ("1.tsr: the stamp is about other bytes",)
    unchecked = load_heads([tmp_path], [], [])
    assert (unchecked.faults, unchecked.unstamped, unchecked.unsigned) == ((), 1, 1)
    (tmp_path / "1.tsr").write_bytes(stamp_answer(DemoTimeStamps(keys, FixedClock(NOW)), note.encode()))
    assert load_heads([tmp_path], [], known).stamped == 1

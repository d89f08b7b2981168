import random

import pytest
from asn1crypto import cms, core, x509
from hypothesis import given
from hypothesis import strategies as st

from signing.byte_range import check_gap
from signing.container import Odd, check_der, read_container
from tests.cases.sealing import World, byte_ranges


@pytest.fixture(scope="module")
def token(world: World) -> bytes:
    digest = bytes(32)
    _, request = world.tsa.request_cms(digest, "sha256")
    answer = world.tsa.ask(request.dump())
    from asn1crypto import tsp

    return bytes(tsp.TimeStampResp.load(answer)["time_stamp_token"].dump())


def test_our_token_and_our_seal_read_cleanly(token: bytes, sealed) -> None:
    container = read_container(token, token=True)
    assert container.bound
    assert container.others == ()
    assert container.digest == "sha256"
    data = sealed.read_bytes()
    first, second = byte_ranges(data)[0][1:3]
    gap = check_gap(data, byte_ranges(data)[0], bytes.fromhex(data[first + 1 : second - 1].decode()))
    seal = read_container(gap.der, token=False)
    assert seal.bound
    assert seal.stamp is not None
    assert seal.stamp.tst is not None


@pytest.mark.parametrize(
    "der",
    [
        "",
        "0500",
        "0101ff",
        "010100",
        "020100",
        "02020080",
        "0202ff7f",
        "0a0105",
        "030100",
        "03020780",
        "06032a0304",
        "3003020101",
        "a003020101",
        "0482008011" + "00" * 0x7F + "00",
    ],
)
def test_strict_der_passes_or_is_named(der: str) -> None:
    data = bytes.fromhex(der)
    if der.startswith("04820080"):
        data = bytes.fromhex("048180") + bytes(0x80)
    check_der(data)


@pytest.mark.parametrize(
    ("der", "why"),
    [
        ("30", "header"),
        ("3080020101" + "0000", "length"),
        ("308103020101", "length"),
        ("30820003020101", "length"),
        ("3004020101", "longer"),
        ("0000", "tag"),
        ("1f8001" + "00", "tag"),
        ("2403040100", "constructed"),
        ("1003020101", "primitive"),
        ("0101aa", "boolean"),
        ("050100", "NULL"),
        ("0200", "integer"),
        ("02020001", "integer"),
        ("0202ffff", "integer"),
        ("0300", "bit"),
        ("030108", "bit"),
        ("03020701", "bit"),
        ("030101", "bit"),
        ("0600", "object identifier"),
        ("06012a80"[:4] + "aa", "object identifier"),
    ],
)
def test_loose_ber_is_refused(der: str, why: str) -> None:
    with pytest.raises(Odd, match="(?i)" + why):
        check_der(bytes.fromhex(der))


def test_deep_nesting_is_refused_without_exhausting_the_stack() -> None:
    data = b""
    for _ in range(60):
        data = b"\x30" + (bytes([len(data)]) if len(data) < 128 else b"\x81" + bytes([len(data)])) + data
    with pytest.raises(Odd, match="deep"):
        check_der(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for reader in (
        check_der,
        lambda d: read_container(d, token=True),
        lambda d: read_container(d, token=False),
    ):
        try:
            reader(data)
        except (Odd, ValueError, TypeError, KeyError):
            continue


def _changed(token: bytes, change) -> bytes:
    outer = cms.ContentInfo.load(token)
    change(outer["content"])
    return bytes(outer.dump(force=True))


def _version(data) -> None:
    data["version"] = "v4"


def _signer_version(data) -> None:
    data["signer_infos"][0]["version"] = "v3"


def _more_digests(data) -> None:
    data["digest_algorithms"].append({"algorithm": "sha512"})


def _other_digest(data) -> None:
    data["digest_algorithms"] = [{"algorithm": "sha512"}]


def _no_certificates(data) -> None:
    data["certificates"] = []


def _lists(data) -> None:
    data["crls"] = []


def _unsigned(data) -> None:
    data["signer_infos"][0]["unsigned_attrs"] = [
        {"type": "1.3.6.1.4.1.55555.1", "values": [core.OctetString(b"x")]}
    ]


def _two_signers(data) -> None:
    data["signer_infos"].append(data["signer_infos"][0].copy())


def _issuer_case(data) -> None:
    sid = data["signer_infos"][0]["sid"].chosen
    sid["issuer"] = x509.Name.build({"common_name": "demo root ca"})


def _digest_parameters(data) -> None:
    for algorithm in (data["digest_algorithms"][0], data["signer_infos"][0]["digest_algorithm"]):
        algorithm["parameters"] = core.OctetString(b"x")


@pytest.mark.parametrize(
    "change",
    [
        _version,
        _signer_version,
        _more_digests,
        _other_digest,
        _no_certificates,
        _lists,
        _unsigned,
        _two_signers,
        _issuer_case,
        _digest_parameters,
    ],
)
def test_every_unsigned_part_is_held_to_its_only_form(token: bytes, change) -> None:
    with pytest.raises((Odd, ValueError, TypeError)):
        read_container(_changed(token, change), token=True)


def test_a_stranger_certificate_under_the_signers_name_is_refused(token: bytes, world: World) -> None:
    """The signed attributes name the certificate by hash; another one of the same name and number must not pass."""
    outer = cms.ContentInfo.load(token)
    original = world.tsa.certificate.dump()
    forged = bytearray(original)
    forged[-1] ^= 1
    assert original in token
    with pytest.raises(Odd):
        read_container(outer.dump().replace(original, bytes(forged)), token=True)


def test_random_single_byte_changes_of_the_der_never_raise_anything_unexpected(token: bytes) -> None:
    rng = random.Random(3)
    for _ in range(400):
        at = rng.randrange(len(token))
        harmed = token[:at] + bytes([token[at] ^ (1 << rng.randrange(8))]) + token[at + 1 :]
        try:
            read_container(harmed, token=True)
        except (Odd, ValueError, TypeError, KeyError):
            continue

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from records.clock import FixedClock, SystemClock
from records.errors import ArchiveFault
from signing import demo_pki
from signing.demo_pki import create_demo_pki, is_complete
from signing.keys import load_demo_keys, load_p12
from tests.cases.sealing import ORGANISATION, World


def _content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_secrets_are_private_and_the_folder_too(world: World) -> None:
    for name in (demo_pki.ROOT, demo_pki.SEAL, demo_pki.TSA, demo_pki.PASSPHRASE):
        assert stat.S_IMODE((world.folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(world.folder.stat().st_mode) == 0o700
    passphrase = (world.folder / demo_pki.PASSPHRASE).read_bytes()
    assert len(passphrase) >= 40
    for name in (demo_pki.ROOT, demo_pki.SEAL, demo_pki.TSA):
        assert passphrase not in (world.folder / name).read_bytes()


def test_every_certificate_says_demo_and_fits_its_purpose(world: World) -> None:
    root, _ = load_p12(world.folder, demo_pki.ROOT)
    seal, _ = load_p12(world.folder, demo_pki.SEAL)
    tsa, _ = load_p12(world.folder, demo_pki.TSA)
    for certificate in (root, seal, tsa):
        name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        assert "DEMO" in str(name)
        assert certificate.public_key().key_size >= 2048  # type: ignore[union-attr]
        certificate.verify_directly_issued_by(root)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert (root.not_valid_after_utc - root.not_valid_before_utc) == timedelta(days=3650)
    assert ORGANISATION in str(seal.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
    usage = tsa.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_a_second_call_keeps_every_byte(world: World) -> None:
    before = _content(world.folder)
    create_demo_pki(world.folder, "Tên khác", SystemClock())
    assert _content(world.folder) == before


def test_an_empty_folder_and_leftovers_beside_it_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / ".keys.making-dead").mkdir()
    create_demo_pki(tmp_path / "keys", "Cơ quan", SystemClock())
    load_demo_keys(tmp_path / "keys").open_all()


@pytest.mark.parametrize("name", [demo_pki.SEAL, demo_pki.PASSPHRASE])
def test_a_half_made_folder_is_moved_aside_and_made_anew(tmp_path: Path, world: World, name: str) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    for path in world.folder.iterdir():
        if path.name != name:
            (folder / path.name).write_bytes(path.read_bytes())
    (folder / name).write_bytes(b"")
    create_demo_pki(folder, "Cơ quan", SystemClock())
    assert is_complete(folder)
    load_demo_keys(folder).open_all()
    aside = list(tmp_path.glob("keys.broken-*"))
    assert len(aside) == 1
    assert (aside[0] / demo_pki.ROOT).exists()


def test_two_makers_at_once_agree_on_one_set(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: create_demo_pki(folder, f"Cơ quan {n}", SystemClock()), range(2)))
    load_demo_keys(folder).open_all()
    assert [p.name for p in tmp_path.iterdir()] == ["keys"]


def test_a_long_vietnamese_name_is_cut_at_64_characters(tmp_path: Path) -> None:
    name = "Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân tỉnh Thừa Thiên Huế"
    create_demo_pki(tmp_path / "keys", f"  {name}\n", SystemClock())
    seal, _ = load_p12(tmp_path / "keys", demo_pki.SEAL)
    assert str(seal.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value) == name[:64]


def test_dates_come_from_the_clock_given(tmp_path: Path) -> None:
    create_demo_pki(tmp_path / "keys", "Cơ quan", FixedClock(datetime(2025, 7, 9, 1, 2, 3, 456, tzinfo=UTC)))
    seal, _ = load_p12(tmp_path / "keys", demo_pki.SEAL)
    assert seal.not_valid_before_utc == datetime(2025, 7, 9, 0, 2, 3, tzinfo=UTC)


def test_refusals_speak(tmp_path: Path) -> None:
    with pytest.raises(ArchiveFault) as nameless:
        create_demo_pki(tmp_path / "keys", " \n", SystemClock())
    assert nameless.value.code == "demo-pki"
    assert "tên cơ quan" in nameless.value.tell
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArchiveFault) as blocked:
        create_demo_pki(tmp_path / "file" / "keys", "Cơ quan", SystemClock())
    assert blocked.value.code == "demo-pki"


@pytest.mark.parametrize("harm", ["passphrase", "garbage", "absent"])
def test_unreadable_keys_are_refused_with_a_sentence(tmp_path: Path, world: World, harm: str) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    for path in world.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    if harm == "passphrase":
        (folder / demo_pki.PASSPHRASE).write_text("wrong")
    elif harm == "garbage":
        (folder / demo_pki.SEAL).write_bytes(os.urandom(300))
    else:
        (folder / demo_pki.SEAL).unlink()
    with pytest.raises(ArchiveFault) as fault:
        load_demo_keys(folder).open_all()
    assert fault.value.code == "keys-unreadable"
    assert "vanthu init" in fault.value.tell


def test_revocation_lists_are_kept_ten_minutes_and_never_come_from_the_future(world: World) -> None:
    source = world.ring.revocation
    assert source is not None
    start = datetime(2030, 1, 1, tzinfo=UTC)
    first = source.lists(start)
    assert source.lists(start + timedelta(minutes=9)) == first
    later = source.lists(start + timedelta(minutes=11))
    assert later != first
    earlier = source.lists(start + timedelta(minutes=2))[0]
    assert earlier["tbs_cert_list"]["this_update"].native <= start + timedelta(minutes=2)

"""The table of keys: read whole or not at all, and what is wrong is named."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from boot.papers import key_endings
from records.clock import FixedClock
from records.errors import ArchiveFault
from signing import demo_pki, keys
from signing.demo_pki import DEMO_OFFICIAL
from signing.key_table import TABLE, DeskKey, FileKey, KeyRole, RemoteKey, TokenKey, read_key_table
from signing.keys import load_keys
from signing.seal import LEVEL, SigningService
from tests.cases.sealing import World, a_pdf

FILE = '[[key]]\nname = "a"\nrole = "archive"\nfile = "a.p12"\npassphrase_file = "/run/secrets/a"\n'
TOKEN = (
    '[[key]]\nname = "b"\nrole = "seal"\nmodule = "/lib/x.so"\ntoken_label = "Con dấu"\nkey_id = "0a1B"\n'
    'pin_file = "pin"\ncertificate = "b.pem"\nunit = "Đảng ủy xã"\n'
)
REMOTE = (
    '[[key]]\nname = "c"\nrole = "seal"\ncsc_url = "https://ky.example/"\ncsc_credential = "v1"\n'
    'certificate = "c.pem"\npin_file = "pin"\n'
)
DESK = '[[key]]\nname = "d"\nrole = "official"\nholder = "a.b"\ncertificate = "d.pem"\n'


def written(folder: Path, text: str) -> Path:
    (folder / TABLE).write_text(text, encoding="utf-8")
    return folder


def test_no_table_is_no_fault(tmp_path: Path) -> None:
    assert read_key_table(tmp_path) is None


def test_a_file_and_a_token(tmp_path: Path) -> None:
    table = read_key_table(written(tmp_path, FILE + TOKEN))
    assert table is not None
    one, two = table.entries
    assert (table.default, one.name, one.role, one.source) == (
        "a",
        "a",
        KeyRole.ARCHIVE,
        FileKey(tmp_path / "a.p12", Path("/run/secrets/a")),
    )
    assert two.unit == "Đảng ủy xã"
    assert two.source == TokenKey(
        Path("/lib/x.so"), "Con dấu", "", b"\x0a\x1b", tmp_path / "pin", tmp_path / "b.pem"
    )


def test_a_key_at_a_service_and_a_key_at_a_desk(tmp_path: Path) -> None:
    table = read_key_table(written(tmp_path, FILE + REMOTE + DESK))
    assert table is not None
    _, remote, desk = (entry.source for entry in table.entries)
    assert remote == RemoteKey("https://ky.example", "v1", tmp_path / "c.pem", tmp_path / "pin", None)
    assert desk == DeskKey(tmp_path / "d.pem")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", r"at least one \[\[key\]\]"),
        ("key = 3", "at least one"),
        ("key = [1]", "at least one"),
        ("[[key]", "Expected|expected"),
        ("\x00", "Invalid|illegal|invalid"),
        ("colour = 1\n" + FILE, "unknown words: colour"),
        (FILE + FILE, "name used twice: a"),
        (FILE + FILE.replace('"a"', '"a2"'), "default must name one of the archive keys: a, a2"),
        (TOKEN, "there is none"),
        ('default = "b"\n' + FILE + TOKEN, "default must name"),
        (FILE.replace("role", "rôle"), "Expected"),
        (FILE.replace('"archive"', '"king"'), "role must be one of archive, official, seal"),
        (FILE.replace('"archive"', '"official"'), "missing: holder"),
        (FILE.replace('file = "a.p12"\n', "", 1), "missing: file"),
        (FILE.replace('"a.p12"', '" "'), r"\(a\): must be a text that is not empty: file"),
        (FILE.replace('"a.p12"', "5"), "must be a text"),
        (FILE + 'pin = "1234"\n', "unknown here: pin"),
        (FILE + TOKEN.replace("0a1B", "xyz"), "key_id must be hexadecimal"),
        (FILE + TOKEN.replace('token_label = "Con dấu"\n', ""), "token_label or token_serial"),
        (FILE + TOKEN.replace('certificate = "b.pem"\n', ""), "missing: certificate"),
        (FILE + TOKEN + 'file = "c.p12"\n', "unknown here: file"),
        (FILE + REMOTE.replace('csc_credential = "v1"\n', ""), "missing: csc_credential"),
        (FILE + REMOTE.replace('certificate = "c.pem"\n', ""), "missing: certificate"),
        (FILE + REMOTE + 'module = "/lib/x.so"\n', "unknown here: module"),
        (FILE + REMOTE.replace("https", "http"), "must be https"),
        (FILE + REMOTE.replace("https://", "https://me:pw@"), "must be https"),
        (FILE + DESK + 'file = "d.p12"\n', "unknown here: certificate"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ArchiveFault, match=why) as fault:
        read_key_table(written(tmp_path, text))
    assert fault.value.code == "keys-table"
    assert "keys.toml" in fault.value.tell


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_bytes(b"\xff\xfe[[key]]")
    with pytest.raises(ArchiveFault) as fault:
        read_key_table(tmp_path)
    assert fault.value.code == "keys-table"


def test_without_a_table_the_demo_authoritys_keys(world: World) -> None:
    ring = load_keys(world.folder)
    roles = {"archive": KeyRole.ARCHIVE, "demo-official": KeyRole.OFFICIAL, "demo-seal": KeyRole.SEAL}
    assert {name: key.role for name, key in ring.keys.items()} == roles
    assert ring.keys["demo-official"].holder == DEMO_OFFICIAL


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ring = load_keys(written(tmp_path, FILE))
    for ask in (ring.get, ring.open_all):
        with pytest.raises(ArchiveFault, match=r"a\.p12") as fault:
            ask()
        assert fault.value.code == "keys-unreadable"


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    ring = load_keys(written(tmp_path, TOKEN.replace('"seal"', '"archive"')))
    with pytest.raises(ArchiveFault, match=r"b\.pem") as fault:
        ring.open_all()
    assert fault.value.code == "keys-unreadable"


def test_the_broken_key_of_an_official_stops_nobody_else(world: World, tmp_path: Path) -> None:
    """Scans are sealed on, the key asked for is named, and what cannot be looked at opens no way to a seal."""
    shutil.copy(world.folder / demo_pki.SEAL, tmp_path / "a.p12")
    shutil.copy(world.folder / demo_pki.PASSPHRASE, tmp_path / "word")
    (tmp_path / "c.p12").write_bytes(b"0\x82broken")
    ours = FILE.replace("/run/secrets/a", str(tmp_path / "word"))
    theirs = (
        ours.replace('"a"', '"c"').replace("a.p12", "c.p12").replace('"archive"', '"official"\nholder = "c"')
    )
    ring = load_keys(written(tmp_path, 'default = "a"\n' + ours + theirs))
    asked = replace(ring, revocation=world.ring.revocation)
    service = SigningService(asked, world.tsa, world.clock, world.roots)
    assert service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "out.pdf").level == LEVEL
    assert list(ring.keys) == ["a", "c"]
    for ask in (
        lambda: ring.get("c"),
        lambda: ring.for_role(KeyRole.OFFICIAL),
        lambda: ring.role_of("0" * 64),
    ):
        with pytest.raises(ArchiveFault, match=r"c\.p12") as fault:
            ask()
        assert fault.value.code == "keys-unreadable"
    assert [one.key for one in key_endings(tmp_path, FixedClock(ring.get().good_until))] == ["a"]


def test_a_file_that_stays_the_same_is_opened_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    load = pkcs12.load_key_and_certificates
    monkeypatch.setattr(pkcs12, "load_key_and_certificates", lambda *a: opened.append(a) or load(*a))
    keys._parsed.cache_clear()
    for _ in range(3):
        load_keys(world.folder).open_all()
    assert len(opened) == 4  # the root and three keys


def test_a_file_that_changed_is_opened_again(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    shutil.copytree(world.folder, folder)
    load_keys(folder).open_all()
    (folder / demo_pki.OFFICIAL).write_bytes(b"")
    with pytest.raises(ArchiveFault, match=demo_pki.OFFICIAL):
        load_keys(folder).open_all()

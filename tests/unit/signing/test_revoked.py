"""A certificate is revoked later: what was proven before stays good, what rests on a stolen key alone does not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from records.errors import ArchiveFault
from signing.keys import DemoRevocation
from signing.provable import ISSUER, SIGNER, TSA, provable_until
from signing.renew import Renewer
from signing.revoked import Effect, Revocation, effect_of, read_revocations
from tests.cases.database import TurnedClock
from tests.cases.epochs import AllLists, Authority, an_epoch, ec_key
from tests.cases.sealing import a_pdf, at_home

R = datetime(2030, 1, 1, tzinfo=UTC)
BEFORE, AFTER = R - timedelta(days=1), R + timedelta(days=1)


@pytest.mark.parametrize(
    ("role", "reason", "used", "covered", "effect"),
    [
        (SIGNER, "key_compromise", BEFORE, None, Effect.GOOD),
        (SIGNER, "", BEFORE, BEFORE, Effect.GOOD),
        (SIGNER, "superseded", AFTER, None, Effect.LOST),
        (SIGNER, "", R, None, Effect.LOST),
        (SIGNER, "", None, None, Effect.LOST),
        (TSA, "superseded", BEFORE, None, Effect.GOOD),
        (TSA, "cessation_of_operation", AFTER, None, Effect.LOST),
        (TSA, "", BEFORE, None, Effect.LOST),
        (TSA, "key_compromise", BEFORE, None, Effect.LOST),
        (TSA, "key_compromise", BEFORE, BEFORE, Effect.GOOD),
        (TSA, "key_compromise", BEFORE, AFTER, Effect.LOST),
        (ISSUER, "ca_compromise", BEFORE, None, Effect.LOST),
        (ISSUER, "ca_compromise", BEFORE, BEFORE, Effect.GOOD),
        (ISSUER, "superseded", BEFORE, None, Effect.GOOD),
    ],
)
def test_effects(
    role: str, reason: str, used: datetime | None, covered: datetime | None, effect: Effect
) -> None:
    assert effect_of(Revocation("a", "", R, reason), role, used, covered) is effect


def test_a_stolen_tsa_key_is_survived_by_a_renewal_of_another_authority(tmp_path: Path) -> None:
    clock = TurnedClock()
    home = at_home(tmp_path / "keys", clock)
    home.service.seal(a_pdf(tmp_path / "in.pdf"), tmp_path / "v1.pdf")
    clock.turn(days=900)
    home_again = Renewer(home.tsa, clock, tuple(home.roots), home.ring.revocation)
    home_again.renew(tmp_path / "v1.pdf", tmp_path / "v2.pdf")
    stolen = Revocation(f"{home.tsa.certificate.serial_number:x}", "", clock.now() + timedelta(days=400), "")

    def effects(path: Path, roots: list[Path]) -> set[Effect]:
        uses = [c for c in provable_until(path, roots).certificates if c.serial == stolen.serial]
        assert uses
        return {effect_of(stolen, c.role, c.used_at, c.covered_at) for c in uses}

    assert effects(tmp_path / "v2.pdf", home.roots) == {Effect.LOST}, "its own later stamp is no witness"
    clock.turn(days=100)
    authority, tsa, root = an_epoch("khác", ec_key(), "sha384", clock.now(), 12, clock, tmp_path)
    trust = (*home.roots, root)
    Renewer(tsa, clock, trust, AllLists([authority], home.ring.revocation)).renew(
        tmp_path / "v2.pdf", tmp_path / "v3.pdf"
    )
    assert effects(tmp_path / "v3.pdf", list(trust)) == {Effect.GOOD}


def test_a_list_counts_when_a_root_signed_it(tmp_path: Path) -> None:
    now = datetime(2027, 1, 1, tzinfo=UTC)
    authority = Authority("gốc", ec_key(), "sha384", now, 10, {0xABC: now})
    (tmp_path / "root.pem").write_bytes(authority.pem())
    (tmp_path / "list.crl").write_bytes(authority.lists(now)[0].dump())
    (found,) = read_revocations(tmp_path / "list.crl", [tmp_path / "root.pem"])
    assert (found.serial, found.revoked_at, found.reason) == ("abc", now, "")
    assert "DEMO Root" in found.issuer
    other = Authority("gốc", ec_key(), "sha384", now, 10)  # the same name, another key
    (tmp_path / "other.pem").write_bytes(other.root.public_bytes(Encoding.PEM))
    with pytest.raises(ArchiveFault) as fault:
        read_revocations(tmp_path / "list.crl", [tmp_path / "other.pem"])
    assert fault.value.code == "crl-not-trusted"
    (tmp_path / "list.crl").write_bytes(b"nothing")
    with pytest.raises(ArchiveFault) as fault:
        read_revocations(tmp_path / "list.crl", [tmp_path / "root.pem"])
    assert fault.value.code == "crl-unreadable"


def test_the_demo_lists_can_be_read(tmp_path: Path) -> None:
    home = at_home(tmp_path / "keys", TurnedClock())
    assert isinstance(home.ring.revocation, DemoRevocation)
    made = home.ring.revocation.issue(home.clock.now(), {77: home.clock.now()})
    (tmp_path / "demo.crl").write_bytes(made)
    assert [one.serial for one in read_revocations(tmp_path / "demo.crl", home.roots)] == ["4d"]

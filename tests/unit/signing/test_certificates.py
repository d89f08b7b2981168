from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from records.errors import ArchiveFault
from signing.certificates import demand_usable, expiry_watch
from signing.fetching import Door
from signing.keys import SealKey
from signing.revocation import RevocationWindow
from signing.trust import Evidence, check_chain, load_trust
from tests.cases.sealing import World, certified


@pytest.mark.parametrize(
    ("days", "step"), [(61, None), (60, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, 0)]
)
def test_keys_that_end_soon_are_named_once_with_their_step(world: World, days: int, step: int | None) -> None:
    key = world.ring.get()
    found = expiry_watch([key], key.good_until - timedelta(days=days))
    assert [one.step for one in found] == ([] if step is None else [step])
    if found:
        assert (found[0].key, found[0].days, found[0].ends) == ("archive", days, key.good_until)


def test_the_most_urgent_first(world: World) -> None:
    key = world.ring.get()
    _, other = certified(world.folder, "Đơn vị khác")
    later = SealKey("khac", key.signer, other, "")
    now = max(key.good_until, later.good_until) - timedelta(days=1)
    found = expiry_watch([later, key], now)
    assert [one.ends for one in found] == sorted(one.ends for one in found)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("days", "code"), [(-1, "certificate-not-yet-valid"), (5 * 365 + 1, "certificate-expired")]
)
def test_outside_its_life(world: World, days: int, code: str) -> None:
    certificate = world.ring.get().certificate
    with pytest.raises(ArchiveFault) as fault:
        demand_usable(certificate, [], certificate.not_valid_before + timedelta(days=days))
    assert fault.value.code == code
    assert "DEMO" in fault.value.tell


def test_weak_and_meant_for_something_else(world: World) -> None:
    _, weak = certified(world.folder, "Khóa ngắn", 1024)
    with pytest.raises(ArchiveFault) as fault:
        demand_usable(weak, [], datetime.now(UTC))
    assert (fault.value.code, "RSA 1024" in fault.value.tell) == ("certificate-weak", True)
    with pytest.raises(ArchiveFault) as fault:
        demand_usable(load_trust(world.roots).roots[0], [], datetime.now(UTC))
    assert fault.value.code == "certificate-key-usage"


def a_demo_window(world: World) -> RevocationWindow:
    assert world.ring.revocation is not None
    return RevocationWindow(load_trust(world.roots), Door(()), own_lists=world.ring.revocation.lists)


def test_the_demo_authority_needs_no_network(world: World) -> None:
    now, window = world.clock.now(), a_demo_window(world)
    key = world.ring.get()
    evidence = window.check_usable(key.certificate, key.chain, now)
    evidence = evidence | window.evidence([world.tsa.certificate], [], now)
    assert (len(evidence.lists), len(evidence.answers), len(evidence.certificates)) == (1, 0, 2)
    assert check_chain(key.certificate, [], load_trust(world.roots), evidence, now).finding is None


def test_without_lists_the_demo_authority_is_not_good_by_silence(world: World) -> None:
    window = RevocationWindow(load_trust(world.roots), Door(()))
    with pytest.raises(ArchiveFault) as fault:
        window.evidence([world.ring.get().certificate], [], world.clock.now())
    assert fault.value.code == "revocation-away"


def test_revoked_by_the_demo_authority(world: World, tmp_path: Path) -> None:
    now, revocation = world.clock.now(), world.ring.revocation
    assert revocation is not None
    certificate = world.ring.get().certificate
    from asn1crypto import crl

    told = crl.CertificateList.load(
        revocation.issue(now.replace(microsecond=0), {certificate.serial_number: now - timedelta(hours=2)})
    )
    window = RevocationWindow(load_trust(world.roots), Door(()), own_lists=lambda _: (told,))
    with pytest.raises(ArchiveFault) as fault:
        window.evidence([certificate], [], now)
    assert fault.value.code == "certificate-revoked"
    assert "không nêu" in fault.value.tell


def test_a_bug_reaches_everybody_who_waits(world: World) -> None:
    def broken(_: datetime) -> tuple[()]:
        raise ZeroDivisionError

    window = RevocationWindow(load_trust(world.roots), Door(()), own_lists=broken)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            window.evidence([world.ring.get().certificate], [], world.clock.now())


def test_evidence_is_joined_once(world: World) -> None:
    certificate = world.ring.get().certificate
    one = Evidence(certificates=(certificate,))
    assert (one | one | Evidence()).certificates == (certificate,)

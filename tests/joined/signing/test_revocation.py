"""Evidence on chains from a whole authority on loopback, whose every service can fail in every way."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from records.errors import ArchiveFault, Away
from signing.fetching import Door, apart, places_of
from signing.revocation import RevocationWindow
from signing.trust import check_chain, load_trust
from tests.tools.pki_server import PkiServer

pytestmark = pytest.mark.joined


def a_window(pki: PkiServer, whole: float = 5.0, **more) -> RevocationWindow:
    door = Door(places_of([f"{pki.url}/pki/"]), connect=2, whole=whole)
    return RevocationWindow(load_trust([pki.roots]), door, **more)


def now() -> datetime:
    return datetime.now(UTC)


def refusal(window: RevocationWindow, pki: PkiServer, label: str, at: datetime | None = None) -> ArchiveFault:
    with pytest.raises(ArchiveFault) as fault:
        window.check_usable(pki.certificate(label), [pki.certificate("ca")], at or now())
    assert len(fault.value.tell) > 30
    return fault.value


@pytest.mark.parametrize("label", ["official", "unit", "archive", "ec", "ending"])
def test_ocsp_proves_the_whole_chain(pki: PkiServer, label: str) -> None:
    evidence = a_window(pki).check_usable(pki.certificate(label), [pki.certificate("ca")], now())
    assert (len(evidence.answers), evidence.lists) == (2, ())
    assert {c.dump() for c in evidence.certificates} == {
        pki.certificate("ca").dump(),
        pki.certificate(label).dump(),
    }
    assert (pki.calls("ocsp"), pki.calls("crls")) == (2, 0)


def test_a_missing_certificate_between_is_fetched(pki: PkiServer) -> None:
    evidence = a_window(pki).evidence([pki.certificate("official")], [], now())
    assert pki.certificate("ca").dump() in {c.dump() for c in evidence.certificates}
    assert pki.calls("certs") == 1


def test_evidence_is_enough_for_a_stranger_without_network(pki: PkiServer) -> None:
    at = now()
    evidence = a_window(pki).evidence([pki.certificate("official"), pki.certificate("tsa")], [], at)
    pki.forget()
    for label in ("official", "tsa"):
        chain = check_chain(pki.certificate(label), [], load_trust([pki.roots]), evidence, at)
        assert chain.finding is None
        assert len(chain.path) == 3
    assert pki.calls("pki") == 0


@pytest.mark.parametrize("manner", ["down", "slow", "stale", "garbage", "stranger", "large"])
def test_lists_serve_where_ocsp_fails(pki: PkiServer, manner: str) -> None:
    pki.manners.ocsp = manner
    evidence = a_window(pki, whole=1.0).evidence(
        [pki.certificate("official")], [pki.certificate("ca")], now()
    )
    assert (len(evidence.lists), evidence.answers) == (2, ())


def test_a_certificate_that_names_lists_only(pki: PkiServer) -> None:
    evidence = a_window(pki).evidence([pki.certificate("crl-only")], [pki.certificate("ca")], now())
    assert (len(evidence.lists), len(evidence.answers)) == (1, 1)


@pytest.mark.parametrize("lists", ["down", "slow", "stale", "garbage", "large", "elsewhere"])
@pytest.mark.parametrize("ocsp", ["down", "stale", "garbage", "stranger"])
def test_nobody_who_can_say_is_never_good(pki: PkiServer, ocsp: str, lists: str) -> None:
    pki.manners.ocsp, pki.manners.crl = ocsp, lists
    window = a_window(pki, whole=1.0, again=timedelta(0))
    fault = refusal(window, pki, "official")
    assert isinstance(fault, Away)
    assert fault.code == "revocation-away"
    assert "thử lại" in fault.tell
    pki.behave()
    assert window.check_usable(pki.certificate("official"), [pki.certificate("ca")], now()).answers


@pytest.mark.parametrize("ocsp", ["good", "down"])
def test_revoked_with_time_and_reason(pki: PkiServer, ocsp: str) -> None:
    pki.manners.ocsp = ocsp
    fault = refusal(a_window(pki), pki, "revoked")
    assert fault.code == "certificate-revoked"
    assert not isinstance(fault, Away)
    day = (now() - timedelta(days=100)).strftime("%Y-%m")
    assert day[:4] in fault.tell and "lộ khóa" in fault.tell and "+07:00" in fault.tell


def test_ocsp_that_says_revoked_is_believed(pki: PkiServer) -> None:
    pki.manners.ocsp = "revoked"
    assert refusal(a_window(pki), pki, "official").code == "certificate-revoked"


def test_unknown_is_refused_though_the_list_does_not_name_it(pki: PkiServer) -> None:
    pki.manners.ocsp = "unknown"
    assert refusal(a_window(pki), pki, "official").code == "certificate-unknown"
    pki.manners.crl = "down"
    assert refusal(a_window(pki), pki, "official").code == "certificate-unknown"


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("expired", "certificate-expired"),
        ("early", "certificate-not-yet-valid"),
        ("weak", "certificate-weak"),
        ("server", "certificate-key-usage"),
        ("other-root", "certificate-key-usage"),
        ("other-tsa", "certificate-key-usage"),
    ],
)
def test_certificates_that_may_not_sign(pki: PkiServer, label: str, code: str) -> None:
    assert refusal(a_window(pki), pki, label).code == code


def test_one_gathering_for_many_who_ask_at_once(pki: PkiServer) -> None:
    window, at = a_window(pki), now()
    found = []

    def ask() -> None:
        found.append(window.evidence([pki.certificate("official")], [pki.certificate("ca")], at))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert all(one.answers == found[0].answers for one in found)
    assert pki.calls("ocsp") == 2


def test_many_who_wait_for_a_dead_responder_get_one_fault(pki: PkiServer) -> None:
    pki.manners.ocsp = pki.manners.crl = "slow"
    window, at, faults = a_window(pki, whole=1.0), now(), []

    def ask() -> None:
        faults.append(refusal(window, pki, "official", at).code)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == ["revocation-away"] * 8
    assert pki.calls("ocsp") + pki.calls("crls") <= 4
    pki.behave()
    assert refusal(window, pki, "official", at + timedelta(seconds=10)).code == "revocation-away"
    assert pki.calls("pki") == 0
    assert window.evidence(
        [pki.certificate("official")], [pki.certificate("ca")], now() + timedelta(seconds=20)
    )


def test_a_window_ends_and_never_outlives_the_next_update(pki: PkiServer) -> None:
    leaf, between, at = pki.certificate("official"), [pki.certificate("ca")], now()
    window = a_window(pki, window=timedelta(minutes=2))
    long_ago = -20 * 3600  # before the authority of this run made its first list
    for seconds, calls in ((0, 2), (119, 2), (121, 4), (62, 4), (long_ago, 4)):
        try:
            window.evidence([leaf], between, at + timedelta(seconds=seconds))
        except Away:  # answers made after the moment that is asked about prove nothing
            assert seconds == long_ago
            continue
        assert pki.calls("ocsp") == calls, seconds
    pki.behave()
    window = a_window(pki, window=timedelta(days=30))
    window.evidence([leaf], between, at)
    window.evidence([leaf], between, at + timedelta(minutes=9))
    assert pki.calls("ocsp") == 2
    with pytest.raises(Away):  # ten minutes is the next update of these answers
        pki.manners.ocsp, pki.manners.crl = "down", "down"
        window.evidence([leaf], between, at + timedelta(minutes=11))


def test_addresses_that_are_not_listed_are_not_asked(pki: PkiServer) -> None:
    door = Door(places_of(["http://127.0.0.1:9/pki/", f"{pki.url}/elsewhere/"]), whole=2)
    fault = refusal(RevocationWindow(load_trust([pki.roots]), door), pki, "official")
    assert fault.code == "revocation-away"
    assert pki.calls("pki") == 0


def test_inside_a_running_event_loop(pki: PkiServer) -> None:
    async def work() -> int:
        found = a_window(pki).evidence([pki.certificate("official")], [pki.certificate("ca")], now())
        return len(found.answers)

    assert apart(work) == 2

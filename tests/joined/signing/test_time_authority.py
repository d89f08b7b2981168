"""A time-stamp authority that fails and lies in every way: no seal gets a time that is not proven."""

import hashlib
import logging
import random
import threading
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import tsp

from records.clock import Clock, FixedClock, SystemClock
from records.errors import Away
from signing.options import SigningOptions
from signing.time_tokens import Asked, Untrue, read_token
from signing.timestamps import HttpTimeStamps, stamp_answer
from signing.trust import Trust, load_trust
from tests.tools.pki_server import TSA_POLICY, PkiServer

pytestmark = pytest.mark.joined


def a_client(pki: PkiServer, clock: Clock | None = None, timeout: float = 10, **more) -> HttpTimeStamps:
    trust = more.pop("trust", None) or load_trust([pki.roots])
    return HttpTimeStamps(pki.tsa_url, clock or SystemClock(), timeout, 0.01, trust=trust, **more)


def refusal(client: HttpTimeStamps) -> Away:
    with pytest.raises(Away) as fault:
        stamp_answer(client, b"Quyet dinh")
    return fault.value


@pytest.mark.parametrize("policies", [(), (TSA_POLICY,), (TSA_POLICY, "1.2.3.4")])
def test_a_true_answer(pki: PkiServer, policies: tuple[str, ...]) -> None:
    assert stamp_answer(a_client(pki, policies=policies), b"Quyet dinh")


@pytest.mark.parametrize(
    ("manner", "code", "told", "calls"),
    [
        ("down", "time-stamp-away", "status 503", 3),
        ("garbage", "time-stamp-away", "unreadable", 1),
        ("large", "time-stamp-away", "larger than", 3),
        ("refused", "time-stamp-away", "rejection: unaccepted_policy; quota", 1),
        ("imprint", "time-stamp-away", "imprint", 1),
        ("nonce", "time-stamp-away", "nonce", 1),
        ("purpose", "time-stamp-away", "certificate", 1),
        ("stranger", "time-stamp-away", "certificate", 1),
        ("forged", "time-stamp-away", "does not hold", 1),
        ("days-off", "clock-skew", "differ by", 1),
    ],
)
def test_what_trouble_leads_to_and_that_it_passes(
    pki: PkiServer, manner: str, code: str, told: str, calls: int
) -> None:
    pki.manners.tsa = manner
    client = a_client(pki)
    fault = refusal(client)
    assert (fault.code, told in str(fault)) == (code, True), str(fault)
    assert pki.calls("tsa") == 2 * calls  # the word stands twice in the path
    pki.behave()
    assert stamp_answer(client, b"Quyet dinh")


@pytest.mark.parametrize("manner", ["slow", "drip"])
def test_an_answer_after_the_limit_is_no_answer(pki: PkiServer, manner: str) -> None:
    pki.manners.tsa, pki.manners.seconds = manner, 30.0
    assert "within 1 s" in str(refusal(a_client(pki, timeout=1)))


@pytest.mark.parametrize("manner", ["slow", "drip"])
def test_a_slow_answer_within_the_limit_is_taken(pki: PkiServer, manner: str) -> None:
    pki.manners.tsa, pki.manners.seconds = manner, 1.0
    assert stamp_answer(a_client(pki, timeout=20), b"Quyet dinh")


def test_the_limit_that_is_set_leaves_room_for_the_slowest_authority_seen(pki: PkiServer) -> None:
    slowest_seen = 131
    assert SigningOptions(pki.folder).tsa_timeout > slowest_seen + 30


def test_a_policy_that_is_not_ours(pki: PkiServer) -> None:
    assert "policy" in str(refusal(a_client(pki, policies=["1.2.3.4"])))


def test_no_roots_no_trust(pki: PkiServer) -> None:
    assert "no root" in str(refusal(a_client(pki, trust=Trust((), ()))))


@pytest.mark.parametrize("days", [2, -2])
def test_our_clock_two_days_off(pki: PkiServer, days: int) -> None:
    fault = refusal(a_client(pki, FixedClock(datetime.now(UTC) + timedelta(days=days))))
    assert fault.code == "clock-skew"
    assert "đồng hồ" in fault.tell


def test_skew_is_told_once_a_change(pki: PkiServer, caplog: pytest.LogCaptureFixture) -> None:
    class Turned:
        by = timedelta(0)

        def now(self) -> datetime:
            return datetime.now(UTC) + self.by

    clock = Turned()
    client = a_client(pki, clock)
    with caplog.at_level(logging.WARNING, "signing.timestamps"):
        for seconds in (0, 0, 20, 20, 20, 0, 0):
            clock.by = timedelta(seconds=seconds)
            stamp_answer(client, b"Quyet dinh")
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "differ" in told[0] and "agree again" in told[1]


def test_four_at_once_and_no_more(pki: PkiServer) -> None:
    most, lock, running = 0, threading.Lock(), 0
    client = a_client(pki, timeout=60)
    tries = client._tries

    async def counted(request: bytes) -> bytes:
        nonlocal most, running
        with lock:
            running += 1
            most = max(most, running)
        try:
            return await tries(request)
        finally:
            with lock:
                running -= 1

    client._tries = counted  # type: ignore[method-assign]
    pki.manners.tsa, pki.manners.seconds = "slow", 0.3
    threads = [threading.Thread(target=stamp_answer, args=(client, bytes([n]))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 4
    assert pki.calls("tsa") == 24


def test_mutated_answers_are_faults_and_never_crashes(pki: PkiServer) -> None:
    client, chance = a_client(pki), random.Random(20250709)
    digest = hashlib.sha256(b"Quyet dinh").digest()
    nonce, request = client.request_cms(digest, "sha256")
    answer = client.ask(request.dump())
    signed = tsp.TimeStampResp.load(answer)["time_stamp_token"]["content"]["encap_content_info"]["content"]
    accepted = 0
    for _ in range(1500):
        spoilt = bytearray(answer)
        for _ in range(chance.choice((1, 1, 2, 8))):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        coroutine = read_token(bytes(spoilt), Asked(digest, "sha256", nonce), client.rules)
        try:
            coroutine.send(None)
        except StopIteration as done:
            accepted += 1
            token = done.value[0]["content"]["encap_content_info"]["content"]
            assert bytes(token) == bytes(signed)
        except Untrue:
            pass
    # what still passes lies outside what is signed (other certificates, framing): it vouches for the same time
    assert accepted < 60, accepted

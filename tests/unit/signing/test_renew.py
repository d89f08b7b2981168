"""Renewal over decades: time stamps of other authorities and algorithms in time, or a reason with a date."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from records.errors import ArchiveFault, Away
from signing.algorithms import AGREED, Algorithms, Term, Use, end_of
from signing.provable import AHEAD, LONGEST, NotProvable, provable_until
from signing.renew import NotRenewable, RenewalUseless, Renewer
from signing.seal import SigningService
from signing.verdict import Answer, Verdict
from signing.verify import verify_pdf
from tests.cases import sealing
from tests.cases.database import TurnedClock
from tests.cases.epochs import AllLists, an_epoch, ec_key, rsa_key
from tests.cases.sealing import World, a_pdf, at_home

FORETOLD = Algorithms(
    (
        *(t for t in AGREED.terms if t.name not in ("sha256", "rsa")),
        Term("sha256", 0, end_of(2034), "test: SHA-256 is retired"),
        Term("rsa", 2048, end_of(2030), "test"),
        Term("rsa", 3000, end_of(2034), "test"),
        Term("rsa", 4000, end_of(2042), "test"),
    )
)
"""A future in which what we seal with today is retired one by one."""


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def home(tmp_path: Path, clock: TurnedClock) -> World:
    return at_home(tmp_path / "keys", clock)


def years(count: float) -> timedelta:
    return timedelta(days=365.25 * count)


def renewer(home: World, clock: TurnedClock, **more) -> Renewer:
    made = Renewer(home.tsa, clock, tuple(home.roots), home.ring.revocation)
    return replace(made, **more)


@pytest.fixture
def file(home: World, tmp_path: Path) -> Path:
    home.service.seal(a_pdf(tmp_path / "in.pdf", pages=2), tmp_path / "v1.pdf")
    return tmp_path / "v1.pdf"


def test_provable_until_is_the_end_of_the_last_stamps_certificate(
    home: World, file: Path, clock: TurnedClock
) -> None:
    told = provable_until(file, home.roots)
    end = home.tsa.certificate.not_valid_after
    assert (told.until, told.certificate_until, told.why) == (end, end, "chứng thư của dấu thời gian hết hạn")
    assert (told.last_time_stamp, told.algorithm, told.algorithm_until) == (
        clock.now(), "RSA 3072, SHA-256", None,
    )  # fmt: skip
    assert told.due_at == clock.now() + LONGEST
    roles = [(one.role, one.used_at, one.covered_at) for one in told.certificates]
    at = clock.now()
    # the document time stamp is of the very authority that stamped the signature, so it does not speak for it
    assert roles == [("tsa", at, None), ("signer", at, at), ("tsa", at, None)]
    assert told.certificates[1].serial == f"{home.ring.get().certificate.serial_number:x}"


def test_an_algorithm_that_ends_earlier_counts(home: World, file: Path) -> None:
    told = provable_until(file, home.roots, FORETOLD)
    assert (told.until, told.algorithm_until) == (end_of(2034), end_of(2034))
    assert told.why in ("RSA 3072 hết được chấp nhận", "SHA-256 hết được chấp nhận")
    soon = Algorithms((*FORETOLD.terms[:-2], Term("rsa", 3000, end_of(2027), "test")))
    assert provable_until(file, home.roots, soon).due_at == end_of(2027) - AHEAD


def test_nothing_is_provable_without_a_signature(home: World, tmp_path: Path, file: Path) -> None:
    with pytest.raises(NotProvable):
        provable_until(a_pdf(tmp_path / "plain.pdf"), home.roots)
    (tmp_path / "cut.pdf").write_bytes(file.read_bytes()[:-900])
    with pytest.raises(NotProvable):
        provable_until(tmp_path / "cut.pdf", home.roots)


def test_a_renewed_file_is_valid_longer_and_holds_the_old_one_unchanged(
    home: World, file: Path, clock: TurnedClock, tmp_path: Path
) -> None:
    old = file.read_bytes()
    clock.turn(days=1000)
    authority, tsa, root = an_epoch("hai", ec_key(), "sha384", clock.now(), 10, clock, tmp_path)
    made = renewer(
        home,
        clock,
        tsa=tsa,
        trust=(*home.roots, root),
        revocation=AllLists([authority], home.ring.revocation),
    ).renew(file, tmp_path / "v2.pdf")
    new = (tmp_path / "v2.pdf").read_bytes()
    assert new.startswith(old)
    assert file.read_bytes() == old
    verdict = verify_pdf(tmp_path / "v2.pdf", [*home.roots, root], at=clock.now())
    assert (verdict.verdict, verdict.level, verdict.sha256) == (
        Answer.VALID, "PAdES-BASELINE-LTA", made.sha256,
    )  # fmt: skip
    assert [s.kind for s in verdict.signatures] == ["signature", *["document-time-stamp"] * 2]
    assert (made.stamped_at, made.sealed_at) == (clock.now(), clock.now() - timedelta(days=1000))
    assert made.provable.until == tsa.certificate.not_valid_after
    assert made.provable.until > made.before.until
    assert made.provable.time_stamps == 2
    assert sorted(p.name for p in tmp_path.glob(".*.part")) == []


@pytest.mark.parametrize(
    "harm", [sealing.append_page, sealing.more_store, lambda d: d + b"\n", lambda d: d[:-900]]
)
def test_a_file_that_is_not_valid_is_never_renewed(
    home: World, file: Path, clock: TurnedClock, tmp_path: Path, harm
) -> None:
    (tmp_path / "harmed.pdf").write_bytes(harm(file.read_bytes()))
    with pytest.raises(NotRenewable) as fault:
        renewer(home, clock).renew(tmp_path / "harmed.pdf", tmp_path / "out.pdf")
    assert fault.value.code == "renewal-not-valid"
    assert "không được gia hạn" in fault.value.tell
    assert not (tmp_path / "out.pdf").exists()


def test_a_new_stamp_that_would_be_due_at_once_is_refused(
    home: World, file: Path, clock: TurnedClock, tmp_path: Path
) -> None:
    clock.turn(days=3600)
    with pytest.raises(RenewalUseless) as fault:  # the very certificate that is about to end
        renewer(home, clock).renew(file, tmp_path / "out.pdf")
    assert "VANTHU_TSA_URL" in fault.value.tell
    assert not (tmp_path / "out.pdf").exists()


def test_a_new_stamp_that_ends_earlier_is_refused(
    home: World, file: Path, clock: TurnedClock, tmp_path: Path
) -> None:
    authority, tsa, root = an_epoch("kém", ec_key(), "sha384", clock.now(), 4, clock, tmp_path)
    made = renewer(
        home,
        clock,
        tsa=tsa,
        trust=(*home.roots, root),
        revocation=AllLists([authority], home.ring.revocation),
    )
    with pytest.raises(RenewalUseless):
        made.renew(file, tmp_path / "out.pdf")


def test_three_years_on_the_same_authority_will_do(
    home: World, file: Path, clock: TurnedClock, tmp_path: Path
) -> None:
    clock.turn(days=3 * 365)
    made = renewer(home, clock).renew(file, tmp_path / "out.pdf")
    assert (made.provable.until, made.provable.due_at) == (made.before.until, clock.now() + LONGEST)


def test_without_an_answer_nothing_is_written(
    home: World, file: Path, clock: TurnedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_request: bytes) -> bytes:
        raise Away("no answer", code="time-stamp-away")

    monkeypatch.setattr(home.tsa, "ask", silent)
    before = file.read_bytes()
    with pytest.raises(Away):
        renewer(home, clock).renew(file, tmp_path / "out.pdf")
    assert not (tmp_path / "out.pdf").exists()
    assert not list(tmp_path.glob(".*.part"))
    assert file.read_bytes() == before


def test_never_in_place(home: World, file: Path, clock: TurnedClock) -> None:
    with pytest.raises(ArchiveFault) as fault:
        renewer(home, clock).renew(file, file)
    assert fault.value.code == "same-file"


class TestUntil2046:
    """Sealed in 2026 under RSA 2048 and SHA-256 time stamps; what each way of keeping it says twenty years on."""

    @pytest.fixture
    def sealed(self, home: World, clock: TurnedClock, tmp_path: Path) -> Path:
        self.first = an_epoch("2026", rsa_key(2048), "sha256", clock.now(), 6, clock, tmp_path)
        authority, tsa, root = self.first
        trust = [*home.roots, root]
        lists = AllLists([authority], home.ring.revocation)
        ring = replace(home.ring, revocation=lists)  # type: ignore[arg-type]
        service = SigningService(ring, tsa, clock, trust)
        service.seal(a_pdf(tmp_path / "in.pdf", pages=2), tmp_path / "2026.pdf")
        return tmp_path / "2026.pdf"

    def steps(self, clock: TurnedClock, tmp_path: Path) -> list:
        begin = clock.now()
        return [
            an_epoch("2029", rsa_key(3072), "sha256", begin + years(2.9), 8, clock, tmp_path),
            an_epoch("2033", rsa_key(4096), "sha512", begin + years(6.5), 9, clock, tmp_path),
            an_epoch("2041", ec_key(), "sha384", begin + years(14), 12, clock, tmp_path),
        ]

    def judged(self, path: Path, roots: list[Path], at: datetime, algorithms=FORETOLD) -> Verdict:
        return verify_pdf(path, roots, at=at, look=False, algorithms=algorithms)

    def test_renewed_in_time_it_is_valid_and_without_it_says_why(
        self, home: World, sealed: Path, clock: TurnedClock, tmp_path: Path
    ) -> None:
        begin, steps = clock.now(), self.steps(clock, tmp_path)
        every = [self.first, *steps]
        trust = (*home.roots, *(root for _, _, root in every))
        lists = AllLists([authority for authority, _, _ in every], home.ring.revocation)
        path, kept = sealed, {2026: sealed}
        for when, (_, tsa, _) in zip((2.9, 6.5, 14.5), steps, strict=True):
            clock.at = begin + years(when)
            out = tmp_path / f"renewed-{clock.at:%Y}.pdf"
            renewed = Renewer(tsa, clock, trust, lists, FORETOLD).renew(path, out)
            assert renewed.before.until > clock.now(), "it was renewed before its end"
            path = kept[clock.at.year] = out
        clock.at = datetime(2046, 11, 26, tzinfo=UTC)
        verdict = verify_pdf(path, trust, at=clock.at, algorithms=FORETOLD)
        assert (verdict.verdict, verdict.reason) == (Answer.VALID, "ok"), verdict
        assert [s.algorithm for s in verdict.signatures[1:]] == [
            "RSA 2048, SHA-256", "RSA 3072, SHA-256", "RSA 4096, SHA-512", "EC, SHA-384",
        ]  # fmt: skip
        self.say_why(kept, list(trust), clock.at)

    def say_why(self, kept: dict[int, Path], trust: list[Path], now: datetime) -> None:
        """Each older version, looked at in 2046, names what ended and when."""
        said = {year: self.judged(path, trust, now) for year, path in kept.items()}
        newest = max(kept)
        for year, verdict in said.items():
            if year == newest:
                continue
            assert verdict.verdict is Answer.INDETERMINATE, year
            last = verdict.signatures[-1]
            codes = {verdict.reason, last.reason}
            assert codes <= {"weak-algorithm", "time-stamp-expired"}, (year, codes)
        assert "RSA 2048 chỉ dùng được đến 2030-12-31" in said[2026].tell
        assert "2034-12-31" in said[2029].tell
        plain = self.judged(kept[2026], trust, now, AGREED)
        assert plain.verdict is Answer.INDETERMINATE
        # without any retired algorithm the certificates alone are reason enough
        endless = Algorithms(tuple(replace(t, until=None) for t in AGREED.terms))
        expired = self.judged(kept[2029], trust, now, endless)
        assert (expired.verdict, expired.reason) == (Answer.INDETERMINATE, "time-stamp-expired")
        assert "gia hạn" in expired.tell

    def test_a_stamp_that_came_too_late_does_not_help(
        self, home: World, sealed: Path, clock: TurnedClock, tmp_path: Path
    ) -> None:
        """After the end of RSA 2048 nobody can say any more whether the file existed before it."""
        (authority, tsa, root), *_ = self.steps(clock, tmp_path)
        trust = (*home.roots, self.first[2], root)
        lists = AllLists([self.first[0], authority], home.ring.revocation)
        clock.at = datetime(2031, 2, 1, tzinfo=UTC)
        with pytest.raises(NotRenewable) as late:
            Renewer(tsa, clock, trust, lists, FORETOLD).renew(sealed, tmp_path / "late.pdf")
        assert "weak-algorithm" in str(late.value)
        # a house that does not know of the end may renew; who knows of it does not believe the result
        Renewer(
            tsa, clock, trust, lists, Algorithms(tuple(replace(t, until=None) for t in AGREED.terms))
        ).renew(sealed, tmp_path / "late.pdf")
        verdict = self.judged(tmp_path / "late.pdf", list(trust), clock.at + years(1))
        assert (verdict.verdict, verdict.reason) == (Answer.INDETERMINATE, "weak-algorithm")


@pytest.mark.parametrize(
    ("name", "bits", "until"),
    [
        ("rsa", 1024, end_of(2013)),
        ("rsa", 2048, end_of(2030)),
        ("rsa", 3072, None),
        ("rsa", 512, datetime(1970, 1, 1, tzinfo=UTC)),
        ("ec", 256, None),
        ("sha1", 0, end_of(2013)),
        ("sha256", 0, None),
        ("whirlpool", 0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_terms(name: str, bits: int, until: datetime | None) -> None:
    assert AGREED.until(Use(name, bits)) == until
    assert all(term.source for term in AGREED.terms)


def test_the_hash_of_a_new_stamp_is_one_that_lasts() -> None:
    assert AGREED.digest_for(end_of(2040)) == "sha256"
    assert FORETOLD.digest_for(end_of(2030)) == "sha256"
    assert FORETOLD.digest_for(end_of(2036)) == "sha384"
    ended = Algorithms(
        tuple(Term(n, 0, end_of(y), "t") for n, y in (("sha256", 2030), ("sha384", 2031), ("sha512", 2035)))
    )
    assert ended.digest_for(end_of(2040)) == "sha512"

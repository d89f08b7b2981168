"""The promise of the archive seal: change any one byte, or add any, and the file is no longer VALID."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from signing.byte_range import Untidy, check_gap
from signing.container import Odd, read_container
from signing.examine import check_token
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.sealing import World, byte_ranges
from tests.tools.length import LONG, sample

pytestmark = pytest.mark.joined

PATTERNS = (0x01, 0x20, 0x80)
GREEN = (Answer.VALID, Answer.VALID_LATER_CHANGES)


def _reader_of_the_last_gap(data: bytes) -> Callable[[bytes], bool]:
    """Return a cheap judge of the last container alone; the signed bytes around it do not change."""
    byte_range = byte_ranges(data)[-1]
    _, first, second, _ = byte_range
    imprint = hashlib.sha256(data[:first] + data[second:]).digest()

    def holds(harmed: bytes) -> bool:
        digits = harmed[first + 1 : second - 1]
        try:
            contents = bytes.fromhex(digits.decode("ascii"))
        except ValueError:
            contents = b""  # a PDF reader would make something of it; the gap check must refuse it unseen
        try:
            container = read_container(check_gap(harmed, byte_range, contents).der, token=True)
            return container.bound and all(check_token(container, imprint))
        except (Untidy, Odd, ValueError, TypeError, KeyError):
            return False
        except Exception as odd:  # noqa: BLE001 pyHanko has its own errors here, all of them a refusal
            return type(odd).__name__ not in ("SignatureValidationError", "CMSStructuralError")

    return holds


def test_every_byte_of_the_last_container_counts(archive_files: list[Path]) -> None:
    """All positions (`make test`: every third) of the only bytes no hash covers: three flips each, some digits."""
    data = archive_files[0].read_bytes()
    holds = _reader_of_the_last_gap(data)
    assert holds(data)
    _, first, second, _ = byte_ranges(data)[-1]
    rng = random.Random(22)
    survivors = []
    for at in sample(range(first, second), 3):
        values = {data[at] ^ pattern for pattern in PATTERNS} | set(rng.sample(b"0123456789ABCDEF", 2))
        for value in values - {data[at]}:
            if holds(data[:at] + bytes([value]) + data[at + 1 :]):
                survivors.append((at - first, value))
    assert survivors == []


def test_a_large_sample_over_the_whole_file_is_never_green(
    world: World, archive_files: list[Path], tmp_path: Path
) -> None:
    data = archive_files[0].read_bytes()
    rng = random.Random(2026)
    places = [rng.randrange(len(data)) for _ in range(200 if LONG else 60)]
    for _, first, second, _ in byte_ranges(
        data
    ):  # the delicate zones: both containers and what stands around them
        places += [rng.randrange(first - 40, second + 140) for _ in range(50 if LONG else 20)]
    path = tmp_path / "harmed.pdf"
    green = []
    for at in places:
        for pattern in PATTERNS:
            path.write_bytes(data[:at] + bytes([data[at] ^ pattern]) + data[at + 1 :])
            verdict = verify_pdf(path, world.roots, look=False)
            assert verdict.tell
            if verdict.verdict in GREEN:
                green.append((at, pattern))
    assert green == []


def test_truncation_at_a_hundred_points_and_any_addition_is_never_green(
    world: World, archive_files: list[Path], tmp_path: Path
) -> None:
    data = archive_files[1].read_bytes()
    path = tmp_path / "harmed.pdf"
    rng = random.Random(7)
    harmed = [data[: len(data) * n // 100] for n in range(100)]
    harmed += [data + bytes([n]) for n in range(256)]
    harmed += [data + rng.randbytes(rng.randrange(1, 400)) for _ in range(20)]
    harmed += [data[:at] + b" " + data[at:] for at in (0, 9, len(data) // 2, len(data) - 1)]
    for content in sample(harmed, 3):
        path.write_bytes(content)
        assert verify_pdf(path, world.roots).verdict not in GREEN

"""A reader that repairs must not be shown another page than the one that was signed."""

import contextlib
from pathlib import Path

import pytest

from signing import look_alike
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases import sealing
from tests.cases.sealing import World, a_pdf, byte_ranges

pytestmark = pytest.mark.joined


def _covered(data: bytes) -> bytes:
    _, _, second, rest = byte_ranges(data)[0]
    return data[: second + rest]


def test_store_and_time_stamp_change_nothing_that_is_seen(archive_files: list[Path]) -> None:
    for path in archive_files:
        data = path.read_bytes()
        assert look_alike.first_difference(_covered(data), data) == 0


@pytest.mark.parametrize(
    ("attack", "page"),
    [(sealing.swap_image, 1), (sealing.overlay, 1), (sealing.append_page, 4), (sealing.hidden_objects, 1)],
)
def test_attacks_are_seen_by_the_viewers_engine(world: World, tmp_path: Path, attack, page: int) -> None:
    world.service.seal(a_pdf(tmp_path / "i.pdf", pages=3), tmp_path / "o.pdf")
    data = (tmp_path / "o.pdf").read_bytes()
    harmed = attack(data)
    assert look_alike.first_difference(_covered(data), harmed) == page
    (tmp_path / "harmed.pdf").write_bytes(harmed)
    assert verify_pdf(tmp_path / "harmed.pdf", world.roots).verdict is Answer.INVALID


def test_a_page_of_absurd_size_does_not_exhaust_memory(tmp_path: Path) -> None:
    data = a_pdf(tmp_path / "i.pdf").read_bytes()
    huge = data.replace(b"[ 0 0 300 400 ]", b"[ 0 0 9e9 9e9 ]")
    assert huge != data
    with contextlib.suppress(RuntimeError, ValueError):
        look_alike.first_difference(huge, huge)


def test_what_cannot_be_opened_raises_a_named_error() -> None:
    with pytest.raises(RuntimeError):
        look_alike.first_difference(b"%PDF-1.7", b"%PDF-1.7")

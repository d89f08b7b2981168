"""Judge every tampered and every untouched file, ours beside plain pyHanko: `python -m tests.tools.judge_tampered`."""

import io
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko_certvalidator import ValidationContext

from signing.fetching import apart
from signing.trust import load_trust
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.sealing import World, a_world
from tests.tools.signed_bases import Base, bases, untouched
from tests.tools.tampering import Harmed, all_harmed


@dataclass
class Tally:
    """How many files were judged and how; `green` names those called VALID, `shown` those that show differently."""

    files: int = 0
    kinds: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    green: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    yardstick: int = 0
    """Files that plain pyHanko's `bottom_line` accepts."""

    def lines(self) -> str:
        return (
            f"{self.files} files of {len(self.kinds)} kinds: ours "
            + ", ".join(f"{count} {answer}" for answer, count in sorted(self.answers.items()))
            + f"; plain pyHanko accepts {self.yardstick}"
        )


def bottom_line(data: bytes, world: World, roots: list[Path] | None, at: datetime | None) -> bool:
    """Return whether plain pyHanko calls every signature of a file good."""

    async def work() -> bool:
        reader = PdfFileReader(io.BytesIO(data))
        good = []
        for signature in reader.embedded_signatures:
            context = ValidationContext(
                trust_roots=list(load_trust(world.roots if roots is None else roots).roots),
                allow_fetching=False,
                moment=at or datetime.now(UTC),
            )
            if str(signature.sig_object_type) == "/DocTimeStamp":  # its status has no bottom line of its own
                stamp = await async_validate_pdf_timestamp(signature, context)
                good.append(stamp.intact and stamp.valid and stamp.trusted)
            else:
                good.append((await async_validate_pdf_signature(signature, context)).bottom_line)
        return bool(good) and all(good)

    try:
        return apart(work)
    except Exception:  # noqa: BLE001 it refuses by raising anything
        return False


def judge_harmed(harmed: Iterable[Harmed], folder: Path) -> Tally:
    """Return how ours and the yardstick judge tampered files."""
    from signing.look_alike import first_difference

    tally, path = Tally(), folder / "judged.pdf"
    for one in harmed:
        path.write_bytes(one.data)
        roots = one.base.world.roots if one.roots is None else one.roots
        verdict = verify_pdf(path, roots, at=one.at)
        tally.files += 1
        tally.kinds.add(one.kind)
        tally.answers[verdict.verdict.value] += 1
        if verdict.verdict is Answer.VALID:
            tally.green.append(f"{one.kind} {one.base.name}")
        if (
            verdict.verdict is Answer.VALID_LATER_CHANGES
            and not one.kind.startswith("between_")  # another file, all of it signed
            and first_difference(one.base.data, one.data)
            and not one.base.data.startswith(one.data)  # an older revision of the base
        ):
            tally.shown.append(f"{one.kind} {one.base.name}")
        tally.yardstick += bottom_line(one.data, one.base.world, one.roots, one.at)
    return tally


def judge_untouched(files: Iterable[Base], folder: Path) -> Tally:
    """Return how ours and the yardstick judge files that nobody touched; `green` names the false alarms."""
    tally, path = Tally(), folder / "judged.pdf"
    for one in files:
        path.write_bytes(one.data)
        verdict = verify_pdf(path, one.world.roots)
        tally.files += 1
        tally.kinds.add(one.name)
        tally.answers[verdict.verdict.value] += 1
        if verdict.verdict is not Answer.VALID:
            tally.green.append(f"{one.name}: {verdict.verdict} {verdict.reason} {verdict.detail}")
        tally.yardstick += bottom_line(one.data, one.world, None, None)
    return tally


def main() -> int:
    """Judge everything; the exit code is 0 when nothing tampered is VALID and nothing untouched is not."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = a_world(folder / "keys")
        good = judge_untouched(untouched(world, folder), folder)
        print("untouched:", good.lines(), *good.green, sep="\n  ", flush=True)
        bad = judge_harmed(all_harmed(list(bases(world, folder)), folder), folder)
        print("tampered:", bad.lines(), *bad.green, *bad.shown, sep="\n  ", flush=True)
    return 1 if good.green or bad.green or bad.shown else 0


if __name__ == "__main__":
    sys.exit(main())

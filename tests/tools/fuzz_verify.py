"""Throw mutated signed PDFs at the verifier: `make fuzz-verify` (20,000, seeded, resumable) and 300 in the tests.

Each mutant is made by its number and the seed alone, from base files kept in the folder, so any finding can be made
again. A finding is: an exception out of `verify_pdf`, a check over the limit, or VALID (or valid with later changes)
for a file that an engine shows differently. Operators work on bytes, on PDF tokens, inside decompressed streams, and
on appended revisions.
"""

import argparse
import io
import json
import logging
import os
import random
import re
import resource
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing.look_alike import first_difference
from signing.verdict import Answer
from signing.verify import verify_pdf
from tests.cases.sealing import a_world, byte_ranges, revision_ends
from tests.tools.signed_bases import bases

LIMIT_SECONDS = 60.0
_MEMORY = 4 << 30

Operator = Callable[[bytes, random.Random, list[bytes]], bytes]
OPERATORS: dict[str, Operator] = {}


def operator(function: Operator) -> Operator:
    OPERATORS[function.__name__] = function
    return function


# --- bytes --------------------------------------------------------------------------------------------------------


@operator
def flip_bits(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    harmed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        harmed[rng.randrange(len(harmed))] ^= 1 << rng.randrange(8)
    return bytes(harmed)


@operator
def cut_out(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((1, 2, 16, 300, 5000))
    return data[:at] + data[at + size :]


@operator
def put_in(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    piece = rng.choice(
        (rng.randbytes(rng.randrange(1, 40)), b" ", b"\n", b"%\n", b"\x00", b"endobj\n", b">>")
    )
    return data[:at] + piece + data[at:]


@operator
def repeat_piece(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    at, size, to = rng.randrange(len(data)), rng.randrange(1, 3000), rng.randrange(len(data))
    return data[:to] + data[at : at + size] + data[to:]


@operator
def piece_of_another(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    other = rng.choice(others)
    at, size = rng.randrange(len(other)), rng.randrange(1, 3000)
    to = rng.randrange(len(data))
    return data[:to] + other[at : at + size] + data[to + rng.choice((0, size)) :]


@operator
def truncate(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    return data[: rng.choice((rng.randrange(len(data)), len(data) - rng.randrange(1, 60)))]


@operator
def drop_revision(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    ends = [0, *revision_ends(data)]
    index = rng.randrange(len(ends) - 1)
    return data[: ends[index]] + data[ends[index + 1] :]


@operator
def tail(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    ends = revision_ends(data)
    other = rng.choice([data, *others])
    pieces = (b"\n", b"%%EOF\n", data[ends[-2] :], other, rng.randbytes(50), b"xref\n0 0\ntrailer\n<<>>\n")
    return data + rng.choice(pieces)


# --- tokens -------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    rb"/[A-Za-z][A-Za-z0-9]*|-?\d+(?:\.\d+)?|<<|>>|\[|\]|\bobj\b|endobj|stream|endstream|xref|trailer|R\b"
)
_NUMBERS = (b"0", b"-1", b"1", b"2", b"65535", b"4294967296", b"99999999999999999999", b"1e9", b"0.0001")
_NAMES = (
    b"/Contents",
    b"/ByteRange",
    b"/Type",
    b"/Sig",
    b"/Kids",
    b"/Parent",
    b"/V",
    b"/Annots",
    b"/AP",
    b"/XX",
)


def _tokens(data: bytes, rng: random.Random, want: Callable[[bytes], bool]) -> re.Match[bytes] | None:
    """Return a random token, mostly outside of stream data."""
    for _ in range(30):
        found = _TOKEN.search(data, rng.randrange(len(data)))
        if found and want(found.group()):
            return found
    return None


def _swap(data: bytes, found: re.Match[bytes] | None, new: bytes, keep: bool) -> bytes:
    if found is None:
        return data + b" "
    if keep:  # offsets stay true, so the reader gets further
        new = new[: len(found.group())].ljust(len(found.group()))
    return data[: found.start()] + new + data[found.end() :]


@operator
def other_number(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    found = _tokens(data, rng, lambda t: t[-1:].isdigit() and not t.startswith(b"/"))
    near = str(int(float(found.group())) + rng.choice((-1, 1, 7))).encode() if found else b""
    return _swap(data, found, rng.choice((*_NUMBERS, near, near)), rng.random() < 0.7)


@operator
def other_name(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    found = _tokens(data, rng, lambda t: t.startswith(b"/"))
    second = _tokens(data, rng, lambda t: t.startswith(b"/"))
    new = rng.choice((*_NAMES, second.group() if second else b"/A"))
    return _swap(data, found, new, rng.random() < 0.7)


@operator
def other_word(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    found = _tokens(data, rng, lambda t: not t.startswith(b"/") and not t[-1:].isdigit())
    new = rng.choice(
        (b"obj", b"endobj", b"stream", b"xref", b"trailer", b"<<", b">>", b"[", b"]", b"R", b"null")
    )
    return _swap(data, found, new, rng.random() < 0.6)


@operator
def drop_token(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    return _swap(data, _tokens(data, rng, lambda _: True), b"", rng.random() < 0.6)


@operator
def near_a_container(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """The places where a signature can be fooled: its dictionary, its hole, its padding."""
    _, first, second, _ = rng.choice(byte_ranges(data))
    at = rng.choice(
        (
            rng.randrange(first, second),
            rng.randrange(second - 40, second + 40),
            rng.randrange(first - 90, first + 9),
        )
    )
    new = bytes([rng.choice(b"0123456789abcdefABCDEF<> /[]()\n\x00")])
    return data[:at] + new + data[at + rng.choice((0, 1, 1, 1)) :]


@operator
def table_entry(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    entries = list(re.finditer(rb"\d{10} \d{5} [nf]", data))
    if not entries:
        return flip_bits(data, rng, others)
    found = rng.choice(entries)
    new = b"%010d %05d %c" % (rng.randrange(len(data)), rng.choice((0, 0, 1)), rng.choice(b"nf"))
    return data[: found.start()] + new + data[found.end() :]


# --- inside streams -----------------------------------------------------------------------------------------------


@operator
def inside_a_stream(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    found = list(re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL))
    if not found:
        return flip_bits(data, rng, others)
    one = rng.choice(found)
    try:
        plain, packed = zlib.decompress(one[1]), True
    except zlib.error:
        plain, packed = one[1], False
    change = rng.choice((flip_bits, put_in, cut_out, other_number, other_name)) if plain else put_in
    plain = change(plain or b" ", rng, others)
    new = zlib.compress(plain, 9) if packed else plain
    if len(new) < len(one[1]):
        new = new.ljust(len(one[1]), b"\x00" if packed else b" ")
    return data[: one.start(1)] + new + data[one.end(1) :]


# --- appended revisions -------------------------------------------------------------------------------------------


def _random_value(rng: random.Random, pen: IncrementalPdfFileWriter) -> generic.PdfObject:
    size = int(pen.prev.trailer["/Size"])
    return rng.choice(
        (
            generic.NullObject(),
            generic.NumberObject(rng.choice((0, 1, 2, 90, 400, -5))),
            generic.pdf_string("Da bi sua"),
            pdf_name("/Off"),
            generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 200, 200)]),
            generic.DictionaryObject(),
            generic.IndirectObject(rng.randrange(1, size), 0, pen),
            generic.BooleanObject(True),
        )
    )


@operator
def appended_revision(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """Random objects of the file, changed a little and written again with a proper table."""
    pen = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    pen._update_meta = lambda: None
    size = int(pen.prev.trailer["/Size"])
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        reference = generic.Reference(rng.randrange(1, size), 0, pen)
        try:
            thing = pen.get_object(reference)
        except Exception:  # noqa: BLE001 a free number
            continue
        if isinstance(thing, generic.StreamObject) and rng.random() < 0.5:
            thing._data = inside_a_stream(b"stream\n" + thing.data + b"\nendstream", rng, others)[7:-10]
            thing._encoded_data = None
        elif isinstance(thing, generic.DictionaryObject) and thing:
            _change_entry(thing, rng, pen)
        elif isinstance(thing, generic.ArrayObject):
            thing.append(_random_value(rng, pen))
        else:
            continue
        pen.mark_update(reference)
    out = io.BytesIO()
    pen.write(out)
    return out.getvalue()


def _change_entry(thing: generic.DictionaryObject, rng: random.Random, pen: IncrementalPdfFileWriter) -> None:
    keys = sorted(thing)
    new = (
        "/AP",
        "/V",
        "/Rect",
        "/F",
        "/Rotate",
        "/CropBox",
        "/AA",
        "/OpenAction",
        "/Annots",
        "/Fields",
        "/XX",
    )
    match rng.randrange(4):
        case 0:
            del thing[rng.choice(keys)]
        case 1:
            thing[pdf_name(rng.choice(new))] = _random_value(rng, pen)
        case 2:
            one, other = rng.choice(keys), rng.choice(keys)
            thing[one] = thing.raw_get(other)
        case _:
            thing[rng.choice(keys)] = _random_value(rng, pen)


@operator
def appended_and_harmed(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    """An appended revision, and then a change within it."""
    longer = appended_revision(data, rng, others)
    change = rng.choice((flip_bits, other_number, other_name, other_word, drop_token, table_entry, put_in))
    added = change(longer[len(data) :] or b" ", rng, others)
    return data + added


@operator
def revision_of_another(data: bytes, rng: random.Random, others: list[bytes]) -> bytes:
    other = rng.choice(others)
    ends = [0, *revision_ends(other)]
    index = rng.randrange(len(ends) - 1)
    return data + other[ends[index] : ends[index + 1]]


_WEIGHTS = {"appended_revision": 5, "appended_and_harmed": 4, "near_a_container": 3, "inside_a_stream": 2}


def mutant(files: list[bytes], seed: int, number: int) -> tuple[str, bytes, bytes]:
    """Return (operators, original, mutant) of one number."""
    rng = random.Random(f"{seed}:{number}")
    index = rng.randrange(len(files))
    data = files[index]
    others = files[:index] + files[index + 1 :]
    names = list(OPERATORS)
    harmed, used = data, []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choices(names, [_WEIGHTS.get(n, 1) for n in names])[0]
        try:
            harmed = OPERATORS[name](harmed, rng, others)
        except Exception:  # noqa: BLE001 what is broken already cannot always be broken again as asked
            harmed = flip_bits(harmed or b" ", rng, others)
        used.append(name)
    if harmed == data:
        harmed = flip_bits(data, rng, others)
    return "+".join(used), data, harmed


# --- the campaign -------------------------------------------------------------------------------------------------


def prepare(folder: Path) -> tuple[list[bytes], list[Path]]:
    """Return base files and roots, made once in `folder` and found there again."""
    folder.mkdir(parents=True, exist_ok=True)
    world = a_world(folder / "keys")
    done = folder / "bases.done"
    if not done.exists():
        for one in bases(world, folder):
            (folder / f"base-{one.name}.pdf").write_bytes(one.data)
        done.touch()
    return [p.read_bytes() for p in sorted(folder.glob("base-*.pdf"))], world.roots


def judge_one(files: list[bytes], roots: list[Path], seed: int, number: int, work: Path) -> tuple[str, str]:
    """Return (verdict, finding); the finding is empty when all is well."""
    used, original, harmed = mutant(files, seed, number)
    path = work / f"mutant-{os.getpid()}.pdf"
    path.write_bytes(harmed)
    begun = time.monotonic()
    try:
        verdict = verify_pdf(path, roots)
    except BaseException as fault:
        if isinstance(fault, KeyboardInterrupt | SystemExit):
            raise
        return "RAISED", f"{number} {used}: {type(fault).__name__}: {fault}"
    finally:
        path.unlink()
    seconds = time.monotonic() - begun
    if seconds > LIMIT_SECONDS:
        return verdict.verdict.value, f"{number} {used}: {seconds:.0f} s"
    green = verdict.verdict in (Answer.VALID, Answer.VALID_LATER_CHANGES)
    whole = not original.startswith(harmed)  # else an older revision of the file, whole in itself
    if green and whole and first_difference(original, harmed):
        return verdict.verdict.value, f"{number} {used}: {verdict.verdict} but shown differently"
    return verdict.verdict.value, ""


def campaign(folder: Path, count: int, seed: int) -> dict[str, object]:
    """Judge mutants up to number `count`, going on where the last run in `folder` stopped."""
    files, roots = prepare(folder)
    state_file = folder / f"state-{seed}.json"
    state = (
        json.loads(state_file.read_text())
        if state_file.exists()
        else {"next": 0, "verdicts": {}, "findings": []}
    )
    verdicts = Counter(state["verdicts"])
    for number in range(state["next"], count):
        answer, finding = judge_one(files, roots, seed, number, folder)
        verdicts[answer] += 1
        if answer in ("VALID", "VALID_LATER_CHANGES"):
            state.setdefault("green", []).append([number, answer])
        if finding:
            state["findings"].append(finding)
        if finding or number % 50 == 49 or number == count - 1:
            state |= {"next": number + 1, "verdicts": dict(verdicts)}
            part = state_file.with_suffix(".part")
            part.write_text(json.dumps(state, ensure_ascii=False, indent=1))
            part.replace(state_file)
        if number % 500 == 499:
            print(f"{number + 1}: {dict(verdicts)}, findings {len(state['findings'])}", flush=True)
    return state


def main() -> int:
    """Run the campaign; the exit code is 1 when there is a finding."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("out/fuzz-verify"))
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=2026)
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    logging.disable(logging.CRITICAL)
    state = campaign(asked.folder, asked.count, asked.seed)
    print(f"{state['next']} mutants: {state['verdicts']}", *state["findings"], sep="\n")
    return 1 if state["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())

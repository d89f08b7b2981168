"""`vanthu separators`: print sheets to lay between papers. Needs no data folder, so that any desk can print them."""

from pathlib import Path

from boot.speak import Exit, say
from ingest.separator_sheets import draw_sheets
from records.separators import MAX_SERIAL, Follows, Sheet


def print_separators(dossier: str, count: int, kind: str, first: int, out: Path) -> Exit:
    """Write a PDF of `count` sheets, numbered from `first`. Raises `Unfit` for a dossier that no bar code takes."""
    dossier = dossier.strip()
    if not dossier:
        say("Mã hồ sơ trống. Hãy ghi mã hồ sơ sau --dossier, ví dụ --dossier 01.HC.2020.")
        return Exit.USAGE
    last = first + count - 1
    if last > MAX_SERIAL:
        say(
            f"Tờ ngăn cách chỉ đánh số đến {MAX_SERIAL}; {count} tờ từ số {first} là quá nhiều. Hãy giảm --count."
        )
        return Exit.USAGE
    data = draw_sheets([Sheet(Follows(kind), dossier, serial) for serial in range(first, last + 1)])
    part = out.with_name(f".{out.name}.part")
    part.write_bytes(data)
    part.replace(out)
    say(
        f"Đã ghi {out}: {count} tờ ngăn cách, số {first:04}–{last:04}, hồ sơ {dossier}. In khổ A4, đúng cỡ (100 %)."
    )
    return Exit.WELL

"""`vanthu batch checks`: what was found on the page images of a delivery, page by page, for who scans."""

from boot.house import open_house
from boot.settings import Settings
from boot.speak import Exit, emit, say
from ingest.page_flags import page_flags
from records.access import LOCAL


def list_checks(settings: Settings, batch_id: str, *, everything: bool, as_json: bool) -> Exit:
    """Print the findings of a batch; 3 when there is one a person should look at. Raises `Missing`."""
    with open_house(settings) as house, house.work.reading() as tx:
        flags = page_flags(tx, LOCAL, batch_id)
    shown = [flag for flag in flags if everything or flag.worth_telling]
    for flag in shown:
        if as_json:
            emit(flag.as_json())
        else:
            say(
                f"• {flag.file}, trang {flag.frame}: {flag.sentence} (mức chắc chắn {round(100 * flag.score)} %)"
            )
    say(f"{len(shown)} điểm cần lưu ý trên {len({(f.file, f.frame) for f in shown})} trang.")
    return Exit.REFUSED if shown else Exit.WELL

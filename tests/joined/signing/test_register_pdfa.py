"""The printed register of outgoing papers is PDF/A-2b to an outside judge, in one part and joined of several."""

from pathlib import Path

import pytest

from procedures.register_print import print_book
from storage.work import Work
from tests.cases.database import TurnedClock, migrated
from tests.cases.register import WISH, every_kind, filled
from tests.tools.validators import verapdf

pytestmark = [pytest.mark.joined, pytest.mark.validators]


def test_verapdf_accepts_the_register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("procedures.register_print.PART", 25)
    files = [tmp_path / "every-kind.pdf", tmp_path / "long.pdf"]
    for out, fill in zip(files, (every_kind, lambda work: filled(work, 60)), strict=True):
        tables = migrated(out.with_suffix(".db"))
        work = Work(tables, TurnedClock())
        fill(work)
        with work.reading() as tx:
            print_book(tx, WISH, out)
        tables.dispose()
    assert {file.name: judged.failures for file, judged in verapdf(files).items()} == {
        "every-kind.pdf": (),
        "long.pdf": (),
    }
    assert all(judged.compliant for judged in verapdf(files[:1]).values())

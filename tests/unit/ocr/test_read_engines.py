"""Every engine passes the same cases, and only names that exist are taken."""

import pytest

from ocr.engines import NAMES, engine_for
from ocr.options import OcrOptions
from records.errors import ArchiveFault
from tests.cases.engines import EngineCases, heading

__all__ = ["heading"]


class TestTesserocr(EngineCases):
    options = OcrOptions(engine="tesserocr")


class TestPytesseract(EngineCases):
    options = OcrOptions(engine="pytesseract")


def test_all_names_are_tested() -> None:
    assert {case.options.engine for case in EngineCases.__subclasses__()} == set(NAMES)


@pytest.mark.parametrize("name", ["", "Tesserocr", "neural", "../x"])
def test_an_unknown_engine_is_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(ArchiveFault) as fault:
        engine_for(OcrOptions(engine=name))
    assert fault.value.code == "bad-option" and all(known in fault.value.tell for known in NAMES)

import dataclasses

import pytest

from ocr.options import OcrOptions
from records.errors import ArchiveFault


def test_same_options_same_digest() -> None:
    assert OcrOptions().digest() == OcrOptions(languages="vie").digest()


@pytest.mark.parametrize(
    "changed",
    [
        {"languages": "vie+eng"},
        {"capital_height": 31},
        {"turn": False},
        {"deskew": False},
        {"lift_ink": False},
        {"even_paper": True},
        {"clear_edges": True},
        {"clear_rules": True},
        {"tidy": False},
        {"second": ""},
        {"second": "vie"},
    ],
)
def test_every_field_changes_the_digest(changed: dict[str, object]) -> None:
    assert dataclasses.replace(OcrOptions(), **changed).digest() != OcrOptions().digest()


def test_where_the_models_lie_does_not_matter() -> None:
    assert OcrOptions(tessdata="/elsewhere").digest() == OcrOptions().digest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"languages": ""},
        {"languages": "vie+"},
        {"languages": "../vie"},
        {"second": "a b"},
        {"capital_height": 5},
    ],
)
def test_nonsense_is_refused_early(wrong: dict[str, object]) -> None:
    with pytest.raises(ArchiveFault) as fault:
        OcrOptions(**wrong)
    assert fault.value.code == "bad-option"

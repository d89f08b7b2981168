"""Forms: what people write is taken as meant or refused with the sentence of its field; nothing hostile gets in."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.forms import take_values, whole_form
from tests.cases.procedure_world import (
    COMMENT_FORM,
    DEFINITIONS,
    DOCUMENT_FORM,
    TEMPORARY_FORM,
    TRANSFER_FORM,
)

TODAY = date(2026, 11, 23)
TRANSFER = DEFINITIONS.get("official-transfer", 1)
ALL = tuple(TRANSFER.fields)


def take(**values: object) -> tuple[dict[str, object], list[str]]:
    taken, faults = take_values(TRANSFER, ALL, values, TODAY)
    return dict(taken), [fault.tell for fault in faults]


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("official-transfer", TRANSFER_FORM),
        ("temporary-transfer", TEMPORARY_FORM),
        ("residence-comment", COMMENT_FORM),
        ("outgoing-document", DOCUMENT_FORM),
    ],
)
def test_a_good_form_is_whole(code: str, form: dict[str, object]) -> None:
    definition = DEFINITIONS.get(code, 1)
    taken, faults = take_values(definition, tuple(definition.fields), form, TODAY)
    assert (taken, faults) == (form, [])
    assert whole_form(definition, taken, TODAY) == []
    for field in definition.fields.values():
        if field.required:
            (missing,) = whole_form(definition, {k: v for k, v in taken.items() if k != field.code}, TODAY)
            assert missing.field == field.code
            assert field.label in missing.tell


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("card_number", "123456789"),  # nine digits
        ("card_number", "0123456"),
        ("card_number", "٠١٢٣٤٥٦٧"),
        ("card_number", 12345678),
        ("cv_number", "12345HN"),
        ("birth_date", "1985-02-30"),
        ("birth_date", "1985-2-3"),
        ("birth_date", "19850203"),
        ("birth_date", "1985-W05-7"),
        ("birth_date", "0985-02-03"),
        ("birth_date", "2026-11-24"),  # tomorrow
        ("decision_date", "9999-12-31"),
        ("birth_date", "03/02/1985"),
        ("birth_date", date(1985, 2, 3)),
        ("dues_until", "2026-13"),
        ("dues_until", "2026-1"),
        ("full_name", "Trần  Lan 2"),
        ("full_name", "<b>Lan</b>"),
        ("full_name", "Lan\nB"),
        ("full_name", "Lan\u202eB"),
        ("full_name", "x" * 101),
        ("full_name", ["Lan"]),
        ("full_name", True),
        ("reason", "holiday"),
        ("reason", "Chuyển công tác"),
        ("new_place", "a\x00b"),
        ("new_place", "\ud800"),
        ("new_place", "x" * 501),
        ("new_place", "x" * 10_000_000),
        ("decision_document", "../../etc/passwd"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_sentence_of_the_field(field: str, value: object) -> None:
    taken, faults = take(**{field: value})
    assert taken == {}
    assert faults == [TRANSFER.fields[field].tell]


def test_text_is_kept_in_one_form_and_can_be_emptied() -> None:
    taken, faults = take(
        full_name="  Nguye\u0302\u0303n Va\u0306n Anh ", new_place="dòng 1\ndòng 2", cv_number="", reason=None
    )
    assert faults == []
    assert taken == {
        "full_name": "Nguyễn Văn Anh",
        "new_place": "dòng 1\ndòng 2",
        "cv_number": "",
        "reason": "",
    }


def test_unknown_and_closed_fields_are_refused_and_a_flood_is_cut_short() -> None:
    _, faults = take(no_such_field="x")
    assert "no_such_field" in faults[0]
    _, told = take_values(TRANSFER, ("reason",), {"full_name": "Lan"}, TODAY)
    assert "Họ và tên" in told[0].tell
    _, faults = take(**{f"f{n}": "x" for n in range(100_000)})
    assert len(faults) <= len(TRANSFER.fields) + 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("birth_date", "2026-11-24"), ("decision_date", "2026-11-24"), ("decision_date", "1985-03-07")],
)
def test_impossible_orders_of_dates(field: str, value: str) -> None:
    faults = whole_form(TRANSFER, {**TRANSFER_FORM, field: value}, TODAY)  # type: ignore[dict-item]
    assert faults[0].field == field


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(ALL) | st.text(max_size=8),
        st.text(max_size=60)
        | st.integers()
        | st.booleans()
        | st.none()
        | st.floats()
        | st.lists(st.text(max_size=3)),
        max_size=6,
    )
)
def test_whatever_comes_is_kept_as_storable_values_or_refused(values: dict[str, object]) -> None:
    taken, faults = take_values(TRANSFER, ALL, values, TODAY)
    assert set(taken) | {fault.field for fault in faults} >= set(taken)
    assert len(taken) + len(faults) == len(values)
    for value in taken.values():
        assert type(value) in (str, int, bool)
        str(value).encode()
    again, none = take_values(TRANSFER, ALL, taken, TODAY)
    assert (again, none) == (taken, [])
    whole_form(TRANSFER, {code: value for code, value in taken.items() if value != ""}, TODAY)

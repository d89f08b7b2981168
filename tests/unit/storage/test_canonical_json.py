"""RFC 8785: the vectors of the RFC, and laws."""

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.canonical import MAX_EXACT, canonical_json, scalar_json

RFC_8785_APPENDIX_B = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), RFC_8785_APPENDIX_B.items())
def test_numbers_of_the_rfc(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert scalar_json(value) == text


def test_strings_and_order_of_the_rfc() -> None:
    assert scalar_json('\u20ac$\x0f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\u00f6"]
    ordered = list(json.loads(canonical_json(dict.fromkeys(keys, 0))))
    assert ordered == ["\r", "1", "\x80", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, MAX_EXACT + 1, -MAX_EXACT - 1, "\ud800"])
def test_values_without_a_form(value: float | str) -> None:
    with pytest.raises(ValueError, match=r"."):
        scalar_json(value)


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", object()])
def test_other_kinds(value: object) -> None:
    with pytest.raises(TypeError):
        scalar_json(value)  # type: ignore[arg-type]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_EXACT, MAX_EXACT)
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.dictionaries(TEXT, SCALARS, max_size=8))
def test_read_back_is_the_same_and_written_again_too(
    value: dict[str, str | int | float | bool | None],
) -> None:
    once = canonical_json(value)
    back = json.loads(once, parse_int=float)  # ECMAScript has one kind of number
    assert back == value
    assert canonical_json(dict(reversed(back.items()))) == once


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_keeps_its_value(value: float) -> None:
    text = scalar_json(value)
    assert float(text) == value
    assert not text.startswith(("+", "."))

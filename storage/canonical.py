"""JSON as the same bytes everywhere (RFC 8785), so that a hash over it can be checked by other code."""

import json
import math
from collections.abc import Mapping

Scalar = str | int | float | bool | None
"""What may stand in an audit detail."""

MAX_EXACT = 2**53 - 1
"""Greatest integer that JSON readers agree on (RFC 7493 §2.2)."""


def canonical_json(value: Mapping[str, Scalar]) -> bytes:
    r"""Return a flat object as RFC 8785 bytes: keys in UTF-16 order, no spaces, ECMAScript numbers, UTF-8.

    Raises ValueError for NaN, infinity, integers beyond 2^53−1 and lone surrogates, TypeError for other
    values.

    >>> canonical_json({"b": 1.0, "a": "Đảng\n"}).decode()
    '{"a":"Đảng\\n","b":1}'
    """
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return ("{" + ",".join(f"{_text(key)}:{scalar_json(value[key])}" for key in keys) + "}").encode()


def scalar_json(value: Scalar) -> str:
    """Return one value as RFC 8785 text."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        if abs(value) > MAX_EXACT:
            raise ValueError(f"{value} is not exact in JSON")
        return str(value)
    if isinstance(value, float):
        return _number(value)
    raise TypeError(f"{type(value).__name__} has no canonical form here")


def _text(value: str) -> str:
    value.encode()  # a lone surrogate has no UTF-8 form: UnicodeEncodeError is a ValueError
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """ECMAScript Number::toString: Python's repr has the same shortest digits, in another dress."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not JSON")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _dressed(digits, point)


def _dressed(digits: str, point: int) -> str:
    """`0.digits × 10^point` written as ECMAScript does."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    rest = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{rest}e{'+' if power > 0 else '-'}{abs(power)}"

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.byte_range import Untidy, check_gap, der_length, object_offsets

DER = bytes.fromhex("300c0201010607") + bytes(range(0xA1, 0xA8))


def _file(
    digits: bytes, before: bytes = b"%PDF-1.7 /Contents ", after: bytes = b" rest"
) -> tuple[bytes, list[int]]:
    data = before + b"<" + digits + b">" + after
    start = len(before)
    end = start + len(digits) + 2
    return data, [0, start, end, len(data) - end]


def _check(digits: bytes, contents: bytes | None = None, **places: bytes) -> bytes:
    data, byte_range = _file(digits, **places)
    return check_gap(data, byte_range, bytes.fromhex(digits.decode()) if contents is None else contents).der


HEX = DER.hex().encode()


@pytest.mark.parametrize("digits", [HEX, HEX.upper(), HEX + b"0000", HEX.upper() + b"00" * 40])
def test_tidy_holes_pass(digits: bytes) -> None:
    assert _check(digits) == DER


@pytest.mark.parametrize(
    "digits",
    [
        HEX[:9] + b"A" + HEX[10:] if HEX[9:10] != b"A" else HEX,
        HEX[:-2] + HEX[-2:].upper(),
        HEX + b"0001",
        HEX + b"0",
        HEX[:4] + b" " + HEX[5:],
        HEX[:-2],
        b"",
        b"00" + HEX,
        b"3080" + HEX,
        b"3085ffffffffff" + HEX,
    ],
)
def test_untidy_holes_are_refused(digits: bytes) -> None:
    with pytest.raises((Untidy, ValueError)):
        _check(digits, contents=None if len(digits) % 2 == 0 and b" " not in digits else DER)


def test_a_hole_must_be_the_value_of_contents() -> None:
    with pytest.raises(Untidy):
        _check(HEX, before=b"%PDF-1.7 /Reason ")
    with pytest.raises(Untidy):
        _check(HEX, contents=DER + b"x")
    assert _check(HEX, before=b"%PDF-1.7 /Contents") == DER
    assert _check(HEX, before=b"%PDF-1.7 /Contents\r\n ") == DER


@pytest.mark.parametrize(
    "change",
    [
        lambda r: [],
        lambda r: r[:3],
        lambda r: [*r, 0, 4],
        lambda r: [1, *r[1:]],
        lambda r: [0, 0, r[2], r[3]],
        lambda r: [0, r[1] + 1, r[2], r[3]],
        lambda r: [0, r[1], r[2] + 1, r[3] - 1],
        lambda r: [0, r[1], r[2], r[3] + 1],
        lambda r: [0, r[1], r[2], 0],
        lambda r: [0, r[1], r[2], -1],
        lambda r: [0, r[1], 2**63, r[3]],
        lambda r: [0, r[1], r[2], 2**70],
        lambda r: [0, r[2], r[1], r[3]],
        lambda r: [0, True, r[2], r[3]],
    ],
)
def test_ranges_that_do_not_fit_are_refused(change) -> None:
    data, byte_range = _file(HEX)
    with pytest.raises(Untidy):
        check_gap(data, change(byte_range), DER)


@given(st.binary(max_size=80))
def test_der_length_never_reaches_past_its_data(data: bytes) -> None:
    try:
        length = der_length(data)
    except Untidy:
        return
    assert 2 <= length <= len(data)


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 9999), st.integers(0, 9)), max_size=5))
def test_every_object_header_is_found(filler: bytes, objects: list[tuple[int, int]]) -> None:
    data, expected = b"", set()
    for number, generation in objects:
        data += filler + b"\n"
        expected.add(len(data))
        data += b"%d %d obj\n<<>>\nendobj\n" % (number, generation)
    assert expected <= object_offsets(data, 0)


def test_headers_with_odd_white_space_are_found_and_words_are_not() -> None:
    data = b"%x\n12\r\n0\tobj<<>> endobj object 9 0 obj[]"
    assert object_offsets(data, 0) == {3, data.index(b"9 0 obj")}
    assert object_offsets(data, 20) == {data.index(b"9 0 obj")}

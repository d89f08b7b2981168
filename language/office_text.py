"""The text of a file that an office program wrote, whatever encoding it chose; NFC out."""

import unicodedata

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class StrangeEncoding(ValueError):
    """The bytes are text in none of the encodings that were tried; the message names them."""


def office_text(data: bytes) -> tuple[str, str]:
    """Return the text of `data` in NFC and its encoding: UTF-8, UTF-16 or Windows-1258, with or without a mark.

    Tried from the surest sign to the weakest. Raises `StrangeEncoding`.

    >>> office_text("Chi bộ".encode("utf-16"))
    ('Chi bộ', 'utf-16')
    """
    tries = _tries(data)
    for encoding in tries:
        try:
            text = unicodedata.normalize("NFC", data.decode(encoding))
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, encoding.removesuffix("-sig")
    raise StrangeEncoding(", ".join(tries))


def _tries(data: bytes) -> list[str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return [encoding]
    sample = data[:4000]
    low, high = sample[1::2].count(0), sample[0::2].count(0)
    if low > len(sample) // 8:
        return ["utf-16-le"]
    return ["utf-16-be"] if high > len(sample) // 8 else ["utf-8", "cp1258"]

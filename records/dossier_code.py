"""What a dossier's code tells of where it belongs: the fonds (phông) is the part before the year.

Source: Thông tư 05/2025/TT-BNV, file code = code of the body, year, number and notation of the dossier
("H49.64.33.2001.160"), with the code of the fonds in the body's place once the fonds is closed.
"""

import re

_CODE = re.compile(r"\s*(?P<fonds>[^\s.]+(?:\.[^\s.]+)*?)\.(?:19|20)\d\d\.[^\s.][^\n]*")


def fonds_of(code: str) -> str:
    """Return the code of the fonds in a dossier's code, "" when the code does not name one.

    >>> fonds_of("H49.64.33.2001.160"), fonds_of("000.00.19.H20.2020.01.HC"), fonds_of("01.HC.2020"), fonds_of("HS-01")
    ('H49.64.33', '000.00.19.H20', '', '')
    """
    found = _CODE.fullmatch(code)
    return found["fonds"] if found else ""

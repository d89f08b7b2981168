"""Mark a paper as one without number and date, so that no seal can be put on it by mistake.

Two empty form fields say it to the signing order (`order.demand_numbered`); nothing of them is seen on the page.
"""

import hashlib
import io
from typing import Any

from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject, DictionaryObject, pdf_name, pdf_string

from signing.order import NUMBER_FIELDS
from signing.stages import Appender


def await_number(pdf: bytes) -> bytes:
    """Return the PDF, a drawing of ours without a form, with an empty field each for number and date.

    The same drawing gives the same bytes.
    """
    writer = Appender(io.BytesIO(pdf), strict=False)
    if "/AcroForm" in writer.root:
        raise ValueError("a drawing of ours has no form")
    fields = ArrayObject(
        writer.add_object(_dictionary({"/FT": pdf_name("/Tx"), "/T": pdf_string(name)}))
        for name in NUMBER_FIELDS
    )
    writer.root["/AcroForm"] = writer.add_object(_dictionary({"/Fields": fields}))
    writer.update_root()  # type: ignore[no-untyped-call]
    # pyHanko would draw lots for it; the same drawing must give the same bytes, for what was shown is what is signed
    first, _ = writer._document_id
    writer._document_id = ArrayObject([first, ByteStringObject(hashlib.sha256(pdf).digest()[:16])])
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def _dictionary(entries: dict[str, Any]) -> DictionaryObject:
    return DictionaryObject({pdf_name(key): one for key, one in entries.items()})  # type: ignore[no-untyped-call]

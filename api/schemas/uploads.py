"""Uploads under way as the API shows them."""

from datetime import datetime
from typing import Literal

from api.schemas.batches import ReceiptOut
from api.schemas.common import Frozen


class UploadOut(Frozen):
    """An upload: `offset` of its `length` bytes are durable; `coming` until the archive has received it.

    `refused`: received and refused, `code` and `tell` say why. `expires`: when it is thrown away if nobody goes on.
    """

    id: str
    batch_id: str
    name: str
    relative_path: str
    sha256: str
    offset: int
    length: int
    state: Literal["coming", "received", "refused"]
    expires: datetime | None = None
    code: str = ""
    tell: str = ""
    receipt: ReceiptOut | None = None

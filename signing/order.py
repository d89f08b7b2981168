"""Decide whether a signature may be added to a file as it stands: officials first, then the seal, then nothing.

What stands in a file is read from its certificates and their verified signatures, never from the names of its fields.
NĐ 30/2020 Art. 32: the organisation's seal goes only on papers that the competent person has signed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from records.errors import ArchiveFault, Conflict, Unfit
from signing.examine import HOUSE
from signing.key_table import KeyRole
from signing.profiles import BOXED, HOP, HOP_SEAL, OFFICIAL, PROFILES, SEAL, Profile
from signing.verdict import Answer, SignatureReport, Verdict

NUMBER_FIELDS = ("SoKyHieu", "NgayBanHanh")
"""Text fields for number and date, when they are given after the officials signed."""

VALIDATION_DATA_LATER = "validation-data-later"
"""The reason of a B-LT signature: its data follows it and no time stamp covers it yet."""
_STANDS = (Answer.VALID, Answer.VALID_LATER_CHANGES)


class Hand(Enum):
    """Whose hand a signature is."""

    OFFICIAL = "official"
    UNIT = "unit"
    STAMP = "stamp"


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature that stands in a file: whose, by which certificate (SHA-256), and whether it holds.

    `mark`: what the house that made it wrote into its signed part, "" for a stranger's.
    """

    field: str
    hand: Hand
    certificate_sha256: str
    holds: bool
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a file. `sound`: every signature of it holds; `why`: the sentence when not."""

    signed: tuple[Signed, ...] = ()
    sound: bool = True
    why: str = ""

    def by(self, hand: Hand) -> tuple[Signed, ...]:
        """Return the signatures of one kind of hand, in file order."""
        return tuple(one for one in self.signed if one.hand is hand)


def holds(report: SignatureReport) -> bool:
    """Return whether one signature is good, also when what it allows (a number, validation data) came after it."""
    allowed = report.changes == "form-filling" or report.reason == VALIDATION_DATA_LATER
    later = report.verdict is Answer.VALID_LATER_CHANGES and allowed
    return report.intact and report.trusted and (report.verdict is Answer.VALID or later)


def read_standing(
    reader: PdfFileReader, verdict: Verdict, role_of: Callable[[str], KeyRole | None]
) -> Standing:
    """Return what stands in the file of `reader`, on which our own check said `verdict`.

    `role_of` tells the role of a certificate (its SHA-256) that is in our table of keys, None for a stranger's: that
    is an official's when its chain is trusted and its signature does not say that it is a seal of ours.
    """
    reports = {one.field: one for one in verdict.signatures}
    signed = tuple(_signed(one, reports, role_of) for one in reader.embedded_signatures)
    sound = verdict.verdict in _STANDS and all(holds(one) for one in verdict.signatures)
    return Standing(signed, sound, "" if sound else verdict.tell)


def _signed(
    one: EmbeddedPdfSignature,
    reports: dict[str, SignatureReport],
    role_of: Callable[[str], KeyRole | None],
) -> Signed:
    report = reports.get(one.field_name)
    sha256: str = one.signer_cert.sha256.hex()
    if one.sig_object.get("/Type") == "/DocTimeStamp":
        hand = Hand.STAMP
    elif (role := role_of(sha256)) is not None:
        hand = Hand.OFFICIAL if role is KeyRole.OFFICIAL else Hand.UNIT
    else:
        mark = _house_mark(one)
        official = mark in ("", f"{OFFICIAL} 1") or PROFILES[HOP].marked(mark)
        hand = Hand.OFFICIAL if official else Hand.UNIT
    return Signed(one.field_name, hand, sha256, report is not None and holds(report), _house_mark(one))


def _house_mark(one: EmbeddedPdfSignature) -> str:
    try:
        application = one.sig_object["/Prop_Build"]["/App"]
        return str(application["/REx"]) if str(application["/Name"]) == f"/{HOUSE}" else ""
    except (KeyError, TypeError):
        return ""


def demand_order(profile: Profile, certificate_sha256: str, standing: Standing) -> None:
    """Refuse a signature out of its order.

    Raises `Unfit` (`file-already-signed`) for profiles that stand alone; `Conflict`: `order-after-time-stamp`,
    `already-sealed`, `order-official-after-seal`, `already-signed-by`, `order-seal-without-official`,
    `order-boxes-mixed`, `earlier-signature-invalid`.
    """
    if profile.alone:
        if standing.signed:
            raise already_signed()
        return
    if profile.name in BOXED:
        _demand_box(profile, standing)
        return
    if standing.by(Hand.STAMP):
        raise _conflict(
            "order-after-time-stamp",
            "Văn bản đã có dấu thời gian lưu trữ, là bước cuối cùng; không ký thêm được nữa. "
            "Nếu cần chữ ký khác, hãy ký lại từ bản chưa có dấu thời gian.",
        )
    if standing.by(Hand.UNIT):
        raise _after_seal(profile)
    _demand_officials(profile, certificate_sha256, standing)


def _demand_box(profile: Profile, standing: Standing) -> None:
    """Boxes are filled one after the other, each by its official and then its seal; one person may fill two of them.

    The time stamps between them are those of the boxes; a stamp of anything else is the last step of its paper.
    """
    boxes = [one for one in standing.signed if one.hand is not Hand.STAMP]
    if len(boxes) < len(standing.signed) and not boxes:
        raise _conflict(
            "order-after-time-stamp", "Văn bản đã có dấu thời gian lưu trữ; không ký thêm được nữa."
        )
    if not all(PROFILES[HOP].marked(one.mark) or PROFILES[HOP_SEAL].marked(one.mark) for one in boxes):
        raise _conflict(
            "order-boxes-mixed",
            "Văn bản đã có chữ ký không theo ô nên không ký tiếp theo ô được. Hãy dùng đúng kiểu ký ban đầu.",
        )
    if not standing.sound:
        raise _conflict(
            "earlier-signature-invalid",
            f"Không ký thêm được: chữ ký ở ô trước không hợp lệ. {standing.why}",
        )
    if profile.name == HOP_SEAL and (not boxes or boxes[-1].hand is not Hand.OFFICIAL):
        raise _conflict(
            "order-seal-without-official",
            "Chưa đóng dấu ô này được: ô chưa có chữ ký số của người có thẩm quyền. Hãy trình ký trước.",
        )


def _demand_officials(profile: Profile, certificate_sha256: str, standing: Standing) -> None:
    officials = standing.by(Hand.OFFICIAL)
    if profile.name == SEAL and not any(one.holds for one in officials):
        why = f" {standing.why}" if officials else ""
        raise _conflict(
            "order-seal-without-official",
            "Chưa đóng dấu được: văn bản chưa có chữ ký số hợp lệ của người có thẩm quyền "
            f"(Nghị định 30/2020, Điều 32).{why} Hãy trình ký trước.",
        )
    if any(one.certificate_sha256 == certificate_sha256 for one in officials):
        raise _conflict(
            "already-signed-by",
            "Chứng thư này đã ký văn bản rồi; một người không ký hai lần. Chưa ký gì thêm.",
        )
    if not standing.sound:
        raise _conflict(
            "earlier-signature-invalid",
            f"Không ký thêm được: chữ ký đã có trên văn bản không hợp lệ. {standing.why}",
        )


def _after_seal(profile: Profile) -> ArchiveFault:
    if profile.name == SEAL:
        return _conflict("already-sealed", "Văn bản đã có con dấu của cơ quan; không đóng dấu hai lần.")
    return _conflict(
        "order-official-after-seal",
        "Văn bản đã đóng dấu cơ quan nên không ký thêm được. Thứ tự đúng: người có thẩm quyền ký, rồi mới đóng dấu.",
    )


def demand_numbered(reader: PdfFileReader) -> None:
    """Refuse to seal a paper whose number or date is a field that nobody has filled.

    Raises `Conflict` (`order-number-missing`).
    """
    for name, field in text_fields(reader):
        if name in NUMBER_FIELDS and not ("/V" in field and str(field["/V"]).strip()):
            raise _conflict(
                "order-number-missing",
                "Văn bản chưa có số, ký hiệu hoặc ngày ban hành nên chưa đóng dấu được. Hãy cấp số trước.",
            )


def only_numbered(verdict: Verdict) -> bool:
    """Return whether all that came after the signatures of a file are values of its number and date fields."""
    changes = [change for one in verdict.signatures for change in one.later_changes]
    return bool(changes) and all(
        change.code == "form-value" and change.where in NUMBER_FIELDS for change in changes
    )


def text_fields(reader: PdfFileReader) -> list[tuple[str, dict[str, object]]]:
    """Return the text fields at the top of the form, by name."""
    try:
        fields = [reference.get_object() for reference in reader.root["/AcroForm"]["/Fields"]]
    except KeyError:
        return []
    return [(str(one["/T"]), one) for one in fields if "/T" in one and "/FT" in one and one["/FT"] == "/Tx"]


def already_signed() -> Unfit:
    """Return the refusal of a file that carries a signature already, for a profile that stands alone."""
    return Unfit(
        "already signed",
        code="file-already-signed",
        tell="Tệp đã có chữ ký số; kiểu ký này chỉ dùng cho bản chưa ký. Tệp được giữ nguyên.",
    )


def _conflict(code: str, tell: str) -> Conflict:
    return Conflict(code, code=code, tell=tell)

"""What is on a paper: who issues it, its number and day, who signs, who gets it. Checked before anything is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from procedures.papers.faces import Faces
from procedures.papers.kinds import Answer, Kind, kind_named, kinds, missing_fields, one_line
from procedures.papers.layouts import Layout, layout_at
from records.errors import Unfit
from records.numbers import parse_number
from records.units import System

_MOST_NAME, _MOST_LINE, _MOST_RECIPIENTS = 50, 200, 60


@dataclass(frozen=True, slots=True)
class Organ:
    """Who issues the paper, as its heading says it. `superior`: the body above, if named; `place`: địa danh."""

    name: str
    place: str
    superior: str = ""


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs. `authority`: lines above the title ("T/M BAN THƯỜNG VỤ", "KT. CHỦ TỊCH"); none when he signs alone."""

    title: str
    name: str
    authority: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """What one body writes into its box of a letter. `to`: whom it sends the member on to; `note`: what else it says.

    `dated` false: room for the date. `corrects`: of which box these are the right words, 0: of none; `struck`: the
    words that were wrong, legibly struck through. `proof`: where the signature stands when it is not in this file.
    """

    to: str
    place: str
    day: date
    signatory: Signatory
    dated: bool = True
    note: str = ""
    corrects: int = 0
    struck: tuple[str, ...] = ()
    proof: str = ""


@dataclass(frozen=True, slots=True)
class BoxSheet:
    """One box to be drawn: of the letter of `letter_day`, in which box of it, and what it says."""

    system: System
    letter_day: date
    number: int
    hop: Hop


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paper to be drawn.

    `kind`: a name of `kinds.toml`. `notation`: "QĐ/TU", "QĐ-UBND". `number`: as printed, empty on a draft; both are
    empty where the kind has no number. `day`: of issue, of drafting on a draft; it chooses the layout rule. `fields`:
    what the kind asks for. Of a letter with boxes: `printed` are boxes that were signed before this letter had its
    number, `note` is what box 1 says besides.
    """

    kind: str
    system: System
    organ: Organ
    notation: str
    day: date
    signatory: Signatory
    fields: Mapping[str, object] = field(repr=False)
    number: str = ""
    recipients: tuple[str, ...] = ()
    urgency: str = ""
    secrecy: str = ""
    printed: tuple[Hop, ...] = ()
    note: str = ""

    @property
    def draft(self) -> bool:
        """Whether it has no number yet, and is of a kind that gets one."""
        kind = kinds().get(self.kind)
        return not self.number and (kind is None or kind.numbered)


@dataclass(frozen=True, slots=True)
class Checked:
    """A sheet that can be drawn: cleaned, with its kind, the layout rule of its day and an answer for every field."""

    sheet: Sheet
    kind: Kind
    layout: Layout
    answers: Mapping[str, Answer] = field(repr=False)

    @property
    def number_text(self) -> str:
        """Number and notation as they are told apart from the paper: `05-QĐ/TU`, `1205/QĐ-UBND`."""
        joint = "-" if self.sheet.system is System.PARTY else "/"
        return f"{self.sheet.number}{joint}{self.sheet.notation}"


def check_sheet(sheet: Sheet, faces: Faces) -> Checked:
    """Return `sheet` cleaned and found fit to be drawn.

    Raises `Unfit` naming what a person must change: `paper-kind-unknown`, `paper-field-…` (see `Kind.answers`),
    `paper-number-wrong`, `paper-authority-wrong`, `paper-mark-wrong`, `paper-letter` (a character that no font here
    draws); `ArchiveFault` (`layout-not-in-force`).
    """
    layout = layout_at(sheet.system, sheet.day)
    kind = kind_named(sheet.kind, sheet.system)
    clean = _cleaned(sheet)
    _demand_heading(clean, kind)
    checked = Checked(clean, kind, layout, kind.answers(clean.fields))
    _demand_number(checked)
    _demand_authority(clean.signatory, layout)
    _demand_marks(clean, layout)
    _demand_letters(checked, faces)
    for number, hop in enumerate(clean.printed, start=1):
        demand_hop(hop, number, layout, faces)
    return checked


def clean_hop(hop: Hop) -> Hop:
    """Return `hop` with every part on one line."""
    struck = tuple(text for one in hop.struck if (text := one_line(one)))
    return replace(
        hop,
        to=one_line(hop.to),
        place=one_line(hop.place),
        signatory=clean_signatory(hop.signatory),
        note=one_line(hop.note),
        struck=struck,
    )


def demand_hop(hop: Hop, number: int, layout: Layout, faces: Faces) -> None:
    """Refuse a box without whom it sends to, place, or signatory, or with letters that cannot be drawn.

    Raises `Unfit`: `paper-field-missing`, `paper-field-wrong`, `paper-authority-wrong`, `paper-letter`.
    """
    if not hop.to or not hop.place:
        raise missing_fields(f"Ô {number}", ["Kính chuyển" if not hop.to else "Địa danh"])
    demand_signatory(hop.signatory, layout, f"Ô {number}")
    who = hop.signatory
    said = (hop.to, hop.place, hop.note, who.title, who.name, *hop.struck, *who.authority)
    demand_letters(f"Ô {number}", said, faces)


def clean_signatory(who: Signatory) -> Signatory:
    """Return `who` with every part on one line."""
    authority = tuple(text for one in who.authority if (text := one_line(one)))
    return Signatory(one_line(who.title), one_line(who.name), authority)


def demand_signatory(who: Signatory, layout: Layout, paper: str) -> None:
    """Refuse a signatory without title or name, too long, or whose authority is written as the other system does.

    Raises `Unfit`: `paper-field-missing`, `paper-field-wrong`, `paper-authority-wrong`.
    """
    _demand_said(paper, {"Chức vụ người ký": who.title, "Họ tên người ký": who.name})
    if len(who.name) > _MOST_NAME:
        raise _wrong("Họ tên người ký", f"dài quá {_MOST_NAME} chữ")
    _demand_authority(who, layout)


def _cleaned(sheet: Sheet) -> Sheet:
    organ = Organ(one_line(sheet.organ.name), one_line(sheet.organ.place), one_line(sheet.organ.superior))
    return replace(
        sheet,
        organ=organ,
        signatory=clean_signatory(sheet.signatory),
        notation=one_line(sheet.notation),
        number=one_line(sheet.number),
        recipients=tuple(text for one in sheet.recipients if (text := one_line(one))),
        printed=tuple(clean_hop(one) for one in sheet.printed),
        note=one_line(sheet.note),
    )


def _demand_heading(sheet: Sheet, kind: Kind) -> None:
    _demand_said(
        kind.type_name,
        {
            "Tên cơ quan ban hành": sheet.organ.name,
            "Địa danh": sheet.organ.place,
            "Ký hiệu": sheet.notation if kind.numbered else "không có",
            "Chức vụ người ký": sheet.signatory.title,
            "Họ tên người ký": sheet.signatory.name,
        },
    )
    long = {"Tên cơ quan ban hành": sheet.organ.name, "Tên cơ quan cấp trên": sheet.organ.superior}
    for label, text in long.items():
        if len(text) > _MOST_LINE:
            raise _wrong(label, f"dài quá {_MOST_LINE} chữ")
    if len(sheet.signatory.name) > _MOST_NAME:
        raise _wrong("Họ tên người ký", f"dài quá {_MOST_NAME} chữ")
    if len(sheet.recipients) > _MOST_RECIPIENTS or any(len(one) > _MOST_LINE for one in sheet.recipients):
        raise _wrong("Nơi nhận", f"có quá {_MOST_RECIPIENTS} dòng, hoặc một dòng dài quá {_MOST_LINE} chữ")


def _demand_said(paper: str, said: Mapping[str, str]) -> None:
    if missing := [label for label, text in said.items() if not text]:
        raise missing_fields(paper, missing)


def _demand_number(checked: Checked) -> None:
    """Demand that number and notation read back as the system writes them; a draft is held to its notation."""
    sheet = checked.sheet
    if not checked.kind.numbered:
        if sheet.number or sheet.notation:
            raise Unfit(
                f"{sheet.kind}: {sheet.number!r} {sheet.notation!r}",
                code="paper-number-wrong",
                tell=f"{checked.kind.type_name} không có số và ký hiệu. Hãy bỏ số rồi tạo lại.",
            )
        return
    tried = replace(checked, sheet=replace(sheet, number=sheet.number or "1"))
    found = parse_number(tried.number_text)
    digits = not sheet.number or (sheet.number.isascii() and sheet.number.isdigit())
    if not digits or found is None or found.form != sheet.system.value or found.text != tried.number_text:
        raise Unfit(
            f"{sheet.system}: {tried.number_text!r}",
            code="paper-number-wrong",
            tell=f"Số, ký hiệu “{sheet.number} {sheet.notation}” không đúng mẫu của cơ quan "
            f"{'đảng (như 05-QĐ/TU)' if sheet.system is System.PARTY else 'nhà nước (như 1205/QĐ-UBND)'}. "
            "Hãy kiểm tra lại ký hiệu.",
        )


def _demand_authority(who: Signatory, layout: Layout) -> None:
    for line in who.authority:
        if not line.startswith(tuple(f"{mark} " for mark in layout.authorities)):
            raise Unfit(
                f"{layout.system}: {line!r}",
                code="paper-authority-wrong",
                tell=f"Quyền hạn ký “{line}” không đúng mẫu; phải ghi như {layout.authority_example}. "
                "Hãy sửa rồi tạo lại.",
            )


def _demand_marks(sheet: Sheet, layout: Layout) -> None:
    marks = {
        "Mức độ khẩn": (sheet.urgency, layout.urgencies),
        "Mức độ mật": (sheet.secrecy, layout.secrecies),
    }
    for label, (said, known) in marks.items():
        if said and said not in known:
            raise Unfit(
                f"{label}: {said!r}",
                code="paper-mark-wrong",
                tell=f"{label} “{said}” không có trong quy định; dùng một trong: {', '.join(known)}.",
            )


def _demand_letters(checked: Checked, faces: Faces) -> None:
    sheet, labels = checked.sheet, {rule.name: rule.label for rule in checked.kind.fields}
    said: dict[str, object] = {labels[name]: answer for name, answer in checked.answers.items()}
    organ, who = sheet.organ, sheet.signatory
    said |= {
        "Tên cơ quan": (organ.name, organ.superior, organ.place),
        "Ký hiệu": sheet.notation,
        "Người ký": (who.title, who.name, *who.authority),
        "Nơi nhận": sheet.recipients,
        "Ô 1": sheet.note,
    }
    for label, answer in said.items():
        demand_letters(label, answer, faces)


def demand_letters(label: str, answer: object, faces: Faces) -> None:
    """Refuse a character of `answer` (text, or texts in texts) that the faces lack: `Unfit` (`paper-letter`)."""
    if isinstance(answer, tuple):
        for one in answer:
            demand_letters(label, one, faces)
    elif isinstance(answer, str) and (lacking := faces.lacking(answer)):
        told = " ".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in lacking)
        raise Unfit(
            f"{label}: {[f'U+{ord(char):04X}' for char in lacking]}",
            code="paper-letter",
            tell=f"Mục “{label}” có ký tự không in được: {told}. Hãy viết lại bằng chữ tiếng Việt.",
        )


def _wrong(label: str, why: str) -> Unfit:
    return Unfit(
        f"{label}: {why}",
        code="paper-field-wrong",
        tell=f"Mục “{label}” {why}. Hãy sửa rồi tạo lại; chưa tạo gì.",
    )

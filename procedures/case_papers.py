"""What moves do to the papers and the form of a case: open, number, draw and sign, fill and strike boxes, void. Pure.

Rules: an error in box 1 makes the letter void and a new one is written; in a later box the words are struck through so
that they stay legible, and the right ones written above (12-HD/BTCTW 2022). What was shown is what is signed: each
signature is on the bytes that the one before, or the drawing, gave.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from procedures.asking import View
from procedures.definition import Definition, Rule
from records.case import Box, Case, CasePaper, Channel, Struck, current
from records.outcome import Refused
from signing.profiles import HOP

Effect = Callable[..., Case | Refused]
_SHA256 = re.compile(r"[0-9a-f]{64}")
IDENTIFIER = re.compile(r"[0-9A-Za-z:-]{1,80}")
"""What ids of documents and signings look like."""
MOST_NOTE = 500
MOST_NUMBER = 60


def take_effect(view: View) -> Case | Refused:
    """Return the case with its papers as they are after the move, or the refusal of the first effect that cannot be."""
    case = view.case
    for rule in view.move.effects:
        done = _EFFECTS[rule.name][0](replace(view, case=case), *rule.arguments)
        if isinstance(done, Refused):
            return done
        case = done
    return _sign(replace(view, case=case)) if view.move.signs else case


def fitting_effect(definition: Definition, rule: Rule) -> str:
    """Return what is wrong with an effect as a procedure calls it, "" when nothing is."""
    if rule.name not in _EFFECTS:
        return f"unknown effect {rule.name!r}"
    kinds = _EFFECTS[rule.name][1]
    if len(kinds) != len(rule.arguments):
        return f"effect {rule.name} takes {len(kinds)} arguments"
    known = {"paper": definition.papers, "body": definition.bodies, "field": definition.fields}
    wrong = [given for kind, given in zip(kinds, rule.arguments, strict=True) if given not in known[kind]]
    return f"effect {rule.name}: unknown {', '.join(wrong)}" if wrong else ""


def _open(view: View, kind: str) -> Case | Refused:
    old = current(view.case)
    if old is not None and old.kind == kind:
        return Refused(
            "paper-open",
            f"paper {old.ordinal} still counts",
            "Hồ sơ đang có một bản còn hiệu lực. Hãy hủy bản đó (ghi lý do) trước khi lập bản mới.",
        )
    paper = CasePaper(len(view.case.papers) + 1, kind)
    return replace(view.case, papers=(*view.case.papers, paper))


def _draw(view: View) -> Case | Refused:
    """On paper nothing is drawn by us: the scan stands for it. What is drawn anew has its boxes in their order."""
    if view.ask.channel is Channel.PAPER:
        return _with(view, lambda paper: replace(paper, sha256="", signed=()))
    paper = current(view.case)
    if not view.move.signs and paper is not None and any(box.body == view.body for box in paper.boxes):
        return Refused(
            "letter-signed",
            f"{view.body} has filled its box",
            "Giấy giới thiệu này đã được đơn vị ký vào ô của mình nên không trình bày lại được. Hãy sửa ô, hoặc hủy "
            "giấy (ghi lý do) rồi lập giấy mới.",
        )
    if not _SHA256.fullmatch(view.ask.paper_sha256):
        return Refused(
            "paper-not-drawn",
            f"paper_sha256 {view.ask.paper_sha256[:80]!r}",
            "Chưa có bản trình bày của văn bản nên chưa ký được. Hãy mở lại bản xem trước rồi thử lại.",
        )
    return _with(
        view,
        lambda paper: replace(
            paper,
            sha256=view.ask.paper_sha256,
            boxes=tuple(replace(box, number=box.ordinal) for box in paper.boxes),
        ),
    )


def _number(view: View) -> Case | Refused:
    number, dated = view.ask.number.strip(), view.ask.dated
    if not number or len(number) > MOST_NUMBER or not number.isprintable() or dated is None:
        return Refused(
            "number-missing",
            f"number {number[:80]!r} of {dated}",
            "Chưa có số và ngày của văn bản. Hãy lấy số trong sổ đăng ký văn bản đi trước.",
        )
    if dated > view.world.today:
        return Refused(
            "date-ahead",
            f"dated {dated}, today is {view.world.today}",
            f"Ngày văn bản {dated:%d/%m/%Y} chưa tới. Hãy ghi ngày ký, không muộn hơn hôm nay.",
        )
    return _with(view, lambda paper: replace(paper, number=number, dated=dated))


def _fill(view: View, to_body: str) -> Case | Refused:
    if view.acting is None:
        raise RuntimeError(f"{view.move.code}: a box is filled by a body")
    if len(view.ask.note) > MOST_NOTE:
        return _long(view)
    to_unit = "" if to_body == view.body else next(iter(view.case.bodies.get(to_body, ())), "")
    acting, today = view.acting, view.day

    def fill(paper: CasePaper) -> CasePaper:
        """A box that was filled before a return stays; sent elsewhere now, its old words are struck through."""
        old = next((box for box in paper.boxes if box.body == view.body), None)
        ordinal = len(paper.boxes) + 1 if old is None else old.ordinal
        struck = () if old is None else old.struck
        if old is not None:
            if old.to_unit_id == to_unit and view.ask.note in ("", old.note):
                said = replace(old, by=view.person.account_id, role=acting.role, form=acting.form, day=today)
                return _boxed(view, paper, said)
            struck += (Struck(old.to_unit_id, old.note, view.ask.comment, view.person.account_id, today),)
        who = (view.person.account_id, acting.role, acting.form)
        number = 0 if old is None else old.number
        box = Box(ordinal, view.body, acting.unit_id, to_unit, view.ask.note, *who, today, struck, number)
        return _boxed(view, paper, box)

    return _with(view, fill)


def _strike(view: View) -> Case | Refused:
    paper = current(view.case)
    boxes = paper.boxes if paper else ()
    if view.ask.box == 1:
        return Refused(
            "first-box",
            "box 1 is never corrected",
            "Ô 1 ghi sai thì không sửa mà phải lập giấy giới thiệu mới. Hãy chọn “Lập giấy mới”.",
        )
    if not 1 < view.ask.box <= len(boxes):
        return Refused(
            "box-unknown", f"box {view.ask.box}", f"Giấy giới thiệu không có ô {view.ask.box} đã ghi."
        )
    if not view.ask.note or len(view.ask.note) > MOST_NOTE:
        return _long(view)
    old = boxes[view.ask.box - 1]
    if old.body != view.body:
        return Refused(
            "box-of-others",
            f"box {old.ordinal} is of {old.unit_id}",
            f"Ô {old.ordinal} do đơn vị khác ghi nên chỉ đơn vị đó được sửa.",
        )
    struck = Struck(old.to_unit_id, old.note, view.ask.comment, view.person.account_id, view.world.today)
    new = replace(old, note=view.ask.note, struck=(*old.struck, struck))
    return _with(view, lambda paper: _boxed(view, paper, new))


def _boxed(view: View, paper: CasePaper, box: Box) -> CasePaper:
    """Return the paper with this box in its ordinal's place; what is signed takes the next free box of the sheet."""
    if view.ask.channel is Channel.PAPER:
        box = replace(box, by_hand=True)
    elif HOP in view.move.signs:
        number = 1 + max((one.number for one in paper.boxes), default=0)
        box = replace(box, number=number, by_hand=False)
    return replace(paper, boxes=(*paper.boxes[: box.ordinal - 1], box, *paper.boxes[box.ordinal :]))


def _take_over(view: View, source: str, target: str) -> Case | Refused:
    form = dict(view.case.form)
    if source in form:
        form[target] = form.pop(source)
    return replace(view.case, form=form)


def _clear(view: View, field: str) -> Case | Refused:
    return replace(view.case, form={code: value for code, value in view.case.form.items() if code != field})


def _void(view: View) -> Case | Refused:
    return _with(view, lambda paper: replace(paper, void=view.ask.comment))


def _sign(view: View) -> Case | Refused:
    """On paper, hand and seal stand on the sheet, and the scan shows them; else the profiles have signed in order.

    From then on the sheet is what counts: what was drawn and signed before lacks what was written by hand.
    """
    if view.ask.channel is Channel.PAPER:
        return _with(view, lambda paper: replace(paper, sha256="", signed=()))
    profiles = tuple(one.profile for one in view.ask.signed)
    if profiles != view.move.signs:
        return Refused(
            "not-signed",
            f"signed {profiles}, needed {view.move.signs}",
            "Văn bản chưa được ký đủ theo thứ tự quy định nên chưa chuyển bước. Hãy ký rồi thử lại.",
        )
    paper = current(view.case)
    at = paper.sha256 if paper else ""
    if not at:
        return Refused(
            "paper-not-drawn",
            "no drawn paper to be signed",
            "Văn bản của hồ sơ đang là bản giấy nên không ký số được ở bước này. Hãy ký trên bản giấy và kèm bản quét, "
            "hoặc trả lại để lập bản điện tử.",
        )
    for one in view.ask.signed:
        made = _SHA256.fullmatch(one.after_sha256) and IDENTIFIER.fullmatch(one.signing_id)
        if one.before_sha256 != at or not made or one.after_sha256 == at:
            return Refused(
                "paper-altered",
                f"{one.profile} signed {one.before_sha256[:64]!r}, the paper is {at!r}",
                "Bản đã ký không phải là bản đã trình: nội dung bị thay đổi, hoặc đã ký quá 10 ngày. Không ghi nhận "
                "chữ ký này; hãy mở lại bản hiện hành và ký lại.",
            )
        at = one.after_sha256
    return _with(view, lambda paper: replace(paper, sha256=at, signed=(*paper.signed, *view.ask.signed)))


def _with(view: View, change: Callable[[CasePaper], CasePaper]) -> Case | Refused:
    paper = current(view.case)
    if paper is None:
        return Refused(
            "no-paper", "no paper counts", "Hồ sơ chưa có văn bản nào còn hiệu lực để làm bước này."
        )
    new = change(paper)
    return replace(view.case, papers=tuple(new if old is paper else old for old in view.case.papers))


def _long(view: View) -> Refused:
    return Refused(
        "note-unfit",
        f"{len(view.ask.note)} letters",
        f"Nội dung ghi vào ô phải có và không quá {MOST_NOTE} chữ. Hãy viết gọn lại.",
    )


_EFFECTS: dict[str, tuple[Effect, tuple[str, ...]]] = {
    "open-paper": (_open, ("paper",)),
    "draw-paper": (_draw, ()),
    "number-paper": (_number, ()),
    "fill-box": (_fill, ("body",)),
    "strike-box": (_strike, ()),
    "void-paper": (_void, ()),
    "take-over": (_take_over, ("field", "field")),
    "clear-field": (_clear, ("field",)),
}
"""Each effect with the kinds of its arguments."""

"""The conditions that a move may have, by the name the procedures call them. Pure; each answers with its sentence.

A guard sees the case with the form as it would be after the move. What it is given in the procedure's file is checked
when that is read (`fitting`), so a name that is misspelt never reaches a case.
"""

from collections.abc import Callable
from datetime import date

from procedures.asking import View
from procedures.deadlines import last_day
from procedures.definition import LEVELS, Definition, FieldKind, Rule
from procedures.forms import day_of, whole_form
from records.case import Channel, current
from records.outcome import Refused
from signing.profiles import HOP

Guard = Callable[..., Refused | None]


def hold(view: View) -> Refused | None:
    """Return the first refusal of the guards of the move, None when all hold."""
    for rule in view.move.guards:
        refused = _GUARDS[rule.name][0](view, *rule.arguments)
        if refused is not None:
            return refused
    return None


def fitting(definition: Definition, rule: Rule) -> str:
    """Return what is wrong with a guard as a procedure calls it, "" when nothing is."""
    if rule.name not in _GUARDS:
        return f"unknown guard {rule.name!r}"
    kinds = _GUARDS[rule.name][1]
    if len(kinds) != len(rule.arguments):
        return f"guard {rule.name} takes {len(kinds)} arguments"
    known = {
        "body": set(definition.bodies),
        "field": set(definition.fields),
        "date": {field.code for field in definition.fields.values() if field.kind is FieldKind.DATE},
        "deadline": {deadline.code for deadline in definition.deadlines},
        "level": set(LEVELS),
    }
    wrong = [given for kind, given in zip(kinds, rule.arguments, strict=True) if given not in known[kind]]
    return f"guard {rule.name}: unknown {', '.join(wrong)}" if wrong else ""


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, the last of the month where there is no such day (BLDS 2015 Điều 148.3).

    >>> add_months(date(2025, 11, 30), 3)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError(f"{months} months after {day}")


def _form_complete(view: View) -> Refused | None:
    faults = whole_form(view.definition, view.case.form, view.world.today)
    if not faults:
        return None
    more = f" (còn {len(faults) - 1} mục khác cần sửa)" if len(faults) > 1 else ""
    return Refused("form-incomplete", ", ".join(fault.field for fault in faults), f"{faults[0].tell}{more}")


def _draft_present(view: View, text: str) -> Refused | None:
    """A file was handed in, or the text of the template is written in this field."""
    if view.case.draft is not None or view.case.form.get(text):
        return None
    return Refused(
        "draft-missing", "no draft", "Chưa có dự thảo. Hãy soạn từ mẫu hoặc tải tệp lên rồi làm lại."
    )


def _no_inspection(view: View) -> Refused | None:
    if not view.world.facts.under_inspection:
        return None
    return Refused(
        "under-inspection",
        f"member {view.case.member_id} is under inspection",
        "Đảng viên đang được kiểm tra hoặc có đơn thư chưa giải quyết xong nên chưa được chuyển sinh hoạt đảng. "
        "Hồ sơ giữ nguyên; hãy làm tiếp khi đã có kết luận.",
    )


def _belongs(view: View, body: str, level: str) -> Refused | None:
    """The body named must be the member's own unit of that level."""
    own = dict(zip(LEVELS, view.world.facts.member_units, strict=False))
    if level in own and view.case.bodies.get(body) == (own[level],):
        return None
    title = view.definition.bodies[body].title
    return Refused(
        "not-of-this-unit",
        f"member {view.case.member_id} is of {view.world.facts.member_units}, not of {view.case.bodies.get(body)}",
        f"Đơn vị được chọn là “{title}” không phải {LEVELS[level]} của đảng viên. Hãy chọn đúng đơn vị đang quản lý "
        "đảng viên, hoặc báo chi bộ cập nhật hồ sơ đảng viên.",
    )


def _came_from(view: View, body: str) -> Refused | None:
    if view.case.bodies.get(body):
        return None
    title = view.definition.bodies[body].title
    return Refused(
        "came-on-paper",
        f"no unit is {body}",
        f"Hồ sơ này vào bằng bản giấy, “{title}” ở ngoài hệ thống nên không trả lại trên hệ thống được. "
        "Hãy trả lại bản giấy theo đường công văn rồi kết thúc hồ sơ.",
    )


def _outside(view: View, body: str) -> Refused | None:
    if not view.case.bodies.get(body):
        return None
    title = view.definition.bodies[body].title
    return Refused(
        "not-outside",
        f"{body} is in the house",
        f"“{title}” có trên hệ thống nên bước này không làm bằng bản giấy. Hãy chuyển trên hệ thống.",
    )


def _in_scope(view: View) -> Refused | None:
    for left_out in view.definition.out_of_scope:
        if view.world.facts.service == left_out.code:
            return Refused("out-of-scope", f"service {left_out.code}", left_out.tell)
    return None


def _not_exempt(view: View, told: str) -> Refused | None:
    """What the books know of the member counts, and what whoever asks has told in this field."""
    classes = (view.world.facts.exempt_class, view.case.form.get(told))
    for left_out in view.definition.exempt:
        here = not left_out.field or view.case.form.get(left_out.field) in left_out.values
        if here and left_out.code in classes:
            return Refused("exempt", f"class {left_out.code}", left_out.tell)
    return None


def _not_own(view: View) -> Refused | None:
    if not view.case.member_id or view.person.member_id != view.case.member_id:
        return None
    return Refused(
        "own-case",
        f"{view.person.account_id} decides on their own case",
        "Đây là hồ sơ của chính bạn nên bạn không tự giải quyết được. Hãy để người khác có thẩm quyền làm bước này.",
    )


def _late_reason(view: View, deadline: str, field: str) -> Refused | None:
    found = next(one for one in view.definition.deadlines if one.code == deadline)
    last = last_day(found, view.case, view.world.calendar)
    if last is None or view.world.today <= last or view.case.form.get(field):
        return None
    label = view.definition.fields[field].label
    return Refused(
        "late-without-reason",
        f"{deadline} was due on {last}",
        f"Đã quá hạn {found.days} ngày ({found.title}, hạn {last:%d/%m/%Y}). Hãy ghi mục “{label}” rồi gửi lại.",
    )


def _term(view: View, reason: str, begin: str, end: str) -> Refused | None:
    first, last = day_of(view.case.form, begin), day_of(view.case.form, end)
    if first is None or last is None:
        return Refused(
            "form-incomplete", "no term", "Chưa ghi đủ thời gian sinh hoạt tạm thời (từ ngày, đến ngày)."
        )
    for term in view.definition.terms:
        if view.case.form.get(reason) != term.reason:
            continue
        longest = add_months(first, term.most_months)
        if add_months(first, term.least_months) <= last and (
            last < longest or (last == longest and not term.open_end)
        ):
            return None
        most = f"dưới {term.most_months} tháng" if term.open_end else f"không quá {term.most_months} tháng"
        return Refused(
            "term-out-of-bounds",
            f"{first}–{last} for {term.reason}",
            f"Thời gian từ {first:%d/%m/%Y} đến {last:%d/%m/%Y} không đúng quy định: từ {term.least_months} tháng, "
            f"{most}. Hãy sửa ngày, hoặc làm thủ tục chuyển sinh hoạt chính thức.",
        )
    return Refused("form-incomplete", "no reason", "Chưa ghi lý do sinh hoạt tạm thời.")


def _after(view: View, field: str, other: str) -> Refused | None:
    later, earlier = day_of(view.case.form, field), day_of(view.case.form, other)
    if later is not None and earlier is not None and later > earlier:
        return None
    label, than = (view.definition.fields[code].label for code in (field, other))
    return Refused(
        "not-later", f"{field} {later}, {other} {earlier}", f"Mục “{label}” phải ghi ngày sau “{than}”."
    )


def _filled(view: View, field: str) -> Refused | None:
    if field in view.case.form:
        return None
    found = view.definition.fields[field]
    return Refused("form-incomplete", field, f"Chưa ghi mục “{found.label}”. {found.tell}")


def _last_profile(view: View) -> str:
    """Return under which profile the paper was signed last, "" when it is a sheet of paper or nobody has signed."""
    paper = current(view.case)
    return paper.signed[-1].profile if paper is not None and paper.sha256 and paper.signed else ""


def _box_signed(view: View) -> Refused | None:
    """What is sealed now is the box that was signed last; a box is sealed once."""
    if view.ask.channel is Channel.PAPER or _last_profile(view) == HOP:
        return None
    return Refused(
        "box-not-to-seal",
        f"signed last under {_last_profile(view)!r}",
        "Không có ô nào đang chờ đóng dấu điện tử: ô vừa ghi chưa có chữ ký số, hoặc đã đóng dấu rồi. Hãy tải lại "
        "hồ sơ.",
    )


def _box_sealed(view: View) -> Refused | None:
    """The letter goes on when the box of the body before is signed and sealed; on paper both stand there by hand."""
    if view.ask.channel is Channel.PAPER or _last_profile(view) != HOP:
        return None
    return Refused(
        "box-not-sealed",
        "the box before has no seal yet",
        "Ô trước đã ký nhưng chưa đóng dấu nên giấy giới thiệu chưa chuyển bước. Hãy nhờ văn thư đơn vị đó đóng dấu.",
    )


def _secret_on_paper(view: View, field: str) -> Refused | None:
    secrecy = str(view.case.form.get(field, ""))
    if view.ask.channel is Channel.PAPER or secrecy in ("", "none"):
        return None
    return Refused(
        "secret-on-paper",
        f"secrecy {secrecy} by the electronic channel",
        "Văn bản có nội dung bí mật nhà nước không được soạn thảo và xử lý trên mạng này. Hãy làm bằng bản giấy theo "
        "quy định về bảo vệ bí mật nhà nước, rồi ghi vào sổ ở kênh giấy.",
    )


_GUARDS: dict[str, tuple[Guard, tuple[str, ...]]] = {
    "form-complete": (_form_complete, ()),
    "draft-present": (_draft_present, ("field",)),
    "no-inspection": (_no_inspection, ()),
    "belongs": (_belongs, ("body", "level")),
    "in-scope": (_in_scope, ()),
    "not-exempt": (_not_exempt, ("field",)),
    "not-own": (_not_own, ()),
    "late-reason": (_late_reason, ("deadline", "field")),
    "term": (_term, ("field", "date", "date")),
    "after": (_after, ("date", "date")),
    "filled": (_filled, ("field",)),
    "came-from": (_came_from, ("body",)),
    "outside": (_outside, ("body",)),
    "box-signed": (_box_signed, ()),
    "box-sealed": (_box_sealed, ()),
    "secret-on-paper": (_secret_on_paper, ("field",)),
}
"""Each guard with the kinds of its arguments."""

"""The words `vanthu review …`. What they do is in `boot/reviewing.py`."""

import click

from boot.cli_context import settings_of

_PART = click.argument("part")
_DOCUMENT = click.argument("document")


@click.group("review")
def review_group() -> None:
    """Rà soát trang và trường thông tin có thể đã đọc sai."""


@review_group.command("list")
@click.option(
    "--state", type=click.Choice(["open", "accepted", "corrected"]), default="open", help="Trạng thái."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, help="Số dòng nhiều nhất.")
@click.option("--json", "as_json", is_flag=True, help="Mỗi mục một dòng JSON.")
@click.pass_context
def list_command(context: click.Context, state: str, limit: int, as_json: bool) -> int:
    """Liệt kê mục cần xem, mục đáng xem nhất trước."""
    from boot.reviewing import list_reviews

    return list_reviews(settings_of(context), state, limit, as_json=as_json)


@review_group.command("show")
@_DOCUMENT
@_PART
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def show_command(context: click.Context, document: str, part: str, as_json: bool) -> int:
    """Xem các từ đáng ngờ của một mục (PART: page-3, number, issued_date, subject)."""
    from boot.reviewing import show_review

    return show_review(settings_of(context), document, part, as_json=as_json)


@review_group.command("accept")
@_DOCUMENT
@_PART
@click.pass_context
def accept_command(context: click.Context, document: str, part: str) -> int:
    """Xác nhận một mục đã đọc đúng."""
    from boot.reviewing import accept_review

    return accept_review(settings_of(context), document, part)


@review_group.command("correct")
@_DOCUMENT
@_PART
@click.option(
    "--word", "words", multiple=True, metavar="N=TỪ", help="Từ thứ N (theo “review show”) trên giấy là TỪ."
)
@click.option("--value", default=None, help="Giá trị đúng của trường thông tin.")
@click.pass_context
def correct_command(
    context: click.Context, document: str, part: str, words: tuple[str, ...], value: str | None
) -> int:
    """Sửa từ của một trang, hoặc giá trị của một trường thông tin."""
    from boot.reviewing import correct_review

    typed: dict[int, str] = {}
    for word in words:
        number, equals, text = word.partition("=")
        if not equals or not number.isascii() or not number.isdigit():
            raise click.UsageError(f"--word {word}: phải viết dạng N=TỪ")
        typed[int(number)] = text
    if bool(typed) == (value is not None):
        raise click.UsageError("cần --word cho trang, hoặc --value cho trường thông tin")
    return correct_review(settings_of(context), document, part, typed, value)


@review_group.command("undo")
@_DOCUMENT
@_PART
@click.pass_context
def undo_command(context: click.Context, document: str, part: str) -> int:
    """Hoàn tác quyết định gần nhất về một mục."""
    from boot.reviewing import undo_review

    return undo_review(settings_of(context), document, part)


@review_group.command("fill")
@click.pass_context
def fill_command(context: click.Context) -> int:
    """Đưa tài liệu đã lưu trữ từ trước vào danh sách rà soát; chạy lại không hại gì."""
    from boot.reviewing import fill_reviews

    return fill_reviews(settings_of(context))

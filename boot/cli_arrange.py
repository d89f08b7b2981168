"""The words `vanthu batch arrange …` and `vanthu batch rescan …`. What they do is in `boot/arranging.py`."""

from pathlib import Path

import click

from boot.cli_context import settings_of

_BATCH = click.argument("batch")
_PAGES = click.argument("pages", nargs=-1, required=True, type=click.IntRange(1))
_VERSION = click.option(
    "--version",
    type=click.IntRange(0),
    default=None,
    help="Chỉ làm khi lô còn ở phiên bản này (theo “show”); bỏ trống: trên bản mới nhất.",
)


@click.group("arrange")
def arrange_group() -> None:
    """Sắp xếp trang của lô đang chờ: tách, gộp, chuyển, xoay, đánh dấu; hoàn tác được mọi thao tác.

    BATCH là mã lô (ít nhất 6 ký tự đầu); PAGE là số trang trong lô, như “show” in ra.
    """


@arrange_group.command("show")
@_BATCH
@click.option("--json", "as_json", is_flag=True, help="Mỗi trang một dòng JSON.")
@click.pass_context
def show_command(context: click.Context, batch: str, as_json: bool) -> int:
    """Xem các tài liệu đang được đề xuất và từng trang."""
    from boot.arranging import show

    return show(settings_of(context), batch, as_json=as_json)


@arrange_group.command("split")
@_BATCH
@click.argument("page", type=click.IntRange(1))
@_VERSION
@click.pass_context
def split_command(context: click.Context, batch: str, page: int, version: int | None) -> int:
    """Tách: PAGE trở thành trang đầu của một tài liệu mới."""
    from boot.arranging import do

    return do(settings_of(context), batch, version, "split", (page,))


@arrange_group.command("merge")
@_BATCH
@click.argument("page", type=click.IntRange(1))
@_VERSION
@click.pass_context
def merge_command(context: click.Context, batch: str, page: int, version: int | None) -> int:
    """Gộp tài liệu chứa PAGE vào tài liệu ngay trước nó."""
    from boot.arranging import do

    return do(settings_of(context), batch, version, "merge", (page,))


@arrange_group.command("move")
@_BATCH
@_PAGES
@click.option("--before", type=click.IntRange(1), help="Đặt ngay trước trang này.")
@click.option("--after", type=click.IntRange(1), help="Đặt ngay sau trang này.")
@click.option("--end-of", type=click.IntRange(1), help="Đặt cuối tài liệu chứa trang này.")
@click.option("--own", is_flag=True, help="Thành một tài liệu riêng.")
@_VERSION
@click.pass_context
def move_command(
    context: click.Context,
    batch: str,
    pages: tuple[int, ...],
    before: int | None,
    after: int | None,
    end_of: int | None,
    own: bool,
    version: int | None,
) -> int:
    """Chuyển các trang, theo đúng thứ tự đã viết, đến chỗ khác (cũng để đổi thứ tự trang)."""
    from boot.arranging import do

    places = {"before": before, "after": after, "end": end_of, "own": 0 if own else None}
    chosen = [(where, to) for where, to in places.items() if to is not None]
    if len(chosen) != 1:
        raise click.UsageError("cần đúng một trong --before, --after, --end-of, --own")
    where, to = chosen[0]
    return do(settings_of(context), batch, version, "move", pages, where=where, target=to)


@arrange_group.command("turn")
@_BATCH
@_PAGES
@click.option(
    "--degrees", type=click.Choice(["90", "180", "270"]), default="90", help="Theo chiều kim đồng hồ."
)
@_VERSION
@click.pass_context
def turn_command(
    context: click.Context, batch: str, pages: tuple[int, ...], degrees: str, version: int | None
) -> int:
    """Xoay trang để máy đọc; ảnh gốc giữ nguyên."""
    from boot.arranging import do

    return do(settings_of(context), batch, version, "turn", pages, turn=int(degrees))


@arrange_group.command("mark")
@_BATCH
@_PAGES
@click.option(
    "--as",
    "mark",
    required=True,
    type=click.Choice(["page", "blank", "out", "separator"]),
    help="page: trang của tài liệu; blank: trang trắng; out: lấy ra; separator: tờ ngăn cách.",
)
@_VERSION
@click.pass_context
def mark_command(
    context: click.Context, batch: str, pages: tuple[int, ...], mark: str, version: int | None
) -> int:
    """Nói trang là gì; không trang nào bị xóa, đưa lại bằng --as page."""
    from boot.arranging import do

    return do(settings_of(context), batch, version, "mark", pages, mark=mark)


@arrange_group.command("undo")
@_BATCH
@_VERSION
@click.pass_context
def undo_command(context: click.Context, batch: str, version: int | None) -> int:
    """Hoàn tác thao tác mới nhất."""
    from boot.arranging import do

    return do(settings_of(context), batch, version, "undo", ())


@arrange_group.command("redo")
@_BATCH
@_VERSION
@click.pass_context
def redo_command(context: click.Context, batch: str, version: int | None) -> int:
    """Làm lại thao tác vừa hoàn tác."""
    from boot.arranging import do

    return do(settings_of(context), batch, version, "redo", ())


@arrange_group.command("confirm")
@_BATCH
@_VERSION
@click.pass_context
def confirm_command(context: click.Context, batch: str, version: int | None) -> int:
    """Xác nhận thứ tự: lô được nhận dạng và lưu trữ."""
    from boot.arranging import confirm

    return confirm(settings_of(context), batch, version)


@arrange_group.command("reopen")
@_BATCH
@click.pass_context
def reopen_command(context: click.Context, batch: str) -> int:
    """Rút lại xác nhận khi tài liệu chưa được lập."""
    from boot.arranging import reopen

    return reopen(settings_of(context), batch)


@click.group("rescan")
def rescan_group() -> None:
    """Quét lại từng trang của lô đang chờ sắp xếp; bản cũ và bản mới đều được giữ."""


@rescan_group.command("ask")
@_BATCH
@click.argument("page", type=click.IntRange(1))
@click.option("--reason", required=True, help="Vì sao phải quét lại.")
@click.pass_context
def ask_command(context: click.Context, batch: str, page: int, reason: str) -> int:
    """Lập phiếu quét lại trang PAGE."""
    from boot.arranging import ask_rescan

    return ask_rescan(settings_of(context), batch, page, reason)


@rescan_group.command("list")
@_BATCH
@click.option("--json", "as_json", is_flag=True, help="Mỗi phiếu một dòng JSON.")
@click.pass_context
def list_command(context: click.Context, batch: str, as_json: bool) -> int:
    """Liệt kê các phiếu quét lại của lô."""
    from boot.arranging import list_rescans

    return list_rescans(settings_of(context), batch, as_json=as_json)


@rescan_group.command("deliver")
@_BATCH
@click.argument("ticket")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_context
def deliver_command(context: click.Context, batch: str, ticket: str, file: Path) -> int:
    """Nộp trang vừa quét lại: trang mới vào chỗ trang cũ. Chạy lại không hại gì."""
    from boot.arranging import deliver_rescan

    return deliver_rescan(settings_of(context), batch, ticket, file)


@rescan_group.command("cancel")
@_BATCH
@click.argument("ticket")
@click.pass_context
def cancel_command(context: click.Context, batch: str, ticket: str) -> int:
    """Hủy phiếu: trang giữ như cũ."""
    from boot.arranging import cancel_rescan

    return cancel_rescan(settings_of(context), batch, ticket)

"""The words `vanthu held`; what they do is in `boot/held.py`."""

import click

from boot.cli_context import settings_of

_DOCUMENT = click.argument("document")
_OFFICER = click.option(
    "--officer", required=True, metavar="TÊN", help="Tên đăng nhập của cán bộ bảo mật quyết định."
)
_NOTE = click.option("--note", default="", help="Căn cứ: số, ngày văn bản. Không ghi nội dung tài liệu.")


@click.group("held")
def held_group() -> None:
    """Tài liệu bị giữ vì dấu mật."""


@held_group.command("list")
@_OFFICER
@click.option("--json", "as_json", is_flag=True, help="Mỗi tài liệu một dòng JSON.")
@click.pass_context
def list_command(context: click.Context, officer: str, as_json: bool) -> int:
    """Liệt kê tài liệu đang bị giữ: tệp, trang, dấu đã thấy; không có ảnh hay chữ."""
    from boot.held import list_held

    return list_held(settings_of(context), officer, as_json=as_json)


@held_group.command("release")
@_DOCUMENT
@_OFFICER
@click.option(
    "--why",
    required=True,
    type=click.Choice(["misread", "declassified", "approved"]),
    help="Máy nhận nhầm; đã giải mật; đã được cho phép số hóa.",
)
@_NOTE
@click.pass_context
def release_command(context: click.Context, document: str, officer: str, why: str, note: str) -> int:
    """Cho phép xử lý tiếp một tài liệu (mã đầy đủ)."""
    from boot.held import release_held
    from ingest.held import Release

    return release_held(settings_of(context), officer, document, Release(why), note)


@held_group.command("remove")
@_DOCUMENT
@_OFFICER
@click.option(
    "--why",
    required=True,
    type=click.Choice(["secret", "mistake"]),
    help="Đúng là tài liệu mật; giao nhầm.",
)
@_NOTE
@click.confirmation_option(prompt="Xóa là không lấy lại được. Xóa?", help="Không hỏi lại.")
@click.pass_context
def remove_command(context: click.Context, document: str, officer: str, why: str, note: str) -> int:
    """Xóa hẳn một tài liệu khỏi kho và bản sao (mã đầy đủ)."""
    from boot.held import erase_held
    from ingest.held import Removal

    return erase_held(settings_of(context), officer, document, Removal(why), note)

"""The words `vanthu units` and `vanthu members`; what they do is in `boot/people.py`."""

from datetime import datetime
from pathlib import Path

import click

from boot.cli_context import settings_of

_LIST = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("units")
def units_group() -> None:
    """Đơn vị: tổ chức đảng và cơ quan nhà nước."""


@units_group.command("import")
@click.argument("source", type=_LIST)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def units_import_command(context: click.Context, source: Path, as_json: bool) -> int:
    """Nhập danh sách đơn vị (CSV); sai một dòng thì không nhập dòng nào."""
    from boot.people import take_in_units

    return take_in_units(settings_of(context), source, as_json=as_json)


@units_group.command("list")
@click.option("--on", "day", type=click.DateTime(formats=["%Y-%m-%d"]), default=None, help="Vào ngày nào.")
@click.option("--json", "as_json", is_flag=True, help="Mỗi đơn vị một dòng JSON.")
@click.pass_context
def units_list_command(context: click.Context, day: datetime | None, as_json: bool) -> int:
    """Liệt kê đơn vị vào một ngày (mặc định hôm nay)."""
    from boot.people import list_units

    return list_units(settings_of(context), day.date() if day else None, as_json=as_json)


@click.group("members")
def members_group() -> None:
    """Đảng viên."""


@members_group.command("import")
@click.argument("source", type=_LIST)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def members_import_command(context: click.Context, source: Path, as_json: bool) -> int:
    """Nhập danh sách đảng viên (CSV); sai một dòng thì không nhập dòng nào."""
    from boot.people import take_in_members

    return take_in_members(settings_of(context), source, as_json=as_json)

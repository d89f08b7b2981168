"""The words `vanthu complete`, `vanthu renew` and `vanthu provable`.

What they do is in `boot/completing.py` and `boot/renewing.py`.
"""

from datetime import datetime
from pathlib import Path

import click

from boot.cli_context import settings_of
from records.clock import VIETNAM

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_MOMENT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command("complete")
@click.option("--dry-run", is_flag=True, help="Chỉ đếm, không hoàn tất.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def complete_command(context: click.Context, dry_run: bool, as_json: bool) -> int:
    """Thêm dấu thời gian lưu trữ cho các tệp mới niêm phong ở mức B-T."""
    from boot.completing import complete

    return complete(settings_of(context), dry_run=dry_run, as_json=as_json)


@click.command("renew")
@click.option("--due-before", type=_DAY, default=None, help="Gia hạn cả những tệp đến hạn trước ngày này.")
@click.option("--dry-run", is_flag=True, help="Chỉ liệt kê, không gia hạn.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def renew_command(context: click.Context, due_before: datetime | None, dry_run: bool, as_json: bool) -> int:
    """Thêm dấu thời gian lưu trữ mới cho các tệp sắp hết hạn chứng minh."""
    from boot.renewing import renew

    return renew(settings_of(context), _local(due_before), dry_run=dry_run, as_json=as_json)


@click.command("provable")
@click.option("--before", type=_DAY, default=None, help="Chỉ những tệp chứng minh được đến trước ngày này.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, help="Số dòng nhiều nhất.")
@click.option("--listed", is_flag=True, help="Những tệp không gia hạn được, cần người xem.")
@click.option("--revoked", "serial", default="", help="Số sê-ri (hex) của chứng thư bị thu hồi.")
@click.option("--at", "revoked_at", type=_MOMENT, default=None, help="Thời điểm thu hồi (giờ Việt Nam).")
@click.option("--reason", default="", help="Lý do thu hồi theo RFC 5280, ví dụ key_compromise, superseded.")
@click.option(
    "--crl",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Danh sách thu hồi (CRL) để đối chiếu.",
)
@click.option("--json", "as_json", is_flag=True, help="Mỗi tệp một dòng JSON.")
@click.pass_context
def provable_command(
    context: click.Context,
    before: datetime | None,
    limit: int,
    listed: bool,
    serial: str,
    revoked_at: datetime | None,
    reason: str,
    crl: Path | None,
    as_json: bool,
) -> int:
    """Liệt kê tệp theo hạn chứng minh, hoặc tài liệu bị ảnh hưởng khi chứng thư bị thu hồi."""
    from boot.renewing import parse_reason, provable, touched
    from signing.revoked import Revocation

    if bool(serial) != bool(revoked_at):
        raise click.UsageError("--revoked và --at phải đi cùng nhau")
    moment = _local(revoked_at)
    if crl is None and moment is None:
        return provable(settings_of(context), _local(before), limit, listed=listed, as_json=as_json)
    number = serial.lower().replace(":", "").removeprefix("0x").lstrip("0")
    told = [Revocation(number, "", moment, parse_reason(reason))] if moment is not None else []
    return touched(settings_of(context), told, crl, as_json=as_json)


def _local(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=VIETNAM) if day is not None else None

"""The words `vanthu batch` that tell where pages are and what differs; what they do is in `boot/batches.py`."""

from pathlib import Path

import click

from boot.cli_context import settings_of
from boot.cli_separators import batch_group

__all__ = ["batch_group"]

_BATCH = click.argument("batch")
_OUT = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Tệp sẽ ghi."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON.")


@batch_group.command("list")
@_JSON
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> int:
    """Liệt kê các lô, mới nhất trước."""
    from boot.batches import list_batches

    return list_batches(settings_of(context), as_json=as_json)


@batch_group.command("show")
@_BATCH
@_JSON
@click.pass_context
def show_command(context: click.Context, batch: str, as_json: bool) -> int:
    """Xem mọi trang của lô đang ở đâu, các tài liệu, và điểm khác với danh mục."""
    from boot.batches import show_batch

    return show_batch(settings_of(context), batch, as_json=as_json)


@batch_group.command("handover")
@_BATCH
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_context
def handover_command(context: click.Context, batch: str, source: Path) -> int:
    """Nộp danh mục bàn giao (CSV hoặc XLSX) cho lô; bản mới thay bản trước, cả hai đều được giữ."""
    from boot.batches import give_handover

    return give_handover(settings_of(context), batch, source)


@batch_group.command("differences")
@_BATCH
@_OUT
@click.pass_context
def differences_command(context: click.Context, batch: str, out: Path) -> int:
    """Ghi báo cáo đối chiếu với danh mục (XLSX)."""
    from boot.batches import write_differences

    return write_differences(settings_of(context), batch, out)


@batch_group.command("minutes")
@_BATCH
@_OUT
@click.pass_context
def minutes_command(context: click.Context, batch: str, out: Path) -> int:
    """Lập biên bản bàn giao tài liệu (PDF/A) để hai bên ký."""
    from boot.batches import write_minutes

    return write_minutes(settings_of(context), batch, out)

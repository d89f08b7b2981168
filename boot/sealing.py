"""`vanthu sign` and `verify`: put a signature on a PDF, say truthfully whether one is good."""

from pathlib import Path

from boot.childroom import open_children, seal_in_child, verify_in_child
from boot.house import is_prepared
from boot.papers import sealing_seconds
from boot.settings import Settings
from boot.speak import Exit, console, emit, result, say
from records.clock import vietnam_iso
from records.errors import ArchiveFault
from signing.verdict import Answer, Verdict, verdict_to_json

_COLOURS = {Answer.VALID: "green", Answer.VALID_LATER_CHANGES: "yellow", Answer.INDETERMINATE: "yellow"}


def sign(settings: Settings, source: Path, out: Path, profile: str, key: str | None) -> Exit:
    """Sign `source` into `out`. Refuses to overwrite and refuses profiles that this version does not have."""
    if not is_prepared(settings):
        from boot.wiring import prepare

        prepare(settings)
    if out.exists():
        raise ArchiveFault(
            f"{out} exists",
            code="exists",
            tell=f"Tệp {out} đã có; chương trình không ghi đè. Hãy chọn tên khác.",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with open_children(settings, "sign") as children:
        sealed = children.run(
            "sign",
            sealing_seconds(source),
            seal_in_child,
            settings.signing,
            source.absolute(),
            out.absolute(),
            "",
            profile,
            key,
        )
    say(f"Đã ký {out} ({sealed.level}, {vietnam_iso(sealed.signed_at)}).")
    result(sealed.sha256)
    return Exit.WELL


def verify(settings: Settings, files: tuple[Path, ...], roots: tuple[Path, ...], *, as_json: bool) -> Exit:
    """Judge each file; exit code 0 only when every one is VALID."""
    good = True
    with open_children(settings, "parse", reads=(*files, *roots)) as children:
        for path in files:
            verdict = verify_in_child(children, roots or settings.roots, path, str(path))
            good = good and verdict.verdict is Answer.VALID
            if as_json:
                emit(verdict_to_json(verdict))
            else:
                _print(verdict)
    return Exit.WELL if good else Exit.NO


def _print(verdict: Verdict) -> None:
    colour = _COLOURS.get(verdict.verdict, "red")
    console.print(f"[bold {colour}]{verdict.verdict.value}[/] ", end="")
    say(f"{verdict.file}: {verdict.tell}")
    for one in verdict.signatures:
        when = vietnam_iso(one.signed_at) if one.signed_at else "không rõ thời điểm"
        told = "" if one.verdict is Answer.VALID else f" · {one.tell}"
        say(f"  {one.signer or one.field} · {when} · {one.level}{told}")
    if any(one.demo for one in verdict.signatures):
        say("Chữ ký DÙNG THỬ (DEMO): không có giá trị pháp lý.")

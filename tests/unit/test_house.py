"""The rules of the house that no linter knows: our package names are ours, and each file says why it exists."""

import ast
import importlib.metadata
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "records", "language", "storage", "ocr", "signing", "search", "ingest", "procedures", "jobs", "api", "boot",
)  # fmt: skip
OURS = (*PACKAGES, "web", "tests", "bench", "docs", "samples")

DOORS: dict[str, str | tuple[str, ...]] = {
    "sqlalchemy": "storage/",
    "alembic": "storage/",
    "argon2": "storage/",
    "tantivy": "search/tantivy_",
    "elasticsearch": "search/elastic_",
    "elastic_transport": "search/elastic_door.py",
    "pyhanko": "signing/",
    "pkcs11": "signing/tokens.py",
    "aiohttp": "signing/",
    "weasyprint": "signing/printing.py",
    "segno": "procedures/check_mark.py",
    "openpyxl": ("procedures/register_xlsx.py", "procedures/plain_sheet.py", "ingest/handover_sheet.py"),
    "tesserocr": "ocr/tesseract.py",
    "pytesseract": "ocr/second_engine.py",
    "ocrmypdf": "ocr/odd_pdf.py",
    "pikepdf": "ocr/",
    "dbos": "jobs/engine",
    "minio": "storage/s3",
    "psycopg": "storage/",
    "prometheus_client": "api/metrics.py",
    "opentelemetry": "boot/telemetry.py",
    "pebble": "jobs/children.py",
    "fastapi": "api/",
    "starlette": "api/",
    "pydantic_settings": "boot/settings.py",
}


@cache
def sources() -> list[Path]:
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]


@cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_no_installed_distribution_owns_one_of_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    assert {name: owners[name] for name in OURS if name in owners} == {}


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_each_file_says_why_it_exists(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert told and len(told.split("\n")[0]) > 20


@pytest.mark.parametrize("library", DOORS)
def test_each_outside_library_has_its_door(library: str) -> None:
    through = [str(p.relative_to(ROOT)) for p in sources() if library in imports(p)]
    assert [p for p in through if not p.startswith(DOORS[library])] == []


def test_plain_packages_use_the_standard_library_only() -> None:
    import sys

    allowed = set(sys.stdlib_module_names) | {"records", "language"}
    for package in ("records", "language"):
        for path in (ROOT / package).rglob("*.py"):
            assert imports(path) <= allowed, path


def test_lock_files_name_no_index() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        text = lock.read_text()
        assert "://" not in text
        assert "index-url" not in text
        assert "--hash=sha256:" in text


def test_every_setting_is_documented() -> None:
    from boot.settings import _Environment

    told = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    for name in _Environment.model_fields:
        assert f"VANTHU_{name.upper()}" in told

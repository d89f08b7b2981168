"""What grep can hold: one place for SQLite, one for passwords, none for a query without the access rule."""

import ast
import doctest
import sys
from pathlib import Path
from types import ModuleType

import pytest

from storage import canonical, columns

STORAGE = Path(__file__).parents[3] / "storage"
FILES = sorted(STORAGE.glob("*.py"))


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_verifier_knows_only_the_standard_library() -> None:
    """Other libraries are asked for by name, each only where it is needed (`sources.library`)."""
    files = sorted((STORAGE / "audit_verify").glob("*.py"))
    own = {path.stem for path in files} | {""}
    roots = {name.partition(".")[0] for path in files for name in _imports(path)}
    assert roots - own <= set(sys.stdlib_module_names)
    assert len(files) == 9


@pytest.mark.parametrize("module", [canonical, columns])
def test_examples_in_the_text_are_true(module: ModuleType) -> None:
    tried = doctest.testmod(module)
    assert tried.attempted
    assert not tried.failed


def test_only_one_file_knows_argon2() -> None:
    assert [p.name for p in FILES if any(n.startswith("argon2") for n in _imports(p))] == ["accounts.py"]


def test_sql_of_one_database_stays_in_its_file() -> None:
    """`engine_pool.py` serves the durable engine, whose own SQL is not ours."""
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if path.name not in (
            "sqlite.py",
            "postgres.py",
            "postgres_wire.py",
            "engine_pool.py",
            "audit_verify.py",
        ):
            assert "PRAGMA" not in text, path
            assert "pg_" not in text, path
            assert "exec_driver_sql" not in text, path
            assert "sqlalchemy.dialects" not in text, path


def test_only_one_file_knows_psycopg() -> None:
    assert [p.name for p in FILES if any(n.startswith("psycopg") for n in _imports(p))] == [
        "postgres_wire.py"
    ]


def test_levels_are_compared_in_one_place() -> None:
    assert [p.name for p in FILES if "readable_levels" in p.read_text(encoding="utf-8")] == ["visible.py"]

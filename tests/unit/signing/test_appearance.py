from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from records.errors import ArchiveFault
from records.units import System
from signing.appearance import RULES, Kind, load_rules, rules_at


def test_every_kind_has_a_rule_today_in_both_systems() -> None:
    for system in System:
        for kind in Kind:
            rule = rules_at(system, kind, date(2026, 11, 26))
            assert rule.source
            assert (rule.image is not None) == (kind in (Kind.OFFICIAL, Kind.SEAL))


def test_the_rule_is_that_of_its_day() -> None:
    before, after = (rules_at("state", "archive", date(2025, *day)) for day in ((6, 30), (7, 1)))
    assert "02/2019" in before.source
    assert "05/2025" in after.source


def test_a_moment_counts_as_its_day_in_vietnam() -> None:
    late = datetime(2025, 6, 30, 18, 0, tzinfo=UTC)  # 1 July, 01:00 in Vietnam
    assert "05/2025" in rules_at("state", "archive", late).source


@pytest.mark.parametrize(
    ("system", "kind", "day", "code"),
    [
        ("party", "seal", date(2026, 5, 26), "appearance-not-in-force"),
        ("state", "copy", date(2020, 3, 4), "appearance-not-in-force"),
        ("state", "copies", date(2026, 1, 1), "appearance-unknown"),
        ("army", "seal", date(2026, 1, 1), "appearance-unknown"),
    ],
)
def test_no_rule_no_drawing(system, kind, day, code) -> None:
    with pytest.raises(ArchiveFault) as fault:
        rules_at(system, kind, day)
    assert fault.value.code == code
    assert fault.value.tell.endswith((".", "!"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('kind = "seal"', 'kind = "seel"', "kind"),
        ("effective_to = 2025-06-30", "effective_to = 2018-01-01", "ends before"),
        ("effective_to = 2025-06-30", "effective_to = 2025-07-01", "two rules at once"),
        ("effective_to = 2025-06-30\n", "", "two rules at once"),
        ('"{organisation}", "{time}"]', '"{organization}", "{time}"]', "unknown words"),
        ('"{organisation}", "{time}"]', '"{organisation.__class__}", "{time}"]', "unknown words"),
        ('"{organisation}", "{time}"]', '"{organisation", "{time}"]', "lines"),
        ('forms = ["SAO Y", "SAO LỤC", "TRÍCH SAO"]\n', "", "belong together"),
        ("least_font_pt = 7.0", "least_font_pt = 11.0", "least font"),
        ("font_pt = 10.0", "font_pt = 1e9", "font_pt"),
        ('colour = "red"', 'colour = "green"', "colour"),
        ("true_size = true", "true_sise = true", "true_sise"),
        ('checked = "text"', "", "checked"),
        ("[[rule]]", "[[rules]]", "rule"),
        ('system = "state"', "system = ", "at line"),
    ],
)
def test_a_wrong_table_is_refused_whole(tmp_path: Path, old: str, new: str, why: str) -> None:
    text = RULES.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "rules.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ArchiveFault, match=why) as fault:
        load_rules(tmp_path / "rules.toml")
    assert fault.value.code == "appearance-rules"


def test_no_table_at_all(tmp_path: Path) -> None:
    with pytest.raises(ArchiveFault):
        load_rules(tmp_path / "rules.toml")

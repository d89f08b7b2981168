"""The short form of `make fuzz-verify`: no crash, no hang, nothing green that an engine shows differently."""

import logging
from pathlib import Path

import pytest

from tests.tools import fuzz_verify

pytestmark = [pytest.mark.joined, pytest.mark.timeout(1800)]


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def test_three_hundred_mutants_and_no_finding(folder: Path) -> None:
    state = fuzz_verify.campaign(folder, 300, seed=5)
    print("\n", state["verdicts"])
    assert state["findings"] == []
    assert state["next"] == 300
    assert sum(state["verdicts"].values()) == 300
    assert state["verdicts"]["INVALID"] > 30
    assert state["verdicts"]["INDETERMINATE"] > 30


def test_a_campaign_goes_on_where_it_stopped_and_a_mutant_can_be_made_again(folder: Path) -> None:
    first = fuzz_verify.campaign(folder, 10, seed=6)
    again = fuzz_verify.campaign(folder, 20, seed=6)
    assert (first["next"], again["next"]) == (10, 20)
    assert sum(again["verdicts"].values()) == 20
    files, _ = fuzz_verify.prepare(folder)
    assert fuzz_verify.mutant(files, 6, 3) == fuzz_verify.mutant(files, 6, 3)
    assert {name for n in range(300) for name in fuzz_verify.mutant(files, 6, n)[0].split("+")} == set(
        fuzz_verify.OPERATORS
    )


def test_a_verifier_that_raises_or_is_fooled_would_be_found(folder: Path, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(fuzz_verify, "verify_pdf", broken)
    assert len(fuzz_verify.campaign(folder, 3, seed=7)["findings"]) == 3

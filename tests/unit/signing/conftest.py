"""One demo authority and one sealed file for all the unit tests of signing: making keys costs a second."""

from pathlib import Path

import pytest

from tests.cases.sealing import World, a_pdf, at_home


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return at_home(tmp_path_factory.mktemp("signing") / "keys")


@pytest.fixture(scope="session")
def sealed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    out = folder / "sealed.pdf"
    world.service.seal(a_pdf(folder / "in.pdf", pages=2), out)
    return out

"""Our XML reports against the schema of ETSI TS 119 102-2 (v1.2.1 namespace) that EU DSS carries in its jars."""

import zipfile
from pathlib import Path

import pytest
from lxml import etree

from signing.etsi_report import etsi_report
from signing.verify import verify_pdf
from tests.cases import sealing
from tests.cases.sealing import World
from tests.tools import validators

pytestmark = [pytest.mark.joined, pytest.mark.validators]

_LOCAL = {
    "XAdES.xsd": "XAdES01903v132-202407.xsd",
    "ts_119612v020201_201601xsd.xsd": "ts_119612v020101_xsd.xsd",
}


class _InJars(etree.Resolver):
    def __init__(self, schemas: dict[str, bytes]) -> None:
        super().__init__()
        self._schemas = schemas

    def resolve(self, url: str, _: str, context: object) -> object:
        name = url.rpartition("/")[2]
        text = self._schemas.get(_LOCAL.get(name, name))
        return self.resolve_string(text or b"", context, base_url=url)


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    if not (validators.FOLDER / "dss").is_dir():
        validators.jars("dss")
    schemas: dict[str, bytes] = {}
    for jar in sorted((validators.FOLDER / "dss").glob("specs-*.jar")):
        with zipfile.ZipFile(jar) as archive:
            schemas |= {n[4:]: archive.read(n) for n in archive.namelist() if n.startswith("xsd/") and n[4:]}
    parser = etree.XMLParser()
    parser.resolvers.add(_InJars(schemas))
    return etree.XMLSchema(etree.fromstring(schemas["TS119102-2-v122.xsd"], parser))


@pytest.mark.parametrize(
    "harm",
    [
        lambda d: d,
        sealing.append_page,
        sealing.more_store,
        lambda d: d[:-300],
        lambda _: b"%PDF-1.7\n" + bytes(2000),
        lambda d: d.replace(b"/M (D\\0722", b"/M (D\\0723", 1),
    ],
)
def test_reports_of_good_and_bad_files_follow_the_schema(
    schema: etree.XMLSchema, world: World, archive_files: list[Path], tmp_path: Path, harm
) -> None:
    path = tmp_path / "judged.pdf"
    path.write_bytes(harm(archive_files[0].read_bytes()))
    xml = etsi_report(path, verify_pdf(path, world.roots))
    schema.assertValid(etree.fromstring(xml))

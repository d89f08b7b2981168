"""Search measured side by side: what is found under noise. How fast it is found tells bench/search_speed.py.

    bench/search.py quality [--pages N] [--each N] [--servers] [--quick] [--readings FOLDER]

`--servers` takes the Elasticsearch of tests/tools/servers.py (`make servers`) into the run, ours on it and a plain
`match`. `--readings` is a folder that tests/tools/read_pages.py has filled with the corpus pages.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.search_quality import quality  # noqa: E402  the path is set one line above
from tests.tools.servers import Servers  # noqa: E402


def main() -> int:
    """Print the tables; return 0."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = asked.add_subparsers(dest="command", required=True)
    found = commands.add_parser("quality", help="recall by level of noise")
    found.add_argument("--pages", type=int, default=20_000)
    found.add_argument("--each", type=int, default=400, help="queries a cell")
    found.add_argument("--seed", type=int, default=1)
    found.add_argument("--servers", action="store_true")
    found.add_argument("--quick", action="store_true", help="3,000 pages, 100 queries a cell")
    found.add_argument("--readings", type=Path, default=ROOT / ".tools/bench/readings")
    options = asked.parse_args()
    pages, each = (3000, 100) if options.quick else (options.pages, options.each)
    print(quality(pages, each, options.seed, options.readings, _server() if options.servers else None))
    return 0


def _server() -> tuple[str, str, str]:
    servers = Servers()
    servers.start("elastic")
    return servers.url("elastic"), "elastic", servers.secret("elastic")


if __name__ == "__main__":
    raise SystemExit(main())

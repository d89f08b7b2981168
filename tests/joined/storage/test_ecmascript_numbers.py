"""Canonical JSON against a real ECMAScript engine."""

import json
import random
import shutil
import subprocess

import pytest

from storage.canonical import scalar_json

pytestmark = pytest.mark.joined


def test_numbers_are_written_as_ecmascript_writes_them() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the vectors of the RFC still run")
    dice = random.Random(8785)
    values = [dice.choice([-1, 1]) * dice.random() * 10.0 ** dice.randint(-320, 308) for _ in range(20_000)]
    values += [float(dice.randint(-(2**60), 2**60)) for _ in range(5000)] + [10.0**n for n in range(-30, 31)]
    program = "JSON.parse(require('fs').readFileSync(0)).forEach(x => console.log(JSON.stringify(x)))"
    done = subprocess.run(
        [node, "-e", program], input=json.dumps(values), capture_output=True, text=True, check=True
    )
    assert [scalar_json(value) for value in values] == done.stdout.split()

"""The list of slow tests in conftest.py names what is there."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
[LIST] = re.findall(r"^SLOW = \((.*?)\)", (TESTS / "conftest.py").read_text(), flags=re.M | re.S)
SLOW = re.findall(r'"(.*?)"', LIST)


NODES = []
for file in TESTS.rglob("test_*.py"):
    tests = re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), flags=re.M)
    NODES += [f"{file.relative_to(TESTS).as_posix()}::{test}" for test in tests]


@pytest.mark.parametrize("part", SLOW)
def test_it_names_tests_that_are_there(part):
    assert [node for node in NODES if part in node]

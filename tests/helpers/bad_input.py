"""Bad input, in tables: each gets one sentence that says what, where and what to do, and the kernel
goes on.

A row is what is bad, the call, what it raises (None where the sentence is shown or printed, and then the call gives it), and
words of the sentence: what is wrong, what to do. Each area has a good call, which has to work after
every bad one.
"""

import io
import json
import re
import resource
import traceback
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

import lessonlib
from helpers.copies import SMALL, jpeg
from helpers.runs import a_run
from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.training.runs import own_runs, record

HERE = Path(lessonlib.__file__).parent


NAN, INF = float("nan"), float("inf")


TIER = replace(TIERS["test"], photos=(2, 1), epochs=1, batch=4)


RUN = a_run(recipe=json.loads(json.dumps(asdict(TIER))))


class Bad(NamedTuple):
    label: str
    call: object
    error: type | None
    what: str
    do: str


@cache
def drawings():
    return synthetic_photos(TIER)


def said(call, *args):
    """What is printed meanwhile."""
    with redirect_stdout(io.StringIO()) as out:
        call(*args)
    return out.getvalue().strip()


@contextmanager
def full_disk(size=0):
    """No file may grow beyond so many bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def line(place, text):
    """A line in the record: what is said of it, if the whole lines around it are read."""
    after = replace(RUN, seed=1)
    record(RUN)
    with (place.folder / "runs" / "local.jsonl").open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    record(after)
    found = []
    words = said(lambda: found.extend(own_runs()))
    assert found == [RUN, after]
    return words


TRUNCATED = jpeg(SMALL[0])[:300]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Folders of its own, and a way to change the environment."""
    monkeypatch.setenv("LESSON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    return SimpleNamespace(folder=tmp_path, patch=monkeypatch)


def answer(bad, place):
    """The sentence that the bad input gets: raised by lessonlib itself and not below it, or shown."""
    if bad.error is None:
        return bad.call(place)
    with pytest.raises(bad.error) as caught:
        bad.call(place)
    assert caught.type is bad.error
    assert HERE in Path(traceback.extract_tb(caught.tb)[-1].filename).parents
    return str(caught.value)


def bad_input_test(good, rows):
    """The test of a table: every row, then the good call."""

    @pytest.mark.parametrize("bad", rows, ids=[row.label for row in rows])
    def test(bad, place, tmp_path):
        with pytest.MonkeyPatch.context() as patch:
            sentence = answer(bad, SimpleNamespace(folder=tmp_path, patch=patch))
        assert "\n" not in sentence and len(sentence) < 300 and sentence[-1] in ".?"
        most = 3 - (bad.error is not None)  # two short sentences; shown, three
        assert len(re.findall(r"[.?!] [A-Z]", sentence)) < most
        assert bad.what in sentence and bad.do in sentence
        assert good(place)

    assert len({row.label for row in rows}) == len(rows), "a row is there twice"
    return test

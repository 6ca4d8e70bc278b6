"""The race in the real front ends, by its buttons: pause, stop, one more arm, a page loaded anew,
the kernel's interrupt."""

import json
import re
import urllib.request

import nbformat
import pytest

from helpers.hand import box_with, changed, pictures, until

CELLS = """
import os
from dataclasses import replace
from lessonlib.arms import ARMS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.configs import TIERS
os.environ["LESSON_RUNS"] = {runs!r}
tier = replace(TIERS["test"], epochs={epochs})
race = RacePlayground([ARMS["2x2"]], synthetic_photos(tier), tier)
---
race
---
{last}
"""
LONG = 500  # epochs: it does not end by itself while a test looks
LATER = r"^\s*one 2x2: epoch (?!1 )"


@pytest.fixture
def race(front, server, notebook, tmp_path):
    """`race(epochs)` opens a notebook of its own and runs it; gives the page and the race in it.

    last: its last cell, which is not waited for.
    """

    def opened(epochs, last=None):
        name = re.sub(r"\W", "-", tmp_path.name)
        cells = CELLS.format(runs=str(tmp_path / "runs"), epochs=epochs, last=last or "").split(
            "---"
        )
        content = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        put(
            f"{server}/api/contents/notebooks/{name}.ipynb",
            {"type": "notebook", "content": content},
        )
        page = notebook(name)
        (front.start_all if last else front.run_all)(page)
        return page, box_with(page, "Add an arm")

    return opened


def put(address, content):
    request = urllib.request.Request(address, json.dumps(content).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def press(box, name):
    box.locator("button", has_text=name).click()


def says(box, words):
    """Wait until the line under the buttons says it, a pattern; gives the line."""
    line = box.locator("[role=status]").filter(has_text=re.compile(words))
    line.wait_for()
    return line.inner_text()


def pressable(box, names):
    """Wait until these buttons can be pressed, and no others."""
    enabled = "[...box.querySelectorAll('button:enabled')].map((button) => button.innerText.trim())"
    until(box, f"(box, names) => String({enabled}) === names", ",".join(names))


def until_saved(front, page, words):
    """Save the notebook until the picture that it keeps of the race has these words, a pattern."""
    address = re.sub("/(lab/tree|notebooks)/", "/api/contents/", page.url.split("?")[0], count=1)
    for _ in range(50):
        front.save(page)
        with urllib.request.urlopen(address, timeout=30) as answer:
            outputs = json.load(answer)["content"]["cells"][1]["outputs"]
        (still,) = [o for o in outputs if "image/png" in o.get("data", {})]
        if re.search(words, still["metadata"]["image/png"]["alt"]):
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"the saved picture says {still['metadata']}")


def test_the_race_is_started_paused_taken_up_and_stopped(race, front):
    page, box = race(LONG)
    before = pictures(box)
    pressable(box, ["Start", "Add"])
    press(box, "Start")
    says(box, LATER)
    pressable(box, ["Pause", "Stop", "Add"])
    changed(box, before)
    press(box, "Pause")
    says(box, "Paused: one 2x2")
    page.wait_for_timeout(2000)  # until the batch at hand is done
    paused = says(box, "Paused: one 2x2")
    pressable(box, ["Go on", "Stop", "Add"])
    page.wait_for_timeout(2000)
    assert says(box, "Paused") == paused
    press(box, "Go on")
    says(box, LATER)
    press(box, "Stop")
    says(box, "Stopped: 0 of 1")
    pressable(box, ["Start", "Add"])
    until_saved(front, page, "one 2x2 .* after epoch")
    press(box, "Start")
    says(box, LATER)  # goes on where it was


def test_an_arm_is_added_while_another_trains(race):
    page, box = race(6)
    box.get_by_label("Add an arm").select_option(label="one 5x5")
    press(box, "Start")
    says(box, "one 2x2: epoch")
    press(box, "Add")
    says(box, "with 1 more to come")
    assert "one 5x5" not in box.get_by_label("Add an arm").inner_text()
    says(box, "one 5x5: epoch")
    says(box, "Finished: 2 of 2")
    pressable(box, ["Add"])


def test_a_page_loaded_anew_finds_the_race_going_on(race, front):
    page, box = race(LONG)
    press(box, "Start")
    says(box, LATER)
    front.save(page)
    page.reload()
    front.until_ready(page)
    box = box_with(page, "Add an arm")
    found = int(re.search("epoch ([0-9]+)", says(box, "one 2x2: epoch"))[1])
    says(box, f"one 2x2: epoch (?!{found} )")
    press(box, "Stop")
    says(box, "Stopped: 0 of 1")


def test_the_kernels_interrupt_ends_the_wait_and_keeps_what_was_learnt(race, front):
    page, box = race(
        LONG, last="runs = race.finish()\nprint('kept', len(runs), len(runs[0].epochs) > 0)"
    )
    says(box, LATER)
    front.interrupt(page)
    says(box, "Stopped: 0 of 1")
    page.get_by_text("kept 1 True").wait_for()
    until_saved(front, page, "one 2x2 .* after epoch")
    press(box, "Start")  # the kernel is free again
    says(box, "one 2x2: epoch")

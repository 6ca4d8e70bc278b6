"""The race playground without a browser: its buttons are clicked in Python."""

import json
from dataclasses import asdict, replace

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.playgrounds import message_of
from helpers.races import at_batch
from lessonlib.arms import ARMS, THE_FOUR
from lessonlib.configs import TIERS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.training import race as race_module
from lessonlib.training.fit import OutOfMemory, learner_for
from lessonlib.training.runs import load_runs

TIER = TIERS["test"]
LONG = replace(TIER, epochs=4)


@pytest.fixture(scope="module")
def photos():
    return synthetic_photos(TIER)


@pytest.fixture(autouse=True)
def runs_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSON_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(race_module, "PACE", 0)  # news after every batch


def pressable(race):
    buttons = [race._start, race._pause, race._stop, race._add]
    return [button.description for button in buttons if not button.disabled]


def names_of(runs):
    return [run.arm for run in runs]


def as_json(runs):
    return [json.dumps(asdict(run)) for run in runs]


def no_training(*_):
    raise AssertionError("something is trained")


def test_the_race_runs_records_and_shows_every_arm(photos):
    race = RacePlayground(THE_FOUR, photos, TIER)
    empty = race.chart.value
    runs = race.finish()
    names = [arm.name for arm in THE_FOUR]
    assert names_of(runs) == names_of(load_runs()) == names
    assert all(run.finished for run in runs)
    assert set(race.models) == set(names)
    assert race.chart.value != empty
    assert "4 of 4" in message_of(race)
    assert "stand-in" in race.alt()
    assert race.finish() is runs  # nothing left to train


def test_each_button_can_be_pressed_when_it_does_something(photos):
    race = RacePlayground([ARMS["2x2"]], photos, LONG)
    assert pressable(race) == ["Start", "Add"]
    race._start.click()
    at_batch(race.race, 1)
    assert pressable(race) == ["Pause", "Stop", "Add"]
    race._pause.click()
    assert pressable(race) == ["Go on", "Stop", "Add"]
    assert "Paused: one 2x2" in message_of(race)
    race._pause.click()
    assert pressable(race) == ["Pause", "Stop", "Add"]
    race._stop.click()
    race.race.wait()
    assert pressable(race) == ["Start", "Add"]
    assert "Stopped: 0 of 1 arms" in message_of(race)
    race.finish()
    assert pressable(race) == ["Add"]
    assert "Finished: 1 of 1" in message_of(race)


def test_all_arms_can_be_added_and_no_more(photos):
    race = RacePlayground([ARMS["2x2"]], photos, LONG)
    for _ in range(len(ARMS) - 1):
        race._add.click()
    assert {arm.name for arm in race.race.arms} == set(ARMS)
    assert pressable(race) == ["Start"]
    assert race._choice.disabled


def test_the_message_names_arm_epoch_and_batch(photos):
    race = RacePlayground([ARMS["3x3"], ARMS["2x2"]], photos, TIER)
    said = []
    race.message.observe(lambda _: said.append(message_of(race)), "value")
    race.finish()
    first = [text for text in said if "one 3x3: epoch 1 of 2, batch 1 of 15; about" in text]
    last = [text for text in said if "one 2x2: epoch 2 of 2, batch 15 of 15; about" in text]
    assert any("with 1 more to come" in text for text in first)
    assert any("to come" not in text for text in last)


def test_finish_goes_on_from_a_pause(photos):
    race = RacePlayground([ARMS["2x2"]], photos, TIER)
    race._start.click()
    race._pause.click()
    assert race.finish()[0].finished


def test_an_arm_added_while_it_runs_is_trained_too(photos):
    race = RacePlayground([ARMS["3x3"]], photos, TIER)
    race._start.click()
    at_batch(race.race, 1)
    race._choice.value = ARMS["pair"]
    race._add.click()
    assert ARMS["pair"] not in dict(race._choice.options).values()
    assert race._choice.value in ARMS.values()
    race.race.wait()
    assert names_of(race.runs) == ["3x3", "pair"]
    assert all(run.finished for run in race.runs)


def test_a_new_race_takes_up_what_this_machine_has_recorded(photos, monkeypatch):
    before = RacePlayground(THE_FOUR[:2], photos, TIER).finish()
    monkeypatch.setattr(race_module, "learner_for", no_training)
    race = RacePlayground(THE_FOUR[:2], photos, TIER)
    assert "not trained again: one 3x3, one 2x2. Another seed trains anew." in message_of(race)
    assert race.alt().count("% after epoch 2") == 2
    assert pressable(race) == ["Add"]
    assert as_json(race.finish()) == as_json(before)
    race = RacePlayground(THE_FOUR[:1], photos, TIER)
    race._choice.value = ARMS["2x2"]
    race._add.click()
    assert names_of(race.finish()) == ["3x3", "2x2"]


@pytest.mark.parametrize(
    "error, sentence",
    [
        (
            OutOfMemory("The GPU's memory is too small for batches of 16 photos."),
            "broke off: The GPU's memory is too small",
        ),
        (
            ZeroDivisionError("division by zero"),
            "broke off: ZeroDivisionError: division by zero. What was trained is kept",
        ),
    ],
)
def test_a_race_that_breaks_off_says_why_keeps_the_rest_and_can_be_started_again(
    photos, monkeypatch, error, sentence
):
    def breaks_on_2x2(arm, *rest):
        if arm.name == "2x2":
            raise error
        return learner_for(arm, *rest)

    race = RacePlayground([ARMS["3x3"], ARMS["2x2"]], photos, TIER)
    monkeypatch.setattr(race_module, "learner_for", breaks_on_2x2)
    with pytest.raises(type(error)):
        race.finish()
    assert sentence in message_of(race)
    assert pressable(race) == ["Start", "Add"]
    assert names_of(race.runs) == names_of(load_runs()) == ["3x3"]
    monkeypatch.setattr(race_module, "learner_for", learner_for)
    race._start.click()
    race.race.wait()
    assert names_of(race.runs) == ["3x3", "2x2"]
    assert "Finished" in message_of(race)


def test_an_interrupt_while_finish_waits_stops_and_keeps(photos, monkeypatch):
    race = RacePlayground([ARMS["2x2"]], photos, LONG)
    wait = race.race.wait
    waits = []

    def interrupted():
        waits.append(1)
        if len(waits) == 1:
            at_batch(race.race, 2)
            raise KeyboardInterrupt
        wait()

    monkeypatch.setattr(race.race, "wait", interrupted)
    (run,) = race.finish()
    assert not run.finished
    assert len(run.losses) >= 2
    assert "Stopped" in message_of(race)
    assert pressable(race) == ["Start", "Add"]


def test_the_chart_has_a_band_only_where_it_matches(photos):
    (run,) = RacePlayground([ARMS["3x3"]], photos, TIER, record_as="earlier").finish()
    band = [run, replace(run, seed=1)]
    dogs = replace(photos, source="dogs")

    def drawn(photos, **band):
        return RacePlayground(THE_FOUR, photos, TIER, **band).chart.value

    assert drawn(photos, band=band) != drawn(photos)
    assert drawn(dogs, band=band) == drawn(dogs)


def test_the_menu_offers_the_rates_found_and_one_for_all(photos):
    box = RacePlayground([ARMS["3x3"]], photos, TIER, rates={"3x3": 8e-3})
    assert box._rate.label == "each at its best"
    assert "learning rate 0.008" in box.message.value
    box._rate.value = dict.fromkeys(ARMS, 0.016)
    assert box.race.recipe(ARMS["3x3"]).lr == 0.016
    assert "learning rate 0.016" in box.message.value
    assert RacePlayground([ARMS["3x3"]], photos, TIER)._rate.label == f"{TIER.lr:g}"


CELLS = [
    """
from lessonlib.arms import ARMS
from lessonlib.imagewoof.photos import synthetic_photos
from lessonlib.playgrounds.race import RacePlayground
from lessonlib.configs import TIERS
race = RacePlayground([ARMS["2x2"]], synthetic_photos(TIERS["test"]), TIERS["test"])
race
""",
    "runs = race.finish()",
]


def test_a_notebook_run_from_top_to_bottom_keeps_the_last_chart():
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=300, store_widget_state=False).execute()
    shown, finished = (cell.outputs for cell in notebook.cells)
    assert finished == []
    view, chart = shown
    assert "application/vnd.jupyter.widget-view+json" in view.data
    assert "one 2x2" in chart.data["text/plain"]
    assert "after epoch 2" in chart.metadata["image/png"]["alt"]

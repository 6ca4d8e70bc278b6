"""What all playgrounds of widgets have: a still picture with words, undo, code."""

import pytest
from ipywidgets import Button, ToggleButton

from lessonlib.playgrounds import base
from lessonlib.playgrounds.equivalence import EquivalencePlayground
from lessonlib.playgrounds.factoring import FactoringPlayground
from lessonlib.playgrounds.merging import MergingPlayground

EDITED = [FactoringPlayground, MergingPlayground]
ALL = [*EDITED, EquivalencePlayground]


@pytest.mark.parametrize("playground", ALL)
def test_a_playground_leaves_a_still_picture_with_words(playground):
    box = playground()
    data, metadata = box.fallback()
    assert f'src="data:image/png;base64,{data["image/png"]}"' in data["text/html"]
    assert data["text/plain"] == metadata["image/png"]["alt"]
    assert len(box.alt()) > 30


def first_input(box):
    """A widget that every one of EDITED has: a number field, or else a slider."""
    for owner, attribute in box.inputs():
        if attribute == "kernel":
            return owner.cells[0]
    return box.inputs()[0][0]


@pytest.mark.parametrize("playground", EDITED)
def test_undo_goes_back_step_by_step(playground):
    box = playground()
    field = first_input(box)
    seen = [box.still()]
    assert box._undo.disabled
    for value in (3, 4):
        field.value = value
        seen.append(box.still())
    assert len(set(seen)) == 3
    assert not box._undo.disabled
    box._undo.click()
    assert box.still() == seen[1] and field.value == 3
    box._undo.click()
    assert box.still() == seen[0] and box._undo.disabled
    box._undo.click()
    assert box.still() == seen[0]


@pytest.mark.parametrize("playground", EDITED)
def test_a_number_that_is_dragged_is_one_step(playground, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(base.time, "monotonic", lambda: next(clock) / 10)
    box = playground()
    field = first_input(box)
    start = field.value
    for value in (2, 3, 4):
        field.value = value
    next(clock), next(clock), next(clock), next(clock), next(clock), next(clock)
    field.value = 1.0 if start != 1 else 2
    box.undo()
    assert field.value == 4
    box.undo()
    assert field.value == start and box._undo.disabled


@pytest.mark.parametrize("playground", ALL)
def test_every_button_says_what_it_does(playground):
    box = playground()
    buttons = [widget for widget in descendants(box) if isinstance(widget, Button | ToggleButton)]
    assert len(buttons) >= 2
    assert all(button.tooltip for button in buttons)


def descendants(box):
    for child in getattr(box, "children", ()):
        yield child
        yield from descendants(child)


@pytest.mark.parametrize("playground", EDITED)
def test_as_code_shows_the_code_and_follows(playground):
    box = playground()
    assert box._code.layout.display == "none"
    box._as_code.value = True
    assert box._code.layout.display == ""
    before = box._code.value
    first_input(box).value = 3
    assert box._code.value == box.code() != before

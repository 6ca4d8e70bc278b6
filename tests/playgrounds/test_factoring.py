"""The factoring playground without a browser: its verdicts, its pictures, its bad numbers."""

import pytest
import torch

from helpers.playgrounds import (
    furthest,
    message_of,
    pictures,
    refuses_a_text,
    run_code,
    values,
)
from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import pixels
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.factoring import FactoringPlayground


@pytest.mark.parametrize(
    "name, verdict, relative",
    [
        ("Sobel", "real", 0),
        ("Prewitt", "complex", 0.3333),
        ("box blur", "complex", 0.4472),
        ("Laplacian", "never", 0.0827),
    ],
)
def test_a_preset_gets_its_verdict_its_nearest_product_and_its_rescue(name, verdict, relative):
    box = FactoringPlayground()
    box.preset.value = name
    assert torch.equal(box.editor.kernel, named_kernels.THREE[name])
    assert box.verdict == verdict
    assert verdict in box.answer.value.lower()
    assert f"misses {100 * relative:.1f}%" in box.answer.value
    assert box.nearest.relative.item() == pytest.approx(relative, abs=1e-4)
    assert box.rescue < 1e-13


def test_the_panes_are_the_photo_after_A_and_after_the_nearest_product():
    box = FactoringPlayground()
    product = compose(box.nearest.B, box.nearest.C)
    after_A = correlate(box.picker.photo, named_kernels.THREE["Prewitt"])
    after_two = correlate(box.picker.photo, product)
    first, second, _ = pictures(box)
    assert torch.equal(values(first), values(pixels(0.5 + after_A / 2, 2)))
    assert furthest(second, pixels(0.5 + after_two / 2, 2)) <= 1
    assert box.difference == pytest.approx((after_A - after_two).abs().max().item())
    for name, table in zip(("B", "C", "B * C"), box.tables):
        assert name in table.value


def test_where_nothing_is_missed_the_difference_is_grey():
    box = FactoringPlayground()
    box.preset.value = "binomial blur"
    difference = values(pictures(box)[2])
    assert difference.min() >= 127 and difference.max() <= 128
    box.preset.value = "box blur"
    difference = values(pictures(box)[2])
    assert min(difference.min(), 255 - difference.max()) == 0  # scaled to the whole range


def test_a_changed_preset_reads_custom_and_a_typed_preset_its_name():
    box = FactoringPlayground()
    before = pictures(box)
    box.editor.cells[3].value = -2
    assert box.preset.value == "custom"
    assert box.verdict == "never"
    assert pictures(box)[0] != before[0]
    assert pictures(box)[1] != before[1]
    box.editor.cells[5].value = 2
    assert box.preset.value == "Sobel"
    assert box.verdict == "real"


def test_the_zero_kernel():
    box = FactoringPlayground()
    box.editor.kernel = torch.zeros(3, 3)
    assert box.verdict == "real"
    assert box.difference == 0
    assert box.rescue == 0


@pytest.mark.parametrize("bad", [float("nan"), float("-inf"), 100.0])
def test_a_bad_number_is_answered_and_the_answer_stays(bad):
    box = FactoringPlayground()
    answer = box.answer.value
    before = pictures(box)
    box.editor.cells[0].value = bad
    assert "finite number between -99 and 99" in message_of(box)
    assert box.editor.cells[0].value == -1
    assert box.answer.value == answer
    assert pictures(box) == before
    box.editor.cells[0].value = 3
    assert "finite" not in message_of(box)
    assert box.answer.value != answer


def test_undo():
    box = FactoringPlayground()
    first = pictures(box)
    box.preset.value = "Laplacian"
    box.editor.cells[0].value = 2
    box.undo()
    assert box.preset.value == "Laplacian"
    assert box.verdict == "never"
    box.undo()
    assert box.preset.value == "Prewitt"
    assert pictures(box) == first


def test_the_code_gives_the_same_pictures():
    box = FactoringPlayground()
    names = run_code(box)
    torch.testing.assert_close(names["after_A"], correlate(box.picker.photo, box.editor.kernel))
    difference = (names["after_two"] - names["after_A"]).abs().max().item()
    assert difference == pytest.approx(box.difference)


def test_a_file_that_is_not_a_photo():
    refuses_a_text(FactoringPlayground())

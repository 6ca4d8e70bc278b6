"""The factoring playground and the switchboard without a browser: set a value as a hand would, compare numbers and pictures."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from lessonlib.algebra import named_kernels
from lessonlib.algebra.equivalence import compare, reasons
from lessonlib.figures.pictures import pixels
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.equivalence import EquivalencePlayground
from lessonlib.playgrounds.factoring import FactoringPlayground
from lessonlib.sample_photos import sample_photo


def values(png):
    return torch.from_numpy(np.asarray(Image.open(io.BytesIO(png))).copy()).permute(2, 0, 1)


def pictures(box):
    return [pane.image.value for pane in box.panes]


@pytest.mark.parametrize("playground", [FactoringPlayground, EquivalencePlayground])
def test_a_playground_leaves_a_still_picture_with_words(playground):
    box = playground()
    data, metadata = box._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert (
        data["image/png"]
        and data["text/plain"] == metadata["image/png"]["alt"]
        and len(box.alt()) > 30
    )


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
    assert torch.equal(box.editor.kernel, named_kernels.THREE[name]) and box.verdict == verdict
    assert (
        verdict in box.answer.value.lower() and f"misses {100 * relative:.1f}%" in box.answer.value
    )
    assert box.nearest.relative.item() == pytest.approx(relative, abs=1e-4)
    assert box.rescue < 1e-13


def test_the_panes_are_the_photo_after_A_and_after_the_nearest_product():
    box = FactoringPlayground()
    photo, A = box.picker.photo, named_kernels.THREE["Prewitt"]
    product = compose(box.nearest.B, box.nearest.C)
    after_A, after_two = correlate(photo, A), correlate(photo, product)
    assert torch.equal(values(pictures(box)[0]), values(pixels(0.5 + after_A / 2, 2)))
    assert (
        values(pictures(box)[1]).int() - values(pixels(0.5 + after_two / 2, 2)).int()
    ).abs().max() <= 1
    assert box.difference == pytest.approx((after_A - after_two).abs().max().item())
    assert [name in table.value for name, table in zip(("B", "C", "B * C"), box.tables)] == [
        True
    ] * 3


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
    assert (
        box.preset.value == "custom"
        and box.verdict == "never"
        and all(a != b for a, b in zip(before[:2], pictures(box)))
    )
    box.editor.cells[5].value = 2
    assert box.preset.value == "Sobel" and box.verdict == "real"


def test_the_zero_kernel():
    box = FactoringPlayground()
    box.editor.kernel = torch.zeros(3, 3)
    assert box.verdict == "real" and box.difference == 0 and box.rescue == 0


@pytest.mark.parametrize("bad", [float("nan"), float("-inf"), 100.0])
def test_a_bad_number_is_answered_and_the_answer_stays(bad):
    box = FactoringPlayground()
    answer, before = box.answer.value, pictures(box)
    box.editor.cells[0].value = bad
    assert (
        "finite number between -99 and 99" in box.message.value and box.editor.cells[0].value == -1
    )
    assert box.answer.value == answer and pictures(box) == before
    box.editor.cells[0].value = 3
    assert "finite" not in box.message.value and box.answer.value != answer


def test_the_switchboard_starts_with_two_that_are_one():
    box = EquivalencePlayground()
    assert (
        box.comparison.wrong == 0
        and "Two are one" in box.message.value
        and "0.0% of the positions" in box.answer.value
    )
    two, one, where = map(values, pictures(box))
    assert (two.int() - one.int()).abs().max() <= 1 and where.unique().tolist() == [237]


@pytest.mark.parametrize(
    "switch, value, share, word",
    [
        ("relu", True, 1, "ReLU"),
        ("norm", "eval", 0, "Two are one"),
        ("norm", "train", 1, "photos at hand"),
        ("bias", True, 0, "Two are one"),
        ("padding", "second", 0.121, "All of the padding"),
        ("padding", "each", 0.062, "Some of the padding"),
        ("padding", "2019", 0, "Two are one"),
        ("stride", "second", 0, "Two are one"),
        ("stride", "first", 1, "4x4 window"),
    ],
)
def test_each_switch_by_itself(switch, value, share, word):
    box = EquivalencePlayground()
    box_switch, before = getattr(box, switch), box.panes[0].image.value
    box_switch.value = value
    assert box.comparison.wrong == pytest.approx(share, abs=0.001) and word in box.message.value
    where = values(box.panes[2].image.value)
    assert (where[0] != where[2]).double().mean() == pytest.approx(share, abs=0.001)
    assert where.shape == (3, 224, 224)  # the picture keeps its size, whatever the stride
    box_switch.value = getattr(EquivalencePlayground(), switch).value
    assert box.panes[0].image.value == before


def test_two_switches_can_be_wrong_where_each_is_right():
    box = EquivalencePlayground()
    box.padding.value = "2019"
    box.bias.value = True
    assert box.comparison.wrong == pytest.approx(0.062, abs=0.001) and reasons(box.switches)


def test_outputs_of_different_size_are_told():
    box = EquivalencePlayground()
    box.padding.value, box.stride.value = "second", "first"
    assert "17x17 numbers, the 3x3 16x16" in box.answer.value and values(
        box.panes[0].image.value
    ).shape == (3, 224, 224)


def test_undo():
    box = FactoringPlayground()
    first = pictures(box)
    box.preset.value = "Laplacian"
    box.editor.cells[0].value = 2
    box.undo()
    assert box.preset.value == "Laplacian" and box.verdict == "never"
    box.undo()
    assert box.preset.value == "Prewitt" and pictures(box) == first

    box = EquivalencePlayground()
    first = pictures(box)
    box.relu.value, box.stride.value = True, "first"
    box.undo()
    box.undo()
    assert not box.relu.value and box.stride.value == "none" and pictures(box) == first


def run(code):
    names = {"sample_photo": sample_photo}
    exec(code, names)
    return names


def test_the_code_of_the_factoring_playground_gives_the_same_pictures():
    box = FactoringPlayground()
    names = run(box.code())
    torch.testing.assert_close(names["after_A"], correlate(box.picker.photo, box.editor.kernel))
    assert (names["after_two"] - names["after_A"]).abs().max().item() == pytest.approx(
        box.difference
    )


@pytest.mark.parametrize("norm", ["none", "eval", "train"])
@pytest.mark.parametrize(
    "relu, bias, padding, stride", [(False, True, "2019", "first"), (True, False, "each", "second")]
)
def test_the_code_of_the_switchboard_gives_the_same_errors(norm, relu, bias, padding, stride):
    box = EquivalencePlayground()
    box.norm.value, box.relu.value, box.bias.value, box.padding.value, box.stride.value = (
        norm,
        relu,
        bias,
        padding,
        stride,
    )
    names = run(box.code())
    found = compare(names["two_steps"], names["one_step"])
    assert found.wrong == box.comparison.wrong and found.largest == pytest.approx(
        box.comparison.largest
    )


@pytest.mark.parametrize("playground", [FactoringPlayground, EquivalencePlayground])
def test_a_file_that_is_no_photo(playground):
    box = playground()
    before = pictures(box)
    box.picker._uploaded({"new": {"a.txt": {"content": b"no photo"}}})
    assert "not a picture" in box.message.value and pictures(box) == before
    box.picker.choice.value = "temple"
    assert pictures(box) != before

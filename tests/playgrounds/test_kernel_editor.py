"""The kernel editor: numbers that are refused, and the kernel as a picture."""

import io

import pytest
import torch
from PIL import Image

from lessonlib.figures.pictures import TITLE
from lessonlib.figures.style import entry_color
from lessonlib.playgrounds.kernel_editor import KernelEditor
from lessonlib.playgrounds.kernel_table import CELL, kernel_picture


@pytest.mark.parametrize(
    "kernel, sentence",
    [
        ([["a", 1], [0, 0]], "numbers only"),
        ([[1, 2, 3]], "square"),
        ([[1, 2], [3]], "numbers only"),
        (torch.zeros(3, 3), "is 2x2, these values are 3x3"),
        ([[float("nan"), 0], [0, 0]], "finite"),
    ],
)
def test_a_bad_kernel_is_refused_and_the_old_one_kept(kernel, sentence):
    editor = KernelEditor([[1, 2], [3, 4]], "B", lambda _: None, print)
    with pytest.raises(ValueError, match=sentence):
        editor.kernel = kernel
    assert editor.kernel.tolist() == [[1, 2], [3, 4]]


def as_hex(pixel):
    return "#" + "".join(f"{part:02x}" for part in pixel)


def test_a_kernel_is_a_picture_of_its_entries_under_its_name():
    kernel = torch.tensor([[1.0, -2], [0, 2]], dtype=torch.float64)
    image = Image.open(io.BytesIO(kernel_picture(kernel, "B")))
    width, height = CELL
    assert image.size == (2 * width, 2 * height + TITLE)
    for i, row in enumerate([[0.5, -1], [0, 1]]):  # of the largest entry
        for j, share in enumerate(row):
            found = image.getpixel((width * j + 4, TITLE + height * i + 4))
            assert as_hex(found) == entry_color(share)
    darkest, _ = image.crop((0, 0, 20, TITLE)).convert("L").getextrema()
    assert darkest < 60  # the letters of the name


def test_other_names_and_numbers_are_other_pictures():
    kernel = torch.eye(2, dtype=torch.float64)
    b = kernel_picture(kernel, "B")
    c = kernel_picture(kernel, "C")
    assert b != c != kernel_picture(-kernel, "C")

"""What the tests of playgrounds look at: the pixels of a PNG, the words of a message, the code."""

import html
import io
import re

import numpy as np
import torch
from PIL import Image

from lessonlib.sample_photos import sample_photo


def values(png):
    """The pixels of a PNG, `(3, h, w)`, uint8."""
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def furthest(png, other):
    """The largest difference between the pixels of two PNGs."""
    return (values(png).int() - values(other).int()).abs().max().item()


def png_of(color):
    """A small PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (30, 20), color).save(file, "PNG")
    return file.getvalue()


def pictures(box):
    """The PNGs of a playground's panes."""
    return [pane.image.value for pane in box.panes]


def message_of(box):
    """The message of a playground as plain text."""
    return html.unescape(re.sub("<.*?>", "", box.message.value))


def refuses_a_text(box):
    """Give a playground a text for a photo: it says so, keeps its pictures, and goes on."""
    before = pictures(box)
    box.picker._uploaded({"new": {"a.txt": {"content": b"no photo"}}})
    assert "not a picture" in message_of(box)
    assert pictures(box) == before
    box.picker.choice.value = "temple"
    assert pictures(box) != before


def run_code(box):
    """Run the code that a playground shows; gives its variables."""
    names = {"sample_photo": sample_photo}
    exec(box.code(), names)
    return names

"""Pictures: their size, their titles, and what is lost when a chart is packed."""

import io

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from lessonlib.figures.pictures import MARGIN, TITLE, Picture, card, pixels, stacked, titled
from lessonlib.sample_photos import sample_photo

GROUND = 8  # pixels: no patch of a photo is off in its colour, dots or not


def image_of(png):
    return Image.open(io.BytesIO(png)).convert("RGBA").convert("RGB")


def lines(axes):
    for shift in range(6):
        axes.plot(np.sin(np.arange(9) + shift), alpha=0.6)


def photo(axes):
    axes.imshow(sample_photo("flower").permute(1, 2, 0).numpy())


def by_matplotlib(figure):
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110, bbox_inches="tight")
    return drawn.getvalue()


def patches(pixels):
    """The mean colour of each patch."""
    h, w = (size // GROUND for size in pixels.shape[:2])
    cut = pixels[: h * GROUND, : w * GROUND]
    return cut.reshape(h, GROUND, w, GROUND, 3).mean((1, 3))


@pytest.mark.parametrize("draw, share, mean, worst", [(lines, 0.5, 0.5, 16), (photo, 0.6, 5, 64)])
def test_a_picture_is_lighter_than_what_matplotlib_draws_and_looks_the_same(
    draw, share, mean, worst
):
    figure = Figure(figsize=(5, 3))
    draw(figure.subplots())
    drawn = by_matplotlib(figure)
    packed = Picture(figure, "a drawing").png
    assert len(packed) < share * len(drawn)
    was = np.asarray(image_of(drawn), float)
    now = np.asarray(image_of(packed), float)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert abs(was - now).mean() < mean
    assert abs(was - now).max() < worst
    assert abs(patches(was) - patches(now)).max() < 8


def test_titles_stand_over_their_pictures_and_make_room_for_long_words():
    png = pixels(torch.full((3, 30, 50), 0.5))
    plain = image_of(titled(png, {0: "x"}))
    assert plain.size == (50, 30 + TITLE)
    assert plain.crop((0, TITLE, 50, 30 + TITLE)).getcolors() == [(1500, (128, 128, 128))]
    wide = image_of(titled(png, {0: "a title of many more words"}))
    assert wide.height == 30 + TITLE
    assert wide.width > 100


def test_pictures_are_stacked():
    png = pixels(torch.full((3, 30, 50), 0.5))
    two = image_of(stacked([png, titled(png, {0: "x"})], gap=5))
    assert two.size == (50, 30 + 5 + 30 + TITLE)


def test_a_card_has_round_corners_and_lies_on_any_page():
    png = card(pixels(torch.zeros(3, 60, 90)))
    assert card(png) == png
    page = Image.open(io.BytesIO(png)).convert("RGBA")
    assert page.size == (90 + 2 * MARGIN, 60 + 2 * MARGIN)
    red, _, _, alpha = (np.asarray(channel) for channel in page.split())
    assert (alpha[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    assert ((alpha > 0) & (alpha < 255)).any()  # no stairs
    drawn = slice(MARGIN, -MARGIN)
    assert (alpha[drawn, drawn] == 255).all() and (red[drawn, drawn] == 0).all()
    margin = red.copy()
    margin[drawn, drawn] = 255
    assert (margin == 255).all()

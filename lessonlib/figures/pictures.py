"""Pictures that carry their words: PNG bytes with alternative text.

For a notebook that is run and for one that is only read.
"""

import io
import zlib
from base64 import b64encode
from html import escape

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from lessonlib.checks import require_int, require_type

__all__ = [
    "Picture",
    "as_html",
    "bundle",
    "card",
    "pixels",
    "side_by_side",
    "stacked",
    "titled",
]

TITLE = 20  # pixels of height for a line of words
MARGIN = 8  # pixels of card around what is drawn on it
ROUND = 12  # pixels: the radius of a card's corners
STEPS = 8  # from transparent to white at those corners
COLOURS = 256 - STEPS  # a PNG with a palette has 256
# a drawing with more colours holds photos: in few they need dots, or smooth parts get steps
PHOTO = 1 << 14


class Picture:
    """A PNG that a notebook shows, with `alt` for those who cannot see it.

    drawing: PNG bytes, or a matplotlib Figure, which is rendered at once; TypeError for others.
    """

    def __init__(self, drawing, alt):
        if not isinstance(drawing, bytes) and not hasattr(drawing, "savefig"):
            raise TypeError(
                f"A Picture takes PNG bytes or a matplotlib Figure, not a {type(drawing).__name__}."
            )
        self.png = drawing if isinstance(drawing, bytes) else _rendered(drawing)
        self.alt = alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(self.png, self.alt)


def bundle(png, alt):
    """What IPython displays for a PNG, and the metadata with its alternative text."""
    return {"image/png": b64encode(png).decode(), "text/plain": alt}, {"image/png": {"alt": alt}}


def as_html(png, alt):
    """The PNG as an element of HTML, with its alternative text."""
    return f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="{escape(alt)}">'


def pixels(photo, zoom=1):
    """PNG bytes of a photo: `(3, h, w)` or `(h, w)` values in [0, 1].

    Each value becomes `zoom` x `zoom` screen pixels, unblurred. TypeError if photo is not a tensor,
    ValueError for another shape or a zoom below 1.
    """
    require_type("pixels", torch.Tensor, photo=photo)
    require_int("pixels", zoom=zoom)
    if photo.ndim not in (2, 3) or (photo.ndim == 3 and len(photo) != 3) or not photo.numel():
        raise ValueError(f"pixels takes (3, h, w) or (h, w), not {tuple(photo.shape)}.")
    channels_last = photo.expand(3, *photo.shape[-2:]).permute(1, 2, 0)
    levels = (channels_last.nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8)
    image = Image.fromarray(levels.contiguous().numpy())
    return _png(image.resize((zoom * image.width, zoom * image.height), Image.Resampling.NEAREST))


def side_by_side(pngs, gap=12):
    """One PNG of several in a row, on white. ValueError without any, or if one is not a PNG."""
    images = _images("side_by_side", pngs)
    width = sum(image.width + gap for image in images) - gap
    height = max(image.height for image in images)
    row = Image.new("RGB", (width, height), "white")
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + gap
    return _png(row)


def stacked(pngs, gap=12):
    """One PNG of several in a column, on white. ValueError without any, or if one is not a PNG."""
    images = _images("stacked", pngs)
    width = max(image.width for image in images)
    height = sum(image.height + gap for image in images) - gap
    column = Image.new("RGB", (width, height), "white")
    top = 0
    for image in images:
        column.paste(image, (0, top))
        top += image.height + gap
    return _png(column)


def titled(png, titles):
    """The PNG below a line of words, `{pixels from the left: words}`, made wider if need be.

    ValueError unless it is a PNG.
    """
    [image] = _images("titled", [png])
    font = ImageFont.load_default(13)
    ends = [left + int(font.getlength(words)) + 1 for left, words in titles.items()]
    page = Image.new("RGB", (max([image.width, *ends]), image.height + TITLE), "white")
    page.paste(image, (0, TITLE))
    for left, words in titles.items():
        ImageDraw.Draw(page).text((left, 1), words, "#111111", font)
    return _png(page)


def card(png):
    """The PNG on a white card with round corners, in 256 colours, a third as large.

    What is drawn for a white page can so be read on a dark one too. Dots stand for colours where it
    holds photos. A card is left as it is. ValueError unless it is a PNG.
    """
    [image] = _images("card", [png])
    given = Image.open(io.BytesIO(png))
    if given.mode == "P" and given.has_transparency_data:
        return png
    page = ImageOps.expand(image, MARGIN, "white")
    few = page.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    if page.getcolors(PHOTO) is None:
        few = page.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
    packed = io.BytesIO()
    _with_round_corners(few).save(packed, "PNG", transparency=OPACITY)
    return packed.getvalue()


# of each colour in the palette of a card
OPACITY = b"\xff" * COLOURS + bytes(256 * step // STEPS for step in range(STEPS))


def _with_round_corners(few):
    """The image with a palette, its corners in the colours after its own: white, and less of it."""
    large = Image.new("L", (4 * few.width, 4 * few.height))
    edge = (0, 0, large.width - 1, large.height - 1)
    ImageDraw.Draw(large).rounded_rectangle(edge, 4 * ROUND, 255)
    inside = np.asarray(large.resize(few.size, Image.Resampling.BOX))
    steps = COLOURS + inside // (256 // STEPS)
    rounded = Image.fromarray(np.where(inside == 255, few, steps).astype(np.uint8), "P")
    own = few.getpalette()[: 3 * COLOURS]
    rounded.putpalette(own + [255] * (3 * 256 - len(own)))
    return rounded


def _images(caller, pngs):
    """The PNGs as images. ValueError in the caller's name if the list is empty or one is no PNG."""
    if not pngs:
        raise ValueError(f"{caller}: give at least one PNG.")
    try:
        # RGBA first: a card's corners are transparent white
        return [Image.open(io.BytesIO(png)).convert("RGBA").convert("RGB") for png in pngs]
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{caller}: these bytes are not a picture; give a PNG, as pixels() returns."
        ) from error


def _rendered(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    return card(buffer.getvalue())


def _png(image):
    buffer = io.BytesIO()
    # run lengths: on these pictures smaller than level 1 and half again as fast, and they travel
    # to the browser on every key
    image.save(buffer, "PNG", compress_type=zlib.Z_RLE)
    return buffer.getvalue()

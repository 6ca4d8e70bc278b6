"""Pictures that carry their words: PNG bytes with alternative text, for a notebook that is run and one that is only read."""

import io
import zlib
from base64 import b64encode

import torch
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from lessonlib.checks import require_int, require_type

__all__ = ["Picture", "bundle", "pixels", "side_by_side", "stacked", "titled"]

TITLE = 20  # pixels of height for a line of words
PHOTO = (
    1 << 14
)  # a drawing with more colours holds photos: in 256 they need dots, or smooth parts get steps


class Picture:
    """A PNG that a notebook shows, with `alt` for those who do not see it.

    drawing: PNG bytes, or a matplotlib Figure, which is rendered at once.
    """

    def __init__(self, drawing, alt):
        if not isinstance(drawing, bytes) and not hasattr(drawing, "savefig"):
            raise TypeError(
                f"A Picture takes PNG bytes or a matplotlib Figure, not a {type(drawing).__name__}."
            )
        self.png, self.alt = drawing if isinstance(drawing, bytes) else _rendered(drawing), alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(self.png, self.alt)


def bundle(png, alt):
    """What IPython displays for a PNG, and the metadata with its alternative text."""
    return {"image/png": b64encode(png).decode(), "text/plain": alt}, {"image/png": {"alt": alt}}


def pixels(photo, zoom=1):
    """PNG bytes of `(3, h, w)` or `(h, w)` values in [0, 1]; each value becomes `zoom` x `zoom` screen pixels, unblurred."""
    require_type("pixels", torch.Tensor, photo=photo)
    require_int("pixels", zoom=zoom)
    if photo.ndim not in (2, 3) or (photo.ndim == 3 and len(photo) != 3) or not photo.numel():
        raise ValueError(f"pixels takes (3, h, w) or (h, w), not {tuple(photo.shape)}.")
    photo = photo.expand(3, *photo.shape[-2:]) if photo.ndim == 2 else photo
    values = (
        (photo.nan_to_num().clamp(0, 1) * 255)
        .round()
        .to(torch.uint8)
        .permute(1, 2, 0)
        .contiguous()
        .numpy()
    )
    image = Image.fromarray(values)
    return _png(image.resize((zoom * image.width, zoom * image.height), Image.Resampling.NEAREST))


def side_by_side(pngs, gap=12):
    """One PNG of several in a row, on white, for the still picture of a playground."""
    images = _images("side_by_side", pngs)
    row = Image.new(
        "RGB", (sum(i.width + gap for i in images) - gap, max(i.height for i in images)), "white"
    )
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + gap
    return _png(row)


def stacked(pngs, gap=12):
    """One PNG of several below each other, on white."""
    images = _images("stacked", pngs)
    column = Image.new(
        "RGB", (max(i.width for i in images), sum(i.height + gap for i in images) - gap), "white"
    )
    top = 0
    for image in images:
        column.paste(image, (0, top))
        top += image.height + gap
    return _png(column)


def titled(png, titles):
    """The PNG below a line of words, `{pixels from the left: words}`; it becomes wider where the words need it."""
    [image], font = _images("titled", [png]), ImageFont.load_default(13)
    width = max(
        [image.width, *(left + int(font.getlength(words)) + 1 for left, words in titles.items())]
    )
    page = Image.new("RGB", (width, image.height + TITLE), "white")
    page.paste(image, (0, TITLE))
    for left, words in titles.items():
        ImageDraw.Draw(page).text((left, 1), words, "#111111", font)
    return _png(page)


def _images(caller, pngs):
    """The PNGs as images. ValueError in the caller's name where there is none, or one is no picture."""
    if not pngs:
        raise ValueError(f"{caller}: give at least one PNG.")
    try:
        return [Image.open(io.BytesIO(png)).convert("RGB") for png in pngs]
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{caller}: these bytes are no picture; give a PNG's, as from pixels."
        ) from error


def _rendered(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight")
    drawing = Image.open(buffer).convert("RGB")
    few = drawing.quantize(
        256, Image.Quantize.MAXCOVERAGE
    )  # a byte a pixel: a notebook of charts gets a third as large
    if drawing.getcolors(PHOTO) is None:
        few = drawing.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
    packed = io.BytesIO()
    few.save(packed, "PNG")
    return packed.getvalue()


def _png(image):
    buffer = io.BytesIO()
    # run lengths: on these pictures smaller than level 1 and half again as fast, and they travel to the browser on every key
    image.save(buffer, "PNG", compress_type=zlib.Z_RLE)
    return buffer.getvalue()

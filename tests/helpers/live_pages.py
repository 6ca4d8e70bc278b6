"""A playground that computes in the page, alone in a page from the disk: what its canvases show."""

import base64

import numpy as np
import torch
from torch.nn.functional import conv2d

from helpers.hand import PASTE, a_photo
from lessonlib.kernels import compose
from lessonlib.playgrounds.colors import brightness
from lessonlib.playgrounds.live import SCRIPT, html
from lessonlib.playgrounds.live.named import PLAYGROUNDS

VIEWPORT = '<meta name=viewport content="width=device-width">'
PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8>{}<title>t</title><body>{}<script>{}</script>"
)
# the levels of each canvas, red, green and blue of each pixel, in base 64, with height and width
LEVELS = """window.levels = root => [...root.querySelectorAll('canvas')].map(canvas => {
    const { width, height } = canvas;
    const all = canvas.getContext('2d').getImageData(0, 0, width, height).data.filter((_, i) => i % 4 < 3);
    let text = '';
    for (let i = 0; i < all.length; i += 4096) text += String.fromCharCode(...all.slice(i, i + 4096));
    return [height, width, btoa(text)]; });
"""
LEVELS += f"window.paste = {PASTE};"


def page_with(name):
    """The text of a page with that playground."""
    playground = PLAYGROUNDS[name]
    element = html(playground.state(), a_photo(), playground.alt())
    return PAGE.format(VIEWPORT, element, SCRIPT)


def levels(pictures):
    """What `levels` gave, as `(3, h, w)` tensors."""
    found = []
    for height, width, text in pictures:
        flat = np.frombuffer(base64.b64decode(text), np.uint8)
        found.append(torch.tensor(flat).reshape(height, width, 3).permute(2, 0, 1))
    return found


def shown(box):
    return levels(box.evaluate("levels"))


def by_torch(photo, *kernels, padding=0):
    """The levels of the photo after the kernels, one after the other."""
    y = photo[:, None]
    for kernel in kernels:
        y = conv2d(y, kernel[None, None], padding=padding)
    whole = compose(*kernels)
    return (brightness(y[:, 0], whole)[0].clamp(0, 1) * 255).round()


def as_text(kernel):
    return "\n".join("\t".join(map(repr, row)) for row in kernel.tolist())


def looks(box):
    """All its pictures, to be compared with others."""
    return box.locator("canvas").evaluate_all("all => all.map(canvas => canvas.toDataURL())")


def furthest(found, wanted):
    return max((a.double() - b).abs().max().item() for a, b in zip(found, wanted, strict=True))

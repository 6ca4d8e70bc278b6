"""The pictures of a chain of convolutions: its kernels, and a photo through them."""

import torch
from torch import nn

from lessonlib.merging.to_layers import as_layer
from lessonlib.playgrounds.colors import GREY, blue, error_colors
from lessonlib.playgrounds.panes import NOTHING, Pane, Strip, in_a_row

__all__ = ["ChainPictures", "taps_used"]

SIDE = 184  # pixels of a photo in a strip
TAPS = 100  # of a kernel: all of it, and the sliders, fit on one screen


class ChainPictures:
    """Each kernel of a chain, the one kernel that grows, and a photo through both.

    longest: how many links a chain may have.
    """

    def __init__(self, longest):
        self._longest = longest
        numbers = range(1, longest + 1)
        self.each = Strip(
            [f"kernel {n}" for n in numbers], "The kernel of each link, drawn to one scale.", TAPS
        )
        self.grown = Strip(
            [f"after link {n}" for n in numbers],
            "The one kernel of the first links: it grows.",
            TAPS,
        )
        self.photo = Pane("the photo", "The photo, in grey.", zoom=2)
        self.after = Strip(
            ["through the chain", "through the one", "orange where they differ"],
            "The photo through the chain, through the one kernel, and where these differ: orange, "
            "else light grey.",
            SIDE,
        )

    def rows(self):
        """The widgets; in a row a picture keeps its size, else it fills the page."""
        return [in_a_row([self.each, self.grown]), in_a_row([self.photo, self.after])]

    def draw_kernels(self, parts, ones):
        """Draw on one scale: the `Convolution` of each link, and of the first links as one."""
        kernels = [taps_used(convolution) for convolution in parts]
        grown = [taps_used(convolution) for convolution in ones]
        largest = max(max(taps.shape) for taps in kernels + grown)
        zoom = max(1, TAPS // largest)
        self.each.show(self._filled(kernels, zoom))
        self.grown.show(self._filled(grown, zoom))

    def draw_photos(self, photo, layers, one, mask):
        """Draw a photo `(h, w)` through the layers and the one; orange where mask is True."""
        x = photo[None, None]
        chain = nn.Sequential(*layers)(x)[0]
        merged = as_layer(one, photo)(x)[0]
        zoom = SIDE // max(mask.shape)
        greys = [y.expand(3, *mask.shape).clamp(0, 1) for y in (chain, merged)]
        pictures = [*greys, error_colors(mask.double())]
        self.after.show([_zoomed(picture, zoom) for picture in pictures])

    def clear_photos(self):
        """Leave the photos after the chain and after the one empty."""
        self.after.show([NOTHING] * 3)

    def _filled(self, kernels, zoom):
        """A picture for each link, empty for the links that are not there."""
        pictures = [_kernel_picture(taps, zoom) for taps in kernels]
        return pictures + [NOTHING] * (self._longest - len(pictures))


def taps_used(convolution):
    """The taps of a one-channel `Convolution` as they lie on the photo, `(h, w)`, nan between."""
    taps = convolution.weight.new_full([reach + 1 for reach in convolution.reach], torch.nan)
    down, across = convolution.dilation
    taps[::down, ::across] = convolution.weight[0, 0]
    return taps


def _kernel_picture(taps, zoom):
    """In blue, the largest tap darkest, grey between the taps."""
    share = 0.12 + 0.88 * taps / taps.nan_to_num().max()  # so that the smallest are seen, too
    picture = _zoomed(blue(share).nan_to_num(GREY), zoom)
    if zoom > 4:
        picture[:, zoom - 1 :: zoom] = 1  # a white line between taps
        picture[:, :, zoom - 1 :: zoom] = 1
    return picture


def _zoomed(picture, zoom):
    return picture.repeat_interleave(zoom, 1).repeat_interleave(zoom, 2)

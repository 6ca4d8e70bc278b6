"""Cut a random piece out of every photo of a batch and shrink it.

This is fastai's RandomResizedCrop for a batch. Every photo is stored whole, squeezed into a square
whatever its shape; its aspect, width over height, says how a piece of 4:3 of the photo lies in the
square. A box is (left, top, right, bottom) in pixels of the square.
"""

import math

import torch
import torch.nn.functional as F

__all__ = ["random_boxes", "crop", "crop_one_by_one", "crop_by_matrices"]
__all__ += ["mirror", "middle"]

# The thread's RandomResizedCrop, and for the rest fastai's defaults.
MIN_SCALE = 0.35
RATIO = (3 / 4, 4 / 3)
TRIES = 10
# fastai's val_xtra: validation photos are shrunk to this much more than px, then cut to px.
EXTRA = 0.14


def random_boxes(aspects, size, random):
    """A random box per photo, int64 `(n, 4)`: 35 to 100% of its area, 3:4 to 4:3 in shape.

    aspects: `(n,)`; size: side of the stored squares; random: a torch.Generator. Up to ten boxes
    are drawn until one fits into its photo; otherwise it is the largest one in the middle, as in
    fastai.
    """
    aspects = torch.as_tensor(aspects, dtype=torch.float64)
    n = len(aspects)
    area = torch.empty(TRIES, n, dtype=torch.float64).uniform_(MIN_SCALE, 1, generator=random)
    log_ratio = torch.empty_like(area).uniform_(*map(math.log, RATIO), generator=random)
    ratio = log_ratio.exp()
    place = torch.rand(2, n, generator=random, dtype=torch.float64)

    # width and height as shares of the photo's own, so between 0 and 1 where the box fits
    wide = (area * ratio / aspects).sqrt()
    high = (area / ratio * aspects).sqrt()
    fits = (wide <= 1) & (high <= 1)
    first = fits.int().argmax(0, keepdim=True)
    never = ~fits.any(0)
    wide = torch.where(never, (RATIO[1] / aspects).clamp(max=1), wide.gather(0, first)[0])
    high = torch.where(never, (aspects / RATIO[0]).clamp(max=1), high.gather(0, first)[0])
    place = torch.where(never, 0.5, place)
    return _in_pixels(torch.stack([wide, high]), place, size)


def _in_pixels(shares, place, size):
    """Boxes `(n, 4)` of these `(2, n)` shares of the square, at a place from 0 to 1 in the rest."""
    sides = (shares * size).round().clamp(min=1)
    corner = (place * (size - sides + 1)).floor().clamp(max=size - sides)
    return torch.cat([corner, corner + sides]).T.long()


def crop(images, chosen, boxes, px):
    """The box of each chosen image, shrunk to `px` x `px`: `(n, 3, px, px)`, channels last.

    images: uint8 `(all, 3, size, size)`; chosen: `(n,)`; boxes: `(n, 4)`. Values in 0..255,
    anti-aliased as in Pillow. On a CPU it goes photo by photo, which is faster there, and rounds to
    uint8 as Pillow does; elsewhere it takes the whole batch at once and gives floats.
    """
    way = crop_one_by_one if images.device.type == "cpu" else crop_by_matrices
    return way(images, chosen, boxes, px)


def crop_one_by_one(images, chosen, boxes, px):
    """`crop` with torch's uint8 resize, as fast as Pillow's if the images are channels last."""
    out = images.new_empty(len(chosen), px, px, 3).permute(0, 3, 1, 2)
    for i, (k, (left, top, right, bottom)) in enumerate(zip(chosen.tolist(), boxes.tolist())):
        out[i] = _shrunk(images[k : k + 1, :, top:bottom, left:right], px)[0]
    return out


def crop_by_matrices(images, chosen, boxes, px):
    """`crop` as two matrix products, rows @ photo @ columns: few large steps, as a GPU likes."""
    photos = images[chosen.to(images.device)].permute(0, 2, 3, 1)
    left, top, right, bottom = boxes.to(images.device, torch.float32).T
    rows = _weights(top, bottom, images.shape[2], px)
    cols = _weights(left, right, images.shape[3], px)
    x = torch.einsum("nps,nsk->npk", rows, photos.flatten(2).float())  # k: column and colour
    x = torch.einsum("nqs,npsc->ncpq", cols, x.unflatten(2, (-1, 3)))
    return x.contiguous(memory_format=torch.channels_last)


def mirror(pieces, which):
    """The pieces `(n, 3, px, px)`, those of `which`, bool `(n,)`, with left and right exchanged.

    On a CPU in place and piece by piece: a fifth of the time of a `where` over the whole batch.
    """
    if pieces.device.type != "cpu":
        return torch.where(which.view(-1, 1, 1, 1).to(pieces.device), pieces.flip(3), pieces)
    for k in which.nonzero().flatten().tolist():
        pieces[k] = pieces[k].flip(2)
    return pieces


def middle(images, px):
    """For validation: the middle `px` x `px` of whole images shrunk to a little more than that.

    images: uint8 `(n, 3, size, size)`. Returns `(n, 3, px, px)`, uint8 on a CPU, else float.
    """
    larger = px + 8 * math.ceil(px * EXTRA / 8)
    start = (larger - px) // 2
    x = images if images.device.type == "cpu" else images.float()  # only CPUs resize uint8
    return _shrunk(x, larger)[:, :, start : start + px, start : start + px]


def _shrunk(images, px):
    return F.interpolate(images, size=(px, px), mode="bilinear", antialias=True)


def _weights(start, end, size, px):
    """`(n, px, size)`: the weight of pixel j of a line in pixel i of its shrunk piece start..end.

    A triangle around the middle of pixel i: anti-aliased bilinear interpolation.
    """
    start = start[:, None, None]
    end = end[:, None, None]
    step = (end - start) / px
    i = start + (torch.arange(px, device=start.device)[:, None] + 0.5) * step
    j = torch.arange(size, device=start.device) + 0.5
    weights = (1 - (j - i).abs() / step.clamp(min=1)).clamp(min=0)
    weights = weights * ((j > start) & (j < end))
    return weights / weights.sum(2, keepdim=True)

"""Cut another piece out of every photo of a batch and shrink it, as fastai's RandomResizedCrop does one photo at a time.

A photo is kept whole, squeezed into a square whatever its shape; `aspects`, width over height, says what it was, so that a
crop of the photo's own 4:3 is known in the square's pixels. A box is (left, top, right, bottom) in those pixels.
"""

import math

import torch
import torch.nn.functional as F

__all__ = ["random_boxes", "crop", "crop_one_by_one", "crop_by_matrices", "middle"]

MIN_SCALE, RATIO, TRIES = (
    0.35,
    (3 / 4, 4 / 3),
    10,
)  # the thread's RandomResizedCrop, and fastai's own defaults
EXTRA = 0.14  # fastai's val_xtra: validation photos are shrunk to this much more than px before the middle is cut out


def random_boxes(aspects, size, random):
    """A random box for each photo, int64 `(n, 4)`: 35 to 100% of its area, width over height between 3:4 and 4:3.

    aspects: `(n,)`; size: side of the kept squares; random: a torch.Generator. A box that does not fit into its photo is drawn
    again up to ten times, then the largest one in the middle is taken, as in fastai.
    """
    n, aspects = len(aspects), torch.as_tensor(aspects, dtype=torch.float64)
    area = torch.empty(TRIES, n, dtype=torch.float64).uniform_(MIN_SCALE, 1, generator=random)
    ratio = (
        torch.empty(TRIES, n, dtype=torch.float64)
        .uniform_(*map(math.log, RATIO), generator=random)
        .exp()
    )
    place = torch.rand(2, n, generator=random, dtype=torch.float64)
    wide, high = (
        (area * ratio / aspects).sqrt(),
        (area / ratio * aspects).sqrt(),
    )  # shares of the photo's own sides
    fits = (wide <= 1) & (high <= 1)
    first = fits.int().argmax(0, keepdim=True)
    never = ~fits.any(0)
    wide = torch.where(never, (RATIO[1] / aspects).clamp(max=1), wide.gather(0, first)[0])
    high = torch.where(never, (aspects / RATIO[0]).clamp(max=1), high.gather(0, first)[0])
    place = torch.where(never, 0.5, place)
    sides = (torch.stack([wide, high]) * size).round().clamp(min=1)
    corner = (place * (size - sides + 1)).floor().clamp(max=size - sides)
    return torch.cat([corner, corner + sides]).T.long()


def crop(images, chosen, boxes, px):
    """The box of each chosen image at `px` x `px`, anti-aliased as Pillow does it: `(n, 3, px, px)` in 0..255, channels last.

    images: uint8 `(all, 3, size, size)`; chosen: `(n,)`; boxes: `(n, 4)`. Photo by photo where a processor works, which is
    faster there, and rounded to uint8 as Pillow would; elsewhere the whole batch at once, as float.
    """
    return (crop_one_by_one if images.device.type == "cpu" else crop_by_matrices)(
        images, chosen, boxes, px
    )


def crop_one_by_one(images, chosen, boxes, px):
    """`crop` by torch's uint8 resize, which is as fast as Pillow's where the images are channels last."""
    out = images.new_empty(len(chosen), px, px, 3).permute(0, 3, 1, 2)
    for i, (k, (left, top, right, bottom)) in enumerate(zip(chosen.tolist(), boxes.tolist())):
        out[i] = _shrunk(images[k : k + 1, :, top:bottom, left:right], px)[0]
    return out


def crop_by_matrices(images, chosen, boxes, px):
    """`crop` as two matrix products a photo, rows @ photo @ columns: few large steps, which is what a GPU likes."""
    chosen_images = images[chosen.to(images.device)].permute(0, 2, 3, 1)
    left, top, right, bottom = boxes.to(images.device, torch.float32).T
    rows = _weights(top, bottom, images.shape[2], px)
    cols = _weights(left, right, images.shape[3], px)
    x = torch.einsum("nps,nsk->npk", rows, chosen_images.flatten(2).float())  # k: column and colour
    x = torch.einsum("nqs,npsc->ncpq", cols, x.unflatten(2, (-1, 3)))
    return x.contiguous(memory_format=torch.channels_last)


def middle(images, px):
    """Validation: whole images `(n, 3, size, size)` shrunk to a little more than `px`, and of that the middle. As `crop`."""
    larger = px + 8 * math.ceil(px * EXTRA / 8)
    x = (
        images if images.device.type == "cpu" else images.float()
    )  # torch shrinks uint8 on processors only
    start = (larger - px) // 2
    return _shrunk(x, larger)[:, :, start : start + px, start : start + px]


def _shrunk(images, px):
    return F.interpolate(images, size=(px, px), mode="bilinear", antialias=True)


def _weights(start, end, size, px):
    """`(n, px, size)`: what pixel j of a line gives to pixel i of the shrunk piece start..end, a triangle around i's middle."""
    step = ((end - start) / px)[:, None, None]
    j = torch.arange(size, device=start.device) + 0.5
    i = start[:, None, None] + (torch.arange(px, device=start.device)[:, None] + 0.5) * step
    near = (1 - (j - i).abs() / step.clamp(min=1)).clamp(min=0)
    near = near * ((j > start[:, None, None]) & (j < end[:, None, None]))
    return near / near.sum(2, keepdim=True)

"""Batches straight from the decoded photos, so that training never touches a file."""

from concurrent.futures import ThreadPoolExecutor

import torch

from lessonlib.checks import require_int
from lessonlib.imagewoof.crops import crop, middle, mirror, random_boxes

__all__ = ["Batches"]

# mean and standard deviation of ImageNet's red, green and blue, as in fastai's imagenet_stats
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

LARGEST_SEED = 2**32


class Batches:
    """Iterate over `(x, y)`: photos `(batch, 3, px, px)`, float32, normalised, channels last, and
    labels `(batch,)`. The next batch is prepared while the present one is in use.

    With `seed`, a training set: every epoch shuffles anew, cuts a random piece out of each photo
    (`crops.random_boxes`), mirrors half of them, and leaves out the last, incomplete batch.
    Without, a validation set: the middle of each photo, in order. The seed and the number of the
    epoch decide everything drawn: set `epoch` to go on where another run stopped.
    images, labels, aspects: as in `photos.Split`; they are moved to `device` once and stay there.
    Raises ValueError if their numbers differ, if a training batch is larger than the set, and for
    an invalid seed.
    """

    def __init__(self, images, labels, aspects, px, batch, seed=None, device="cpu"):
        _check(images, labels, aspects, px, batch, seed)
        images = torch.as_tensor(images).contiguous(memory_format=torch.channels_last)
        self.images = images.to(device)
        self.labels = torch.as_tensor(labels).to(device)
        self.aspects = torch.as_tensor(aspects)
        self.px = px
        self.batch = batch
        self.device = device
        self.seed = seed
        self.epoch = 0
        # one multiply-add from 0..255 to normalised: x / (255 std) - mean / std
        mean, std = (torch.tensor(t, dtype=torch.float32, device=device) for t in (MEAN, STD))
        self.scale = _like_a_photo(1 / (255 * std), px)
        self.shift = _like_a_photo(-mean / std, px)

    def __len__(self):
        complete, rest = divmod(len(self.labels), self.batch)
        return complete + (self.seed is None and rest > 0)

    def __iter__(self):
        n = len(self.labels)
        random = None
        order = torch.arange(n)
        if self.seed is not None:
            random = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch)
            self.epoch += 1
            order = torch.randperm(n, generator=random)
        chosen = order.split(self.batch)[: len(self)]
        with ThreadPoolExecutor(1) as aside:  # one thread: it draws from `random` in order
            coming = aside.submit(self._batch, chosen[0], random)
            for following in [*chosen[1:], None]:
                batch = coming.result()
                if following is not None:
                    coming = aside.submit(self._batch, following, random)
                yield batch

    def _batch(self, chosen, random):
        there = chosen.to(self.device)
        if random is None:
            x = middle(self.images[there], self.px)
        else:
            x = self._pieces(chosen, random)
        x = x.float()
        # In place: a second new tensor of this size would cost six times the arithmetic
        return torch.addcmul(self.shift, x, self.scale, out=x), self.labels[there]

    def _pieces(self, chosen, random):
        boxes = random_boxes(self.aspects[chosen], self.images.shape[-1], random)
        mirrored = torch.rand(len(chosen), dtype=torch.float32, generator=random) < 0.5
        return mirror(crop(self.images, chosen, boxes, self.px), mirrored)


def _like_a_photo(colours, px):
    """Three numbers as `(1, 3, px, px)`, laid out as a photo, or each photo would spread them."""
    spread = colours.view(1, 3, 1, 1).expand(1, 3, px, px)
    return spread.contiguous(memory_format=torch.channels_last)


def _check(images, labels, aspects, px, batch, seed):
    if not len(images) == len(labels) == len(aspects):
        raise ValueError(
            f"{len(images)} photos with {len(labels)} labels and {len(aspects)} aspects: "
            "give as many of each."
        )
    require_int("Batches", px=px, batch=batch)
    if seed is None:
        return
    require_int("Batches", 0, seed=seed)
    if seed >= LARGEST_SEED:
        raise ValueError(f"Batches: seed is {seed}; give a whole number below {LARGEST_SEED}.")
    if batch > len(labels):
        raise ValueError(
            f"A batch of {batch} is more than the {len(labels)} training photos: "
            "choose a smaller one."
        )

"""Batches straight from the decoded photos, so that training never touches a file: gather, crop, mirror, normalise."""

import torch

from lessonlib.checks import require_int
from lessonlib.imagewoof.crops import crop, middle, random_boxes

__all__ = ["Batches"]

# mean and standard deviation of ImageNet's red, green and blue, as in fastai's imagenet_stats
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

LARGEST_SEED = 2**32


class Batches:
    """Iterate over `(x, y)`: float photos `(batch, 3, px, px)`, normalised and channels last, and labels `(batch,)`.

    With `seed`, a training set: every epoch shuffles anew, cuts a random piece out of each photo (`crops.random_boxes`),
    mirrors half of them, and leaves out the last, incomplete batch. Without, a validation set: the middle, in order.
    The seed and the number of the epoch decide everything drawn: set `epoch` to go on where another run stopped.
    images, labels, aspects: as in `imagewoof.Split`; they are moved to `device` once and stay there.
    Raises ValueError where their numbers differ, where a training batch is larger than the set, and for another seed.
    """

    def __init__(self, images, labels, aspects, px, batch, seed=None, device="cpu"):
        if not len(images) == len(labels) == len(aspects):
            raise ValueError(
                f"{len(images)} photos with {len(labels)} labels and {len(aspects)} aspects: give as many of each."
            )
        require_int("Batches", px=px, batch=batch)
        if seed is not None:
            require_int("Batches", 0, seed=seed)
            if seed >= LARGEST_SEED:
                raise ValueError(
                    f"Batches: seed is {seed}; give a whole number below {LARGEST_SEED}."
                )
            if batch > len(labels):
                raise ValueError(
                    f"A batch of {batch} is more than the {len(labels)} training photos: choose a smaller one."
                )
        self.images = (
            torch.as_tensor(images).contiguous(memory_format=torch.channels_last).to(device)
        )
        self.labels = torch.as_tensor(labels).to(device)
        self.aspects = torch.as_tensor(aspects)
        self.px, self.batch, self.device, self.seed, self.epoch = px, batch, device, seed, 0
        mean, std = (
            torch.tensor(t, device=device).view(3, 1, 1).expand(3, px, px) for t in (MEAN, STD)
        )
        # one multiply-add from 0..255 to normalised, laid out like a photo: three numbers would be spread out for each pixel
        scale, shift = 1 / (255 * std), -mean / std
        self.scale, self.shift = (
            t[None].contiguous(memory_format=torch.channels_last) for t in (scale, shift)
        )

    def __len__(self):
        whole, rest = divmod(len(self.labels), self.batch)
        return whole + (self.seed is None and rest > 0)

    def __iter__(self):
        n, random = len(self.labels), None
        if self.seed is not None:
            random = torch.Generator().manual_seed(1_000_003 * self.seed + self.epoch)
            self.epoch += 1
        order = torch.arange(n) if random is None else torch.randperm(n, generator=random)
        for i in range(len(self)):
            chosen = order[i * self.batch : (i + 1) * self.batch]
            x = self._middles(chosen) if random is None else self._pieces(chosen, random)
            yield (
                torch.addcmul(self.shift, x.float(), self.scale),
                self.labels[chosen.to(self.device)],
            )

    def _middles(self, chosen):
        return middle(self.images[chosen.to(self.device)], self.px)

    def _pieces(self, chosen, random):
        boxes = random_boxes(self.aspects[chosen], self.images.shape[-1], random)
        mirrored = torch.rand(len(chosen), generator=random) < 0.5
        x = crop(self.images, chosen, boxes, self.px)
        return torch.where(mirrored.view(-1, 1, 1, 1).to(self.device), x.flip(3), x)

"""Batches straight from the decoded photos: one gather crops and flips, so that training never touches a file."""

import torch

__all__ = ["Batches"]

# mean and standard deviation of ImageNet's red, green and blue, as in fastai's imagenet_stats
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Batches:
    """Iterate over `(x, y)`: float photos `(batch, 3, px, px)`, normalised and channels last, and labels `(batch,)`.

    With `seed`, a training set: every epoch shuffles anew, crops a random px square of each photo, mirrors half of
    them, and leaves out the last, incomplete batch. Without, a validation set: the middle square, in order.
    The same seed gives the same batches, on any machine.
    """

    def __init__(self, images, labels, px, batch, seed=None, device="cpu"):
        self.images = torch.as_tensor(images).to(device)
        self.labels = torch.as_tensor(labels).to(device)
        self.px, self.batch, self.device = px, batch, device
        self.random = None if seed is None else torch.Generator().manual_seed(seed)
        self.mean, self.std = (torch.tensor(t, device=device).view(3, 1, 1) * 255 for t in (MEAN, STD))

    def __len__(self):
        whole, rest = divmod(len(self.labels), self.batch)
        return whole if self.random else whole + (rest > 0)

    def __iter__(self):
        n = len(self.labels)
        order = torch.randperm(n, generator=self.random) if self.random else torch.arange(n)
        for i in range(len(self)):
            chosen = order[i * self.batch : (i + 1) * self.batch].to(self.device)
            yield self._photos(chosen), self.labels[chosen]

    def _photos(self, chosen):
        n, spare = len(chosen), self.images.shape[-1] - self.px
        if self.random:
            top, left = torch.randint(spare + 1, (2, n, 1), generator=self.random)
            mirrored = torch.rand(n, 1, generator=self.random) < 0.5
        else:
            top = left = torch.full((n, 1), spare // 2)
            mirrored = torch.zeros(n, 1, dtype=torch.bool)
        along = torch.arange(self.px)
        rows = (top + along).to(self.device)
        cols = (left + torch.where(mirrored, along.flip(0), along)).to(self.device)
        # three index tensors around a slice: the result is (n, px, px, 3), which is channels last as it stands
        x = self.images[chosen[:, None, None], :, rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2)
        return (x - self.mean) / self.std

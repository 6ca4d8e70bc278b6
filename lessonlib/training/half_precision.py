"""Train in 16 bits on any device that computes in them: fastai's MixedPrecision knows CUDA only."""

import torch
from fastai.callback.fp16 import MixedPrecision
from fastcore.foundation import L

from lessonlib.device import PRECISIONS

__all__ = ["HalfPrecision"]


class HalfPrecision(MixedPrecision):
    """torch's autocast around forward and loss; weights, gradients and optimizer stay float32.

    device: a torch.device; precision: "bfloat16", or "float16", which scales the loss so that small
    gradients do not vanish.
    """

    def __init__(self, device, precision):
        super().__init__()
        self.device = device
        self.precision = precision
        self.inside = False

    def before_fit(self):
        kind = self.device.type
        self.autocast = torch.autocast(kind, PRECISIONS[self.precision])
        self.learn.scaler = torch.amp.GradScaler(kind, enabled=self.precision == "float16")
        self.scales = L()

    def before_batch(self):
        self.autocast.__enter__()
        self.inside = True

    def after_loss(self):
        self.leave()

    def leave(self):
        """End autocast. A batch that breaks off in its middle must not leave it to other cells."""
        if self.inside:
            self.autocast.__exit__(None, None, None)
            self.inside = False

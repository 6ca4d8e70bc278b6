"""RAdam with Lookahead, as fastai's `ranger`, on all tensors at once: few large launches."""

import math

import torch
from fastai.optimizer import OptimWrapper
from fastai.torch_core import norm_bias_params
from torch import nn

__all__ = ["Ranger", "decayed_and_not", "ranger"]

DECAY = [1e-2, 0.0]  # weight decay, and none for biases and norms, as fastai does it
BETAS = (0.95, 0.99)
EPS = 1e-6
EVERY = 6  # steps of Lookahead
ALPHA = 0.5  # how far the slow weights follow


class Ranger(torch.optim.RAdam):
    """torch's RAdam (Liu et al., 1908.03265) inside Lookahead (Zhang et al., 1907.08610).

    Every sixth step the slow weights go half of the way to the fast ones, and these go back there.
    The weights are those of `fastai.optimizer.ranger` up to rounding.
    """

    def __init__(self, params, lr):
        super().__init__(params, lr, BETAS, EPS, decoupled_weight_decay=True, foreach=True)

    @torch.no_grad()
    def step(self):
        """One step of every parameter, from its `.grad`."""
        weights = [p for group in self.param_groups for p in group["params"]]
        slow = [self.state[p].get("slow") for p in weights] if self.state else _copies(weights)
        n = 1 + (int(self.state[weights[0]]["step"]) if self.state else 0)
        for group in self.param_groups:
            # fastai adds eps to the debiased deviation, torch to the deviation before that
            group["eps"] = EPS * math.sqrt(1 - BETAS[1] ** n)
        super().step()
        if n % EVERY == 0:
            torch._foreach_lerp_(slow, weights, ALPHA)
            torch._foreach_copy_(weights, slow)
        for p, copy in zip(weights, slow):
            self.state[p]["slow"] = copy


def _copies(weights):
    return [p.clone() for p in weights]


def decayed_and_not(model: nn.Module) -> list[list[nn.Parameter]]:
    """The parameters of `model` in two groups: the weights, then biases and what norms have."""
    apart = {id(p) for p in norm_bias_params(model)}
    groups = [], []
    for p in model.parameters():
        groups[id(p) in apart].append(p)
    return list(groups)


def ranger(groups: list[list[nn.Parameter]], lr: float) -> OptimWrapper:
    """For a fastai Learner with the splitter `decayed_and_not` and the weight decay DECAY."""
    return OptimWrapper(groups, Ranger, lr=lr)

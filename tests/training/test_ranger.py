"""The optimizer for all tensors at once gives the weights of fastai's `ranger`, in few launches."""

from copy import deepcopy

import torch
from fastai.optimizer import ranger as fastais_ranger
from fastai.torch_core import norm_bias_params
from torch.utils._python_dispatch import TorchDispatchMode

from lessonlib.arms import ARMS
from lessonlib.configs import TIERS
from lessonlib.networks import residual_network
from lessonlib.training.ranger import DECAY, decayed_and_not, ranger

LR = 4e-3


def networks():
    torch.manual_seed(0)
    first = residual_network(ARMS["pair-act"], TIERS["test"].network)
    return first, deepcopy(first)


def fastais(model):
    """As a fastai Learner makes it: no decay for biases and norms."""
    optimizer = fastais_ranger(list(model.parameters()), lr=LR, wd=DECAY[0])
    for p in norm_bias_params(model):
        optimizer.state[p]["do_wd"] = False
    return optimizer


def ours(model):
    optimizer = ranger(decayed_and_not(model), LR)
    optimizer.set_hypers(wd=DECAY)
    return optimizer


def backward(model, step):
    random = torch.Generator().manual_seed(step)
    x = torch.randn(16, 3, 32, 32, generator=random)
    y = torch.randint(10, (16,), generator=random)
    torch.nn.functional.cross_entropy(model(x), y).backward()


def test_fifty_steps_give_the_same_weights():
    theirs, mine = networks()
    optimizers = fastais(theirs), ours(mine)
    for step in range(50):
        backward(theirs, step)
        for p, q in zip(mine.parameters(), theirs.parameters()):
            p.grad = q.grad.clone()  # the optimizers alone: chaos would part the networks
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    moved = (p - q for p, q in zip(mine.parameters(), theirs.parameters()))
    assert max(d.abs().max().item() for d in moved) < 1e-6


def test_what_goes_on_from_its_state_takes_the_same_steps():
    whole, broken = networks()
    optimizers = [ours(whole), ours(broken)]
    for step in range(16):
        if step == 9:
            kept = deepcopy(optimizers[1].state_dict())
            optimizers[1] = ours(broken)
            optimizers[1].load_state_dict(kept)
        for model, optimizer in zip((whole, broken), optimizers):
            backward(model, step)
            optimizer.step()
            optimizer.zero_grad()
    assert all(torch.equal(p, q) for p, q in zip(whole.parameters(), broken.parameters()))


class Launches(TorchDispatchMode):
    """Counts the operators that compute. On a GPU each is a launch or, over many tensors, a few."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        read = func is torch.ops.aten._local_scalar_dense.default  # torch counts steps on the CPU
        self.count += not func.is_view and not read
        return func(*args, **(kwargs or {}))


def launches(optimizer):
    with Launches() as counted:
        optimizer.step()
    return counted.count


def test_a_step_takes_few_launches():
    theirs, mine = networks()
    optimizers = fastais(theirs), ours(mine)
    for model, optimizer in zip((theirs, mine), optimizers):
        backward(model, 0)
        for _ in range(8):
            optimizer.step()
    before, after = map(launches, optimizers)
    print(f"launches per step: {before} with fastai's, {after} with all tensors at once")
    assert after < before / 4

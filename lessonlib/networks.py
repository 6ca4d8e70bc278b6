"""The network of the race: fastai's xresnet with every 3x3 convolution replaced by an arm."""

from fastai.vision.models.xresnet import ResBlock, XResNet, init_cnn
from torch import nn

__all__ = ["residual_network", "replace_convolutions"]


def residual_network(arm, width=1.0, depth=2, classes=10):
    """An xresnet (He et al., 1812.01187) for `(n, 3, s, s)` photos whose 3x3 convolutions are built by `arm`.

    width: factor on the channels 64, 128, 256, 512 of the four stages; depth: residual blocks in each stage;
    width 1 and depth 2 make an xresnet18. Returns a module giving `(n, classes)`.
    Raises ValueError for a width that leaves no channels or for no blocks.
    """
    if int(64 * width) < 1 or depth < 1:
        raise ValueError(f"A network needs channels and blocks: width {width} and depth {depth} leave none.")
    model = XResNet(ResBlock, 1, [depth] * 4, widen=width, n_out=classes)
    replace_convolutions(model, arm)
    init_cnn(model)  # the new convolutions start as fastai starts its own
    return model


def replace_convolutions(model, arm):
    """Put `arm.build(...)` in the place of every plain 3x3 convolution of `model`, in place."""
    for name, child in model.named_children():
        if isinstance(child, nn.Conv2d) and child.kernel_size == (3, 3):
            setattr(model, name, arm.build(child.in_channels, child.out_channels, child.stride[0]))
        else:
            replace_convolutions(child, arm)

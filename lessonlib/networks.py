"""The network of the race: fastai's xresnet with every 3x3 convolution replaced by an arm."""

from fastai.layers import AdaptiveAvgPool, ConvLayer, Flatten, MaxPool, NormType, ResBlock, defaults
from fastai.vision.models.xresnet import init_cnn
from torch import nn

from lessonlib.arms import check_arm
from lessonlib.checks import require_int, require_type
from lessonlib.configs import XRESNET18, Network

__all__ = ["residual_network", "replace_convolutions"]

ACTIVATIONS = {"relu": defaults.activation, "mish": nn.Mish}


def residual_network(arm, network=XRESNET18, classes=10):
    """An xresnet (He et al., 1812.01187) for `(n, 3, s, s)` photos whose 3x3 convolutions are built by `arm`.

    Returns a module giving `(n, classes)`. Raises TypeError for what is no arm or no Network, ValueError without classes.
    """
    check_arm(arm)
    require_int("residual_network", classes=classes)
    require_type("residual_network", Network, network=network)
    widths = [int(64 * 2**stage * network.width) for stage in range(4)]
    stem = _stem(network)
    activation = ACTIVATIONS[network.activation]
    stages, channels = [], int(64 * network.width) // network.expansion
    for stage, (width, blocks) in enumerate(zip(widths, network.blocks)):
        layers = []
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(
                ResBlock(
                    network.expansion,
                    channels,
                    width,
                    stride,
                    act_cls=activation,
                    bn_1st=network.norm_first,
                )
            )
            channels = width
        stages.append(nn.Sequential(*layers))
    head = nn.Linear(channels * network.expansion, classes)
    model = nn.Sequential(*stem, *stages, AdaptiveAvgPool(), Flatten(), head)
    replace_convolutions(model, arm)
    init_cnn(model)  # the new convolutions start as fastai starts its own
    return model


def _stem(network):
    half, full = int(32 * network.width), int(64 * network.width)
    sizes = (
        [(3, half, 3, 2), (half, half, 3, 1), (half, full, 3, 1)]
        if network.stem == "3x3"
        else [(3, full, 7, 2)]
    )
    activation = ACTIVATIONS[network.stem_activation]
    layers = []
    for i, (channels_in, channels_out, k, stride) in enumerate(sizes):
        norm = None if network.norm_last and i == len(sizes) - 1 else NormType.Batch
        layers.append(
            ConvLayer(
                channels_in,
                channels_out,
                k,
                stride,
                bias=False,
                norm_type=norm,
                bn_1st=network.norm_first,
                act_cls=activation,
            )
        )
    return [*layers, MaxPool(3, 2, 1), *([nn.BatchNorm2d(full)] if network.norm_last else [])]


def replace_convolutions(model, arm):
    """Put `arm.build(...)` in the place of every plain 3x3 convolution of `model`, in place."""
    for name, child in model.named_children():
        if isinstance(child, nn.Conv2d) and child.kernel_size == (3, 3):
            setattr(model, name, arm.build(child.in_channels, child.out_channels, child.stride[0]))
        else:
            replace_convolutions(child, arm)

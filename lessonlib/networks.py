"""The network of the race: fastai's xresnet with every 3x3 convolution replaced by an arm."""

from fastai.layers import AdaptiveAvgPool, ConvLayer, Flatten, MaxPool, NormType, ResBlock, defaults
from fastai.vision.models.xresnet import init_cnn
from torch import nn

from lessonlib.arms import check_arm
from lessonlib.checks import require_int, require_type
from lessonlib.composed_start import compose_starts
from lessonlib.configs import XRESNET18, Network

__all__ = ["residual_network", "replace_convolutions"]

ACTIVATIONS = {"relu": defaults.activation, "mish": nn.Mish}


def residual_network(arm, network=XRESNET18, classes=10):
    """An xresnet (He et al., 1812.01187) whose 3x3 convolutions are built by `arm`.

    Returns a module that maps photos `(n, 3, s, s)` to `(n, classes)`.
    TypeError if arm is not an `Arm` or network not a `Network`; ValueError if classes is below 1.
    """
    check_arm(arm)
    require_int("residual_network", classes=classes)
    require_type("residual_network", Network, network=network)
    stem = _stem(network)
    stages = _stages(network)
    channels = _widths(network)[-1] * network.expansion
    head = [AdaptiveAvgPool(), Flatten(), nn.Linear(channels, classes)]
    model = nn.Sequential(*stem, *stages, *head)
    replace_convolutions(model if network.stem_replaced else nn.Sequential(*stages), arm)
    init_cnn(model)  # the new convolutions start as fastai starts its own
    compose_starts(model)
    return model


def replace_convolutions(model, arm):
    """Replace every plain 3x3 convolution of `model` by `arm.build(...)`, in place."""
    for name, child in model.named_children():
        if isinstance(child, nn.Conv2d) and child.kernel_size == (3, 3):
            built = arm.build(child.in_channels, child.out_channels, child.stride[0])
            setattr(model, name, built)
        else:
            replace_convolutions(child, arm)


def _stem(network):
    half = int(32 * network.width)
    full = int(64 * network.width)
    if network.stem == "3x3":
        sizes = [(3, half, 3, 2), (half, half, 3, 1), (half, full, 3, 1)]
    else:
        sizes = [(3, full, 7, 2)]
    norms = [NormType.Batch] * len(sizes)
    if network.norm_last:
        norms[-1] = None
    layers = [_stem_layer(network, size, norm) for size, norm in zip(sizes, norms)]
    layers.append(MaxPool(3, 2, 1))
    if network.norm_last:
        layers.append(nn.BatchNorm2d(full))
    return layers


def _stem_layer(network, size, norm):
    channels_in, channels_out, k, stride = size
    return ConvLayer(
        channels_in,
        channels_out,
        k,
        stride,
        bias=False,
        norm_type=norm,
        bn_1st=network.norm_first,
        act_cls=ACTIVATIONS[network.stem_activation],
    )


def _stages(network):
    """Four stages of residual blocks; the last three halve the side in their first block."""
    stages = []
    channels = int(64 * network.width) // network.expansion
    for stage, (width, blocks) in enumerate(zip(_widths(network), network.blocks)):
        layers = []
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(_block(network, channels, width, stride))
            channels = width
        stages.append(nn.Sequential(*layers))
    return stages


def _block(network, channels_in, channels_out, stride):
    return ResBlock(
        network.expansion,
        channels_in,
        channels_out,
        stride,
        act_cls=ACTIVATIONS[network.activation],
        nh2=round(network.middle * channels_out),
        bn_1st=network.norm_first,
    )


def _widths(network):
    """Channels of the four stages, before expansion."""
    return [int(64 * 2**stage * network.width) for stage in range(4)]

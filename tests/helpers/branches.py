"""Blocks with branches beside each other, as their papers train them."""

import torch
from torch import nn


def with_norm(channels, kernel=1, groups=1, out=None, **options):
    out = out or channels
    layer = nn.Conv2d(channels, out, kernel, groups=groups, bias=False, **options)
    return nn.Sequential(layer, nn.BatchNorm2d(out))


class RepVGG(nn.Module):
    """A 3x3, a 1x1 and nothing, each with BatchNorm (Ding et al., 2101.03697)."""

    def __init__(self, c, groups=1):
        super().__init__()
        self.three = with_norm(c, 3, groups, padding=1)
        self.one = with_norm(c, 1, groups)
        self.none = nn.BatchNorm2d(c)

    def forward(self, x):
        return torch.relu(self.three(x) + self.one(x) + self.none(x))


class ACNet(nn.Module):
    """A square kernel and its skeleton (Ding et al., 1908.03930)."""

    def __init__(self, c, stride=1):
        super().__init__()
        self.square = with_norm(c, 3, padding=1, stride=stride)
        self.column = with_norm(c, (3, 1), padding=(1, 0), stride=stride)
        self.row = with_norm(c, (1, 3), padding=(0, 1), stride=stride)

    def forward(self, x):
        return torch.relu(self.square(x) + self.column(x) + self.row(x))


class DBB(nn.Module):
    """A 3x3, a 1x1, a 1x1 before a 3x3 and before an average (after Ding et al., 2103.13425).

    The average's branch pads first, so that the border is that of one convolution.
    """

    def __init__(self, c):
        super().__init__()
        self.origin = with_norm(c, 3, padding=1)
        self.one = with_norm(c)
        first = nn.Conv2d(c, c, 1, bias=False)
        self.one_three = nn.Sequential(first, *with_norm(c, 3, padding=1))
        self.average = nn.Sequential(
            nn.ZeroPad2d(1), *with_norm(c), nn.AvgPool2d(3, 1), nn.BatchNorm2d(c)
        )

    def forward(self, x):
        return torch.relu(self.origin(x) + self.one(x) + self.one_three(x) + self.average(x))


class MobileOne(nn.Module):
    """Several of the same 3x3, a 1x1 and a BatchNorm, added up in place (Vasu et al., 2206.04040)."""

    def __init__(self, c, several=4, groups=1):
        super().__init__()
        self.same = nn.ModuleList(with_norm(c, 3, groups, padding=1) for _ in range(several))
        self.scale = with_norm(c, 1, groups)
        self.identity = nn.BatchNorm2d(c)

    def forward(self, x):
        out = 0
        for branch in self.same:
            out += branch(x)
        out += self.scale(x)
        out += self.identity(x)
        return torch.relu(out)


class RepViT(nn.Module):
    """A depthwise 3x3, a depthwise 1x1 and the input, then a BatchNorm (Wang et al., 2307.09283)."""

    def __init__(self, c):
        super().__init__()
        self.conv = with_norm(c, 3, c, padding=1)
        self.conv1 = nn.Conv2d(c, c, 1, groups=c)
        self.bn = nn.BatchNorm2d(c)

    def forward(self, x):
        return self.bn(self.conv(x) + self.conv1(x) + x)


class FastViT(nn.Module):
    """A mixer without its norm, scaled, beside the input (Vasu et al., 2303.14189)."""

    def __init__(self, c):
        super().__init__()
        self.mixer = nn.ModuleList([with_norm(c, 3, c, padding=1), with_norm(c, 1, c)])
        self.norm = nn.BatchNorm2d(c)
        self.gamma = nn.Parameter(torch.ones(c))

    def forward(self, x):
        mixed = self.mixer[0](x) + self.mixer[1](x)
        return x + (mixed - self.norm(x)) * self.gamma.view(1, -1, 1, 1)


class Residual(nn.Module):
    """A convolution beside its input."""

    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.conv(x)

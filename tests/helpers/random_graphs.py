"""Small modules whose forward is a random graph of layers, sums, scales and what writes in place."""

import operator

import torch
from torch import nn

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
POOLS = (nn.AvgPool1d, nn.AvgPool2d)
PADS = (nn.ConstantPad1d, nn.ConstantPad2d)
SIDE = 9
ADDING = (operator.add, operator.add, operator.add, operator.sub, operator.iadd, torch.add)


class RandomGraph(nn.Module):
    """Runs its program, `[(function, places of its arguments), ...]`, on a list of values.

    A function given as a string is the name of a layer, or of a weight to multiply by.
    """

    def __init__(self, random, x):
        super().__init__()
        self.program = []
        self.given = ()
        self.axes = x.ndim - 2
        self.random = random
        self.x = x
        for _ in range(self.pick(1, 1, 2)):
            _STEPS[random.choice(len(_STEPS), p=_OFTEN)](self)
        last = len(self.values()) - 1
        also = [i for i in range(last) if random.random() < 0.1]
        self.given = (last, *also)
        self.eval()

    def values(self):
        return self.run(self.x.clone())

    def run(self, x):
        values = [x]
        for function, places in self.program:
            given = [values[place] for place in places]
            if not isinstance(function, str):
                values.append(function(*given))
            elif function in self._modules:
                values.append(getattr(self, function)(*given))
            else:
                values.append(getattr(self, function) * given[0])
        return values

    def forward(self, x):
        values = self.run(x)
        return [values[place] for place in self.given]

    def pick(self, *some):
        return some[self.random.integers(len(some))]

    def add(self, function, *places):
        """One more value; its place."""
        if isinstance(function, nn.Module | nn.Parameter):
            name = f"part{len(self.program)}"
            setattr(
                self,
                name,
                function.double().eval() if isinstance(function, nn.Module) else function,
            )
            function = name
        self.program.append((function, places))
        return len(self.program)

    def any_place(self):
        """The place of a value, rather a late one."""
        places = range(len(self.program) + 1)
        return self.pick(*places, *places[-2:])

    def chain(self, place, length):
        """The place of what a chain gives, mostly of the same size."""
        for _ in range(length):
            place = self.add(self.layer(self.values()[place]), place)
        return place

    def layer(self, value):
        channels = value.shape[1]
        kind = self.pick(*["convolution"] * 6, "norm", "norm", "pool", "pad", "idle")
        if kind == "norm":
            return drawn(NORMS[self.axes - 1](channels))
        if kind == "pool":
            return POOLS[self.axes - 1](3, 1, 1)
        if kind == "pad":
            return PADS[self.axes - 1]((1, 0) * self.axes, self.pick(0.0, 0.5))
        if kind == "idle":
            return self.pick(nn.Identity(), nn.Dropout())
        return drawn(self.convolution(channels, value.shape[2]))

    def convolution(self, channels, size):
        groups = self.pick(1, 1, channels)
        large = size > 4
        kernel = self.pick(1, 1, 1, 3, 3, 3, 2) if large else 1
        dilation = self.pick(1, 1, 2)
        stride = 2 if large and self.random.random() < 0.05 else 1
        same = dilation * (kernel - 1) // 2
        return CONVOLUTIONS[self.axes - 1](
            channels,
            channels,
            kernel,
            stride=stride,
            padding=0 if large and self.random.random() < 0.1 else same,
            dilation=dilation,
            groups=groups,
            bias=bool(self.pick(0, 0, 1)),
        )


def drawn(layer):
    for name, tensor in layer.state_dict().items():
        if tensor.is_floating_point():
            tensor.normal_()
            tensor.copy_(tensor.abs() + 0.5 if name == "running_var" else tensor)
    return layer


def _branches(graph):
    _sum_of_branches(graph, graph.any_place(), deep=0.3)


def _sum_of_branches(graph, start, deep):
    """The place of a sum of branches of one value, as far as they fit; some are sums themselves."""
    total = None
    for _ in range(graph.pick(2, 2, 3, 4)):
        end = start
        if graph.random.random() < deep:
            end = _sum_of_branches(graph, start, deep=0)
        end = graph.chain(end, graph.pick(0, 1, 1, 2, 2, 3))
        values = graph.values()
        if total is None:
            total = end
        elif values[total].shape == values[end].shape:
            total = graph.add(graph.pick(*ADDING), total, end)
    return total


def _any_sum(graph):
    one = graph.any_place()
    values = graph.values()
    alike = [i for i, value in enumerate(values) if value.shape == values[one].shape]
    graph.add(graph.pick(*ADDING), one, graph.pick(*alike))


def _layers(graph):
    graph.chain(graph.any_place(), graph.pick(1, 2))


def _scale(graph):
    place = graph.any_place()
    channels = graph.values()[place].shape[1]
    each = torch.randn(channels, *(1,) * graph.axes, dtype=torch.float64)
    graph.add(graph.pick(nn.Parameter(each), lambda x: 0.5 * x, lambda x: x.mul(2)), place)


def _other(graph):
    inplace = nn.ReLU(inplace=True)
    graph.add(graph.pick(torch.relu, torch.relu, inplace, lambda x: x.sub_(1)), graph.any_place())


_STEPS = (_branches, _any_sum, _layers, _scale, _other)
_OFTEN = (0.5, 0.15, 0.15, 0.1, 0.1)


class SideBySide(nn.Module):
    """Random graphs, each on a copy of the input, which it may write on."""

    def __init__(self, graphs):
        super().__init__()
        self.graphs = nn.ModuleList(graphs)

    def forward(self, x):
        return [graph(x.clone()) for graph in self.graphs]

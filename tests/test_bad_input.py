"""Bad input to kernels, networks: one sentence each."""

import torch
from torch import randn

from helpers.bad_input import NAN, TIER, Bad, bad_input_test
from lessonlib.arms import ARMS, get_arm, wide_enough
from lessonlib.configs import Network
from lessonlib.costs import composing
from lessonlib.kernels import compose, correlate, embed, output_size, placements, receptive_field
from lessonlib.networks import residual_network

X = randn(3, 8, 8)
K = randn(2, 2)


test_kernels = bad_input_test(
    lambda _: correlate(torch.ones(3, 3), torch.ones(2, 2)).sum() == 16,
    [
        Bad(
            "a kernel in lists",
            lambda _: correlate(X, [[1]]),
            TypeError,
            "this is a list",
            "tensor (kh, kw)",
        ),
        Bad(
            "a photo's name",
            lambda _: correlate("photo", K),
            TypeError,
            "it is a str",
            "must be a tensor",
        ),
        Bad(
            "a row for a photo",
            lambda _: correlate(randn(3), K),
            TypeError,
            "shape (3,)",
            "at least 2",
        ),
        Bad(
            "an empty kernel",
            lambda _: correlate(X, randn(0, 2)),
            ValueError,
            "(0, 2)",
            "at least one entry",
        ),
        Bad(
            "other channels",
            lambda _: correlate(X, randn(1, 4, 2, 2)),
            ValueError,
            "3 channels",
            "make them equal",
        ),
        Bad(
            "other numbers",
            lambda _: correlate(X, randn(1, 3, 2, 2).double()),
            TypeError,
            "float64",
            ".double()",
        ),
        Bad("stride 0", lambda _: correlate(X, K, stride=0), ValueError, "it is 0", "at least 1"),
        Bad(
            "stride 1.5",
            lambda _: correlate(X, K, stride=1.5),
            ValueError,
            "it is 1.5",
            "whole number",
        ),
        Bad(
            "negative padding",
            lambda _: correlate(X, K, padding=-1),
            ValueError,
            "negative: (-1, -1)",
            "give 0",
        ),
        Bad(
            "half a pixel of padding",
            lambda _: correlate(X, K, padding=0.5),
            ValueError,
            "0.5",
            "whole number",
        ),
        Bad(
            "padding as a word",
            lambda _: correlate(X, K, padding="same"),
            ValueError,
            "'same'",
            "whole number",
        ),
        Bad(
            "two paddings",
            lambda _: correlate(X, K, padding=(1, 2)),
            ValueError,
            "(1, 2)",
            "(left, right, top, bottom)",
        ),
        Bad(
            "a kernel too large",
            lambda _: correlate(X, randn(9, 9)),
            ValueError,
            "9 pixels",
            "pad more",
        ),
        Bad(
            "no place for it",
            lambda _: embed(K, 3, 2, 0),
            ValueError,
            "row 2, column 0",
            "larger size or another place",
        ),
        Bad("half a size", lambda _: embed(K, 3.5), ValueError, "size is 3.5", "whole number"),
        Bad(
            "no placement",
            lambda _: placements(randn(3, 3), 2),
            ValueError,
            "into 2x2",
            "larger size",
        ),
        Bad(
            "nothing to compose",
            lambda _: compose(),
            ValueError,
            "compose",
            "at least one kernel",
        ),
        Bad(
            "one channel and many",
            lambda _: compose(K, randn(1, 1, 2, 2)),
            ValueError,
            "compose",
            "all kernels as",
        ),
        Bad(
            "channels that do not fit",
            lambda _: compose(randn(4, 3, 2, 2), randn(1, 5, 2, 2)),
            ValueError,
            "5",
            "equal",
        ),
        Bad(
            "two precisions",
            lambda _: compose(randn(4, 3, 2, 2), randn(1, 4, 2, 2).double()),
            TypeError,
            "float64",
            ".double()",
        ),
        Bad(
            "a layer of stride 0",
            lambda _: receptive_field([3, 3], [1, 0]),
            ValueError,
            "[1, 0]",
            "at least 1",
        ),
        Bad(
            "a nan in a stack",
            lambda _: receptive_field([3, NAN]),
            ValueError,
            "nan",
            "whole numbers",
        ),
        Bad(
            "a number for a stack",
            lambda _: receptive_field(3),
            ValueError,
            "not 3",
            "list of kernel sizes",
        ),
        Bad(
            "a stride for a stack",
            lambda _: receptive_field([3, 3], 2),
            ValueError,
            "not 2",
            "one stride for each",
        ),
        Bad(
            "a size of nan",
            lambda _: output_size(NAN, 3),
            ValueError,
            "n is nan",
            "whole number",
        ),
        Bad("no taps", lambda _: output_size(8, 0), ValueError, "k is 0", "at least 1"),
        Bad(
            "one padding for two sides",
            lambda _: output_size(8, 3, 1, 1),
            ValueError,
            "not 1",
            "(before, after)",
        ),
        Bad(
            "half a row down",
            lambda _: embed(K, 3, 0.5),
            TypeError,
            "row is of type float",
            "give a whole number",
        ),
    ],
)


test_networks = bad_input_test(
    lambda _: residual_network(get_arm("2x2"), TIER.network)(randn(2, 3, 32, 32)).shape == (2, 10),
    [
        Bad(
            "an arm there is not",
            lambda _: get_arm("9x9"),
            ValueError,
            "'9x9'",
            "choose one of 3x3",
        ),
        Bad(
            "a list of arms",
            lambda _: get_arm(["3x3"]),
            ValueError,
            "['3x3']",
            "choose one of 3x3",
        ),
        Bad(
            "an arm's name",
            lambda _: residual_network("3x3"),
            TypeError,
            "'3x3'",
            "arms.get_arm(",
        ),
        Bad(
            "no classes",
            lambda _: residual_network(ARMS["3x3"], classes=0),
            ValueError,
            "classes is 0",
            "at least 1",
        ),
        Bad(
            "an arm of no channels",
            lambda _: ARMS["pair"].build(0, 8, 1),
            ValueError,
            "channels_in is 0",
            "at least 1",
        ),
        Bad(
            "an arm of stride 0",
            lambda _: ARMS["pair-act-2019"].build(8, 8, 0),
            ValueError,
            "stride is 0",
            "at least 1",
        ),
        Bad(
            "the composed arm",
            lambda _: ARMS["pair-composed"].build(8, -8, 1),
            ValueError,
            "out is -8",
            "at least 1",
        ),
        Bad(
            "three stages",
            lambda _: Network(blocks=(1, 1, 1)),
            ValueError,
            "blocks (1, 1, 1)",
            "four stages",
        ),
        Bad(
            "a width of nan",
            lambda _: Network(width=NAN),
            ValueError,
            "width nan",
            "needs channels",
        ),
        Bad(
            "expansion 0",
            lambda _: Network(expansion=0),
            ValueError,
            "expansion 0",
            "choose one of 1, 4",
        ),
        Bad(
            "a stem there is not",
            lambda _: Network(stem="5x5"),
            ValueError,
            "'5x5'",
            "choose one of 3x3, 7x7",
        ),
        Bad(
            "a width in words",
            lambda _: Network(width="wide"),
            TypeError,
            "width is of type str",
            "give a number",
        ),
        Bad(
            "one number of blocks",
            lambda _: Network(blocks=2),
            TypeError,
            "blocks is of type int",
            "give a tuple",
        ),
        Bad(
            "half a block",
            lambda _: Network(blocks=(1.5, 1, 1, 1)),
            ValueError,
            "blocks is 1.5",
            "whole number",
        ),
        Bad(
            "no for an order",
            lambda _: Network(norm_first="no"),
            TypeError,
            "norm_first is of type str",
            "give True or False",
        ),
        Bad(
            "a network's name",
            lambda _: residual_network(ARMS["3x3"], "xresnet18"),
            TypeError,
            "of type str",
            "a Network",
        ),
        Bad(
            "one photo, composed",
            lambda _: ARMS["pair-composed"].build(3, 4, 1)(X),
            ValueError,
            "(3, 8, 8)",
            "x[None]",
        ),
        Bad(
            "a width for nothing",
            lambda _: wide_enough(0, 4),
            ValueError,
            "channels_in is 0",
            "at least 1",
        ),
        Bad(
            "3x3 by nine",
            lambda _: composing.compose_by_nine(X, X),
            ValueError,
            "(3, 8, 8)",
            "(hidden, in, 2, 2)",
        ),
        Bad(
            "lists by nine",
            lambda _: composing.compose_by_nine([1], [1]),
            TypeError,
            "b is of type list",
            "give a Tensor",
        ),
    ],
)

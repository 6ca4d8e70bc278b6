"""Bad input to the modules of lessonlib.algebra: one sentence each."""

import sympy
import torch
from torch import randn

from helpers.bad_input import INF, NAN, Bad, bad_input_test
from lessonlib.algebra import equivalence, symbolic
from lessonlib.algebra.equivalence import Switches, random_pair
from lessonlib.algebra.factoring import is_product
from lessonlib.algebra.hidden_width import (
    alternating_factors,
    composition_rank,
    hidden_width,
    two_channel_factors,
    wide_factors,
)
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.algebra.norm_order import convolution_inputs, norm_and_relu, random_channels, summary

X = randn(3, 8, 8)
K = randn(2, 2)


SQUARE = sympy.Matrix([[1, 2], [3, 4]])


test_symbolic = bad_input_test(
    lambda _: len(symbolic.equations()) == 9,
    [
        Bad(
            "no symbols",
            lambda _: symbolic.symbol_kernel("b", 0),
            ValueError,
            "size is 0",
            "at least 1",
        ),
        Bad(
            "negative symbols",
            lambda _: symbolic.equations(2, -1),
            ValueError,
            "size is -1",
            "at least 1",
        ),
        Bad(
            "a patch too small",
            lambda _: symbolic.correlate(SQUARE, sympy.ones(3)),
            ValueError,
            "2x2 patch",
            "larger",
        ),
        Bad(
            "numbers in lists",
            lambda _: symbolic.composed_kernel([[1]]),
            TypeError,
            "a list",
            "sympy Matrix",
        ),
        Bad(
            "no square",
            lambda _: symbolic.composed_kernel(sympy.ones(1, 2)),
            ValueError,
            "1x2",
            "square",
        ),
        Bad(
            "no kernels",
            lambda _: symbolic.composed_kernel(),
            ValueError,
            "composed_kernel",
            "at least one kernel",
        ),
        Bad(
            "a tensor for letters",
            lambda _: symbolic.correlate(X, SQUARE),
            TypeError,
            "x is of type Tensor",
            "give a Matrix",
        ),
    ],
)


test_factoring = bad_input_test(
    lambda _: is_product([[1, 2, 1], [2, 4, 2], [1, 2, 1]]).answer == "real",
    [
        Bad("a word", lambda _: is_product("Sobel"), TypeError, "not str", "takes a tensor"),
        Bad(
            "a 4x4",
            lambda _: is_product(sympy.ones(4)),
            ValueError,
            "is_product",
            "three rows of three",
        ),
        Bad(
            "nan",
            lambda _: is_product(torch.full((3, 3), NAN)),
            ValueError,
            "NaN or infinity at [0, 0]",
            "needs finite",
        ),
        Bad(
            "decimals in lists",
            lambda _: is_product([[0.1] * 3] * 3),
            TypeError,
            "exact for",
            "as a float tensor",
        ),
        Bad(
            "tolerance -1",
            lambda _: is_product(randn(3, 3), -1),
            ValueError,
            "tolerance is -1",
            "0 or more",
        ),
        Bad(
            "a tolerance in words",
            lambda _: is_product(randn(3, 3), "low"),
            ValueError,
            "is low",
            "0 or more",
        ),
        Bad(
            "whole numbers",
            lambda _: nearest_product(torch.ones(3, 3).long()),
            TypeError,
            "int64",
            "floating-point",
        ),
        Bad("a 2x2", lambda _: nearest_product(K), ValueError, "(2, 2)", "sides 1, 3 or 5"),
        Bad(
            "infinity",
            lambda _: nearest_product(torch.full((3, 3), INF)),
            ValueError,
            "infinity",
            "needs finite",
        ),
        Bad(
            "a kernel without taps",
            lambda _: nearest_product(randn(3, 0)),
            ValueError,
            "(3, 0)",
            "sides 1, 3 or 5",
        ),
        Bad("a row", lambda _: two_channel_factors(randn(3)), ValueError, "(3,)", "Write a row"),
        Bad(
            "a 5x5",
            lambda _: two_channel_factors(randn(5, 5)),
            ValueError,
            "(5, 5)",
            "takes kernels (..., 3, 3)",
        ),
        Bad(
            "ranks that do not fit",
            lambda _: composition_rank(K, X),
            ValueError,
            "(3, 8, 8)",
            "takes B (kh, kw)",
        ),
        Bad("no channels", lambda _: hidden_width(0, 4), ValueError, "(0, 4, 2, 2)", "from 1 up"),
        Bad(
            "hundreds of channels",
            lambda _: hidden_width(512, 512),
            ValueError,
            "2,359,296 weights",
            "fewer channels",
        ),
        Bad(
            "a rank of nothing",
            lambda _: composition_rank(randn(0, 2), K),
            ValueError,
            "(0, 2)",
            "takes B (kh, kw)",
        ),
        Bad(
            "no rounds",
            lambda _: alternating_factors(randn(1, 1, 3, 3), 1, 0),
            ValueError,
            "rounds is 0",
            "at least 1",
        ),
        Bad(
            "no width",
            lambda _: alternating_factors(randn(1, 1, 3, 3), None),
            ValueError,
            "width is None",
            "at least 1",
        ),
        Bad(
            "an even kernel",
            lambda _: wide_factors(randn(1, 1, 2, 2)),
            ValueError,
            "(1, 1, 2, 2)",
            "square odd",
        ),
        Bad(
            "half a channel",
            lambda _: wide_factors(randn(1, 1, 3, 3), 1.5),
            ValueError,
            "1.5",
            "whole number",
        ),
    ],
)


test_equivalence = bad_input_test(
    lambda _: equivalence.reasons(Switches()) == (),
    [
        Bad(
            "an unknown norm",
            lambda _: Switches(norm="layer"),
            ValueError,
            "'layer'",
            "one of none, eval, train",
        ),
        Bad(
            "a stride as a number",
            lambda _: Switches(stride=2),
            ValueError,
            "stride 2",
            "one of none, second, first",
        ),
        Bad(
            "paddings in a list",
            lambda _: Switches(padding=["each"]),
            ValueError,
            "['each']",
            "one of first, second",
        ),
        Bad(
            "yes for a switch",
            lambda _: Switches(relu="yes"),
            TypeError,
            "relu is of type str",
            "give True or False",
        ),
        Bad(
            "a word for a seed",
            lambda _: random_pair(seed="first"),
            ValueError,
            "'first'",
            "whole number",
        ),
        Bad(
            "a switch for all",
            lambda _: equivalence.reasons("relu"),
            TypeError,
            "switches is of type str",
            "give a Switches",
        ),
        Bad(
            "kernels for a pair",
            lambda _: equivalence.merged((K, K), Switches()),
            TypeError,
            "of type tuple",
            "give a Pair",
        ),
        Bad(
            "nothing compared",
            lambda _: equivalence.compare(X[:0], X[:0]),
            ValueError,
            "(0, 8, 8)",
            "same photos",
        ),
        Bad(
            "lists compared",
            lambda _: equivalence.compare([1], [1]),
            TypeError,
            "two is of type list",
            "give a Tensor",
        ),
        Bad(
            "a border of -1",
            lambda _: equivalence.border_share(-1, 2, 0, 0),
            ValueError,
            "n is -1",
            "at least 1",
        ),
        Bad(
            "one pixel for BatchNorm",
            lambda _: equivalence.two_steps(
                random_pair(),
                randn(1, 3, 2, 2).double(),
                Switches(norm="train", padding="second"),
            ),
            ValueError,
            "(1, 8, 1, 1)",
            "give more photos",
        ),
        Bad(
            "a BatchNorm that has seen no photo",
            lambda _: equivalence.merged(
                random_pair(), Switches(norm="eval"), randn(0, 3, 8, 8).double()
            ),
            ValueError,
            "`seen`",
            "needs",
        ),
        Bad(
            "no hidden channel",
            lambda _: random_pair(hidden=0),
            ValueError,
            "hidden is 0",
            "at least 1",
        ),
        Bad(
            "a grey photo",
            lambda _: equivalence.two_steps(random_pair(), randn(1, 1, 8, 8).double(), Switches()),
            ValueError,
            "1 channels",
            "make them equal",
        ),
        Bad(
            "a BatchNorm that has seen nothing",
            lambda _: equivalence.merged(random_pair(), Switches(norm="eval")),
            ValueError,
            "`seen`",
            "needs",
        ),
        Bad(
            "other outputs",
            lambda _: equivalence.compare(X[:2], X),
            ValueError,
            "(2, 8, 8) and (3, 8, 8)",
            "same photos",
        ),
    ],
)


test_norm_order = bad_input_test(
    lambda _: list(norm_and_relu(randn(2, 4, 3, 3), True)) == ["BatchNorm", "ReLU"],
    [
        Bad(
            "one photo alone",
            lambda _: random_channels(X),
            ValueError,
            "(3, 8, 8)",
            "takes a batch (n, channels, h, w)",
        ),
        Bad(
            "grey photos",
            lambda _: random_channels(randn(2, 1, 8, 8)),
            ValueError,
            "(2, 1, 8, 8)",
            "photos (n, 3, h, w)",
        ),
        Bad(
            "no channels",
            lambda _: random_channels(X[None], 0),
            ValueError,
            "count is 0",
            "at least 1",
        ),
        Bad(
            "photos in bytes",
            lambda _: random_channels(X[None].byte()),
            TypeError,
            "torch.uint8",
            ".double()",
        ),
        Bad(
            "no numbers",
            lambda _: norm_and_relu(None, True),
            TypeError,
            "NoneType",
            "takes a floating-point tensor",
        ),
        Bad(
            "one number per channel",
            lambda _: norm_and_relu(randn(1, 3, 1, 1), True),
            ValueError,
            "(1, 3, 1, 1)",
            "give more photos",
        ),
        Bad(
            "a summary of nothing",
            lambda _: summary(randn(0)),
            ValueError,
            "(0,)",
            "give one that does",
        ),
        Bad(
            "a summary of a list",
            lambda _: summary([1, 2]),
            TypeError,
            "y is of type list",
            "give a Tensor",
        ),
        Bad(
            "a model's name",
            lambda _: convolution_inputs("xresnet", X),
            TypeError,
            "model is of type str",
            "give a Module",
        ),
    ],
)

"""Bad input to costs: one sentence each."""

from torch import nn, randn

from helpers.bad_input import NAN, Bad, bad_input_test
from lessonlib.costs import timing
from lessonlib.costs.counting import cost, layer_costs, saved_by_photo

test_costs = bad_input_test(
    lambda _: cost(nn.Conv2d(3, 4, 3), (1, 3, 8, 8)).weights == 112,
    [
        Bad(
            "a name for a module",
            lambda _: cost("3x3", (1, 3, 8, 8)),
            TypeError,
            "a str",
            "nn.Module",
        ),
        Bad(
            "other channels",
            lambda _: cost(nn.Conv2d(3, 4, 3), (1, 5, 8, 8)),
            ValueError,
            "(1, 5, 8, 8)",
            "channels",
        ),
        Bad(
            "a negative size",
            lambda _: layer_costs(nn.Conv2d(3, 4, 3), (1, 3, -8, 8)),
            ValueError,
            "-8",
            "from 1 up",
        ),
        Bad(
            "an input smaller than the kernel",
            lambda _: layer_costs(nn.Conv2d(3, 4, 3), (1, 3, 2, 2)),
            ValueError,
            "(1, 3, 2, 2)",
            "choose channels and a size",
        ),
        Bad(
            "a size for a shape",
            lambda _: cost(nn.Conv2d(3, 4, 3), 64),
            ValueError,
            "64",
            "batch first",
        ),
        Bad(
            "no photo in it",
            lambda _: saved_by_photo(nn.Conv2d(3, 4, 3), (3, 0, 8)),
            ValueError,
            "0, 8",
            "from 1 up",
        ),
        Bad(
            "one round",
            lambda _: timing.time_interleaved({"a": int}, rounds=1),
            ValueError,
            "rounds is 1",
            "at least 2",
        ),
        Bad(
            "nothing to time",
            lambda _: timing.time_interleaved({}),
            ValueError,
            "time_interleaved",
            "at least one candidate",
        ),
        Bad(
            "candidates in a list",
            lambda _: timing.time_interleaved([int]),
            TypeError,
            "candidates is of type list",
            "give a dict",
        ),
        Bad(
            "a result to time",
            lambda _: timing.time_interleaved({"a": 3}),
            ValueError,
            "time_interleaved",
            "call without arguments",
        ),
        Bad(
            "rounds of nan",
            lambda _: timing.time_interleaved({"a": int}, NAN),
            ValueError,
            "rounds is nan",
            "at least 2",
        ),
        Bad(
            "a name for the clock",
            lambda _: timing.forward_backward_calls("3x3", randn(3, 8, 8)),
            TypeError,
            "module is of type str",
            "give a Module",
        ),
        Bad(
            "no photo for the clock",
            lambda _: timing.forward_backward_calls(nn.Conv2d(3, 4, 3), [1]),
            TypeError,
            "x is of type list",
            "give a Tensor",
        ),
        Bad(
            "a device there is not",
            lambda _: timing.measure_roofline("tpu9"),
            ValueError,
            "'tpu9'",
            "choose cpu",
        ),
        Bad(
            "an empty matrix",
            lambda _: timing.measure_roofline(side=0),
            ValueError,
            "side is 0",
            "at least 1",
        ),
    ],
)

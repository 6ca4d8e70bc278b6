"""Bad input to merging: one sentence each."""

import torch
from torch import nn, randn

from helpers.bad_input import INF, NAN, Bad, bad_input_test
from lessonlib.merging import CannotMerge, PadWith, differs, merge, merge_chains, plan, split
from lessonlib.merging.cli import main

TWO = nn.Sequential(nn.Conv2d(3, 4, 2), nn.Conv2d(4, 5, 2)).eval()
ONE = nn.Conv2d(2, 2, 1)
X = randn(1, 8, 8)


def holding(value):
    layer = nn.Conv2d(2, 2, 1)
    layer.weight.data[0] = value
    return layer


def of(option, k=1):
    """A convolution on a device or of a type without real numbers."""
    return nn.Conv2d(2, 2, k, **option)


META = {"device": "meta"}
COMPLEX = {"dtype": torch.complex64}
LAZY = nn.LazyConv2d(2, 1)


def good_merge(_):
    return merge(nn.Conv2d(3, 4, 2), nn.Conv2d(4, 5, 2)).kernel_size == (3, 3)


def bad_merge(label, a, b, what, do, error=CannotMerge):
    return Bad(label, lambda _: merge(a, b), error, what, do)


NOT_ONE = "is not a convolution"
test_merge = bad_input_test(
    good_merge,
    [
        bad_merge("no layer", None, ONE, "a NoneType", "give modules", TypeError),
        bad_merge("a text", ONE, "conv", "this is a str", "give modules", TypeError),
        bad_merge("channels that do not fit", TWO[0], TWO[0], "gives 4 channels", "it reads 3"),
        bad_merge("a row after a photo", ONE, nn.Conv1d(2, 2, 1), "along 2 axes", "one along 1"),
        bad_merge("a volume after a photo", ONE, nn.AvgPool3d(2), "along 2 axes", "one along 3"),
        bad_merge("a padded volume", nn.ZeroPad3d(1), ONE, "it pads 3 axes", "convolution has 2"),
        bad_merge("an empty chain", nn.Sequential(), ONE, f"A Sequential {NOT_ONE}", "merged"),
        bad_merge("a lazy layer", ONE, LAZY, f"A LazyConv2d {NOT_ONE}", "cannot be merged"),
        bad_merge("nan first", holding(NAN), ONE, "cannot be merged", "not all finite"),
        bad_merge("infinity second", ONE, holding(INF), "cannot be merged", "not all finite"),
        bad_merge("complex numbers", ONE, of(COMPLEX), "Conv2d cannot be merged", "complex"),
        bad_merge("no numbers yet", of(META), ONE, "on the meta device", "load its weights"),
    ],
)


def bad_size(label, call, what, do):
    return Bad(label, call, ValueError, what, do)


test_differs = bad_input_test(
    lambda _: not differs(*TWO, (5, 5)).any(),
    [
        bad_size("one size", lambda _: differs(*TWO, 8), "size is 8", "2 whole numbers from 1"),
        bad_size("half a pixel", lambda _: differs(*TWO, (8.5, 8)), "(8.5, 8)", "2 whole numbers"),
        bad_size("three axes", lambda _: differs(*TWO, (5, 5, 5)), "(5, 5, 5)", "2 whole numbers"),
        bad_size("a pixel", lambda _: differs(*TWO, (1, 1)), "(1, 1) pixels", "give a larger"),
        bad_size("three sides", lambda _: PadWith([1.0], (1, 1, 1)), "(1, 1, 1)", "2, 4 or 6"),
    ],
)


def unique():
    model = nn.Identity().eval()
    model.stream = (x for x in ())
    return model


def bad_plan(label, call, what, do, error=ValueError):
    return Bad(label, call, error, what, do)


test_plan = bad_input_test(
    lambda _: len(merge_chains(TWO, X.expand(3, 8, 8), at_most=INF, interior=True)) == 2,
    [
        bad_plan("a file", lambda _: plan("model.pt2"), "a str", "give the model", TypeError),
        bad_plan("layers", lambda _: merge_chains([ONE]), "a list", "give the model", TypeError),
        bad_plan(
            "a model in training",
            lambda _: merge_chains(nn.Sequential(nn.ReLU())),
            "training mode",
            "call eval()",
        ),
        bad_plan("one of a kind", lambda _: plan(unique()), "cannot be copied", "in a copy only"),
        bad_plan(
            "how many in words",
            lambda _: plan(TWO, at_most="2"),
            "at_most is of type str",
            "give a number",
            TypeError,
        ),
        bad_plan("at most nan", lambda _: plan(TWO, at_most=NAN), "nan", "more than 0"),
        bad_plan("at most none", lambda _: plan(TWO, at_most=0), "not 0", "more than 0"),
        bad_plan(
            "no input",
            lambda _: plan(TWO, interior=True),
            "depends on the size",
            "give an input",
        ),
        bad_plan(
            "an input of others",
            lambda _: plan(TWO, X, at_most=INF, interior=True),
            "(1, 8, 8)",
            "give one that it accepts",
        ),
    ],
)


def bad_split(label, layer, width, what, do, error=ValueError):
    return Bad(label, lambda _: split(layer, width), error, what, do)


GROUPED = nn.Conv2d(4, 4, 3, groups=2)
DEPTHWISE = nn.Conv2d(4, 4, 3, groups=4)
DEPTHWISE_7 = nn.Conv2d(4, 4, 7, groups=4)
MIRRORED = nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")
WIDE = nn.Conv2d(2, 2, (3, 5))
NO_SPLIT = "Conv2d cannot be split"
test_split = bad_input_test(
    lambda _: len(split(DEPTHWISE).chain) == 2,
    [
        bad_split(
            "no convolution", nn.Linear(3, 3), 2, "a Linear", "takes an nn.Conv2d", TypeError
        ),
        bad_split("a lazy layer", LAZY, 2, "a LazyConv2d", "takes an nn.Conv2d", TypeError),
        bad_split("an even kernel", nn.Conv2d(2, 2, 2), 2, "(2, 2)", "pad it with zeros"),
        bad_split("a pixel", ONE, 2, "(1, 1)", "at least 3x3"),
        bad_split("not square", WIDE, 2, "(3, 5)", "odd square kernel"),
        bad_split("two groups", GROUPED, 2, "has 2 groups", "takes one group or a depthwise"),
        bad_split("a depthwise width", DEPTHWISE, 4, "stays depthwise", "leave the width out"),
        bad_split("a depthwise 7x7", DEPTHWISE_7, None, "A depthwise 7x7", "3x3 and 5x5 only"),
        bad_split("no width", nn.Conv2d(3, 4, 3), None, "width is None", "at least 1"),
        bad_split("width 0", nn.Conv2d(3, 4, 3), 0, "width is 0", "at least 1"),
        bad_split("a mirror", MIRRORED, 4, "pads with 'reflect'", NO_SPLIT),
        bad_split("no numbers yet", of(META, 3), 2, "meta device", NO_SPLIT),
        bad_split("complex numbers", of(COMPLEX, 3), 2, "complex", NO_SPLIT),
    ],
)


def reading(content):
    def call(place):
        path = place.folder / "notes.txt"
        path.write_bytes(content)
        main([str(path)])

    return call


def bad_command(label, call, what, do):
    return Bad(label, call, SystemExit, what, do)


NO_MODEL = "notes.txt is not a model"
test_command_line = bad_input_test(
    good_merge,
    [
        bad_command("no file", lambda _: main(["nope.pt2"]), "no file nope.pt2", "give a model"),
        bad_command("a text", reading(b"no model"), NO_MODEL, "export the model"),
        bad_command("an empty file", reading(b""), NO_MODEL, "export the model"),
        bad_command("half a file", reading(b"PK\x03\x04 torn"), NO_MODEL, "export the model"),
        bad_command("nothing named", lambda _: main([]), "required: model", "-h for usage"),
        bad_command("many", lambda _: main(["m", "--at-most", "x"]), "'x'", "-h for usage"),
    ],
)

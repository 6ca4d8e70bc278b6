"""Bad input to merging: one sentence each."""

import torch
from torch import nn, randn

from helpers.bad_input import INF, NAN, Bad, bad_input_test
from lessonlib.merging import CannotMerge, differs, merge, plan, split
from lessonlib.merging.cli import main as merging_main


def a_text(place):
    (place.folder / "notes.txt").write_text("no model")
    merging_main([str(place.folder / "notes.txt")])


X, K = randn(3, 8, 8), randn(2, 2)


TWO = nn.Sequential(nn.Conv2d(3, 4, 2), nn.Conv2d(4, 5, 2)).eval()


COMPLEX, EMPTY = nn.Conv2d(4, 4, 2), nn.Conv2d(3, 3, 2, device="meta")


COMPLEX.weight = nn.Parameter(randn(4, 4, 2, 2, dtype=torch.complex64))


MIRRORED = nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")


test_merging = bad_input_test(
    lambda _: merge(nn.Conv2d(3, 4, 2), nn.Conv2d(4, 5, 2)).kernel_size == (3, 3),
    [
        Bad(
            "no layer",
            lambda _: merge(None, nn.Conv2d(1, 1, 2)),
            TypeError,
            "a NoneType",
            "give modules",
        ),
        Bad(
            "channels that do not fit",
            lambda _: merge(TWO[0], TWO[0]),
            CannotMerge,
            "gives 4 channels",
            "it reads 3",
        ),
        Bad(
            "a row after a photo",
            lambda _: merge(TWO[0], nn.Conv1d(4, 4, 2)),
            CannotMerge,
            "along 2 axes",
            "it along 1",
        ),
        Bad(
            "complex numbers",
            lambda _: merge(TWO[0], COMPLEX),
            CannotMerge,
            "Conv2d is not merged",
            "complex",
        ),
        Bad(
            "no numbers yet",
            lambda _: merge(EMPTY, EMPTY),
            CannotMerge,
            "on the meta device",
            "load its weights",
        ),
        Bad(
            "one size for two axes",
            lambda _: differs(*TWO, 8),
            ValueError,
            "not 8",
            "2 whole numbers",
        ),
        Bad(
            "a size of 8.5",
            lambda _: differs(*TWO, (8.5, 8)),
            ValueError,
            "(8.5, 8)",
            "2 whole numbers",
        ),
        Bad(
            "a pixel",
            lambda _: differs(*TWO, (1, 1)),
            ValueError,
            "(1, 1) pixels",
            "give a larger",
        ),
        Bad("a model's file", lambda _: plan("model.pt2"), TypeError, "a str", "give the model"),
        Bad(
            "a model in training",
            lambda _: plan(nn.Sequential(nn.ReLU())),
            ValueError,
            "training mode",
            "call eval()",
        ),
        Bad(
            "how many in words",
            lambda _: plan(TWO, at_most="2"),
            TypeError,
            "at_most is of type str",
            "give a number",
        ),
        Bad("at most nan", lambda _: plan(TWO, at_most=NAN), ValueError, "nan", "more than 0"),
        Bad(
            "no input",
            lambda _: plan(TWO, interior=True),
            ValueError,
            "depends on the size",
            "give an input",
        ),
        Bad(
            "an input of others",
            lambda _: plan(TWO, X[:1], INF, True),
            ValueError,
            "(1, 8, 8)",
            "give one that it",
        ),
        Bad(
            "split without a width",
            lambda _: split(nn.Conv2d(3, 4, 3)),
            ValueError,
            "width is None",
            "at least 1",
        ),
        Bad(
            "split a mirror",
            lambda _: split(MIRRORED, 4),
            ValueError,
            "pads with 'reflect'",
            "not split",
        ),
        Bad(
            "no file",
            lambda _: merging_main(["nope.pt2"]),
            SystemExit,
            "nope.pt2",
            "give a model saved by",
        ),
        Bad(
            "a text for a model",
            a_text,
            SystemExit,
            "notes.txt is no model",
            "export the model",
        ),
        Bad(
            "nothing named",
            lambda _: merging_main([]),
            SystemExit,
            "required: model",
            "-h for usage",
        ),
        Bad(
            "many times",
            lambda _: merging_main(["m", "--at-most", "x"]),
            SystemExit,
            "'x'",
            "-h for usage",
        ),
    ],
)

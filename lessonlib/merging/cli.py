"""python -m lessonlib.merging model.pt2 -o merged.pt2: merge the chains of an exported model."""

import io
import os
import sys
import zipfile
from pathlib import Path

import torch
from torch.utils._pytree import tree_leaves

from lessonlib.cli import Arguments
from lessonlib.merging.models import merge_chains, plan
from lessonlib.merging.torch_export import export_again, with_layers

__all__ = ["main"]

WEIGHTS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def main(arguments=None):
    """Read a model, plan, merge, compare on the inputs that came with it, write.

    Ends the program with one sentence if it cannot.
    """
    given = _parser().parse_args(arguments)
    program = _load(given.model)
    try:
        model = with_layers(program)
        print(plan(model, at_most=given.at_most))
    except ValueError as error:
        sys.exit(str(error))
    if given.output is None:
        return
    merged = merge_chains(model, at_most=given.at_most)
    archive = io.BytesIO()  # torch would end the process if the disk is full
    torch.export.save(export_again(merged, program), archive)
    largest = _largest_difference(model, merged, program.example_inputs)
    print(f"Largest difference of the outputs on the model's own example: {largest:.1e}.")
    try:
        given.output.write_bytes(archive.getvalue())
    except OSError as error:
        sys.exit(f"{given.output} cannot be written ({error.strerror}): choose another place.")
    print(f"Written to {given.output}.")


def _parser():
    parser = Arguments(prog="python -m lessonlib.merging", description=__doc__.split(": ")[1])
    parser.add_argument("model", type=Path, help="a model saved by torch.export.save")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="where to write the merged model; without it only the plan is shown",
    )
    parser.add_argument(
        "--at-most",
        type=float,
        default=1.0,
        help="merge a chain where one convolution takes at most this many times its "
        "multiplications: 1 if not given, inf for always",
    )
    return parser


def _load(path):
    """The `torch.export.ExportedProgram` in a file. Ends the program if there is none."""
    if not path.is_file():
        sys.exit(f"There is no file {path}: give a model saved by torch.export.save.")
    before = os.environ.get(WEIGHTS_ONLY, "0")
    os.environ[WEIGHTS_ONLY] = "1"  # else torch runs whatever is pickled beside the weights
    try:
        if any("/aotinductor/" in name for name in zipfile.ZipFile(path).namelist()):
            raise ValueError("compiled code")
        program = torch.export.load(path)
    except Exception as error:  # torch raises what its parts raise, from zipfile to json
        sys.exit(
            f"{path} is not a model saved by torch.export.save ({type(error).__name__}), or it "
            "holds more than weights and inputs: export the model in eval, then save it."
        )
    finally:
        os.environ[WEIGHTS_ONLY] = before
    if program.example_inputs is None:
        sys.exit(
            f"{path} has no example inputs: export the model with "
            "torch.export.export(model, args), then save it."
        )
    return program


def _largest_difference(model, merged, inputs):
    """The largest |difference| of any number in the outputs of both."""
    args, kwargs = inputs
    with torch.no_grad():
        before = tree_leaves(model(*args, **kwargs))
        after = tree_leaves(merged(*args, **kwargs))
    differences = [
        float((a - b).abs().max())
        for a, b in zip(before, after)
        if isinstance(a, torch.Tensor) and a.is_floating_point() and a.numel()
    ]
    return max(differences, default=0)

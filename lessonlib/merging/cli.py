"""python -m lessonlib.merging model.pt2 -o merged.pt2: merge the chains of a model in a file."""

import io
import json
import sys
import zipfile
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from lessonlib.cli import Arguments
from lessonlib.merging.archives import CHECKED, load_program
from lessonlib.merging.examples import Example, check_same, timed
from lessonlib.merging.models import merge_chains, plan
from lessonlib.merging.plans import Plan
from lessonlib.merging.torch_export import export_again, with_layers

__all__ = ["main"]

ONNX = ".onnx"


def main(arguments=None):
    """Read a model, plan, merge, compare on the inputs that came with it, write.

    Ends the program with one sentence if it cannot.
    """
    given = _parser().parse_args(arguments)
    if not given.model.is_file():
        sys.exit(f"There is no file {given.model}: give a model saved by torch.export.save.")
    try:
        report = _merge_onnx(given) if given.model.suffix == ONNX else _merge_exported(given)
    except ValueError as error:
        sys.exit(str(error))
    if given.json:
        print(json.dumps(report, default=_plain, indent=1))
    else:
        print("\n".join(_in_words(report)))


def _parser():
    parser = Arguments(
        prog="python -m lessonlib.merging", description=__doc__.split(": ")[1], epilog=CHECKED
    )
    parser.add_argument(
        "model", type=Path, help="a model saved by torch.export.save, or an .onnx file"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="where to write the merged model, as .onnx if the name ends so; without it only the "
        "plan is shown. A model whose outputs differ by more than rounding is not written",
    )
    parser.add_argument(
        "--at-most",
        type=float,
        default=1.0,
        help="merge a chain where one convolution takes at most this many times its "
        "multiplications: 1 if not given, inf for always",
    )
    parser.add_argument("--time", action="store_true", help="measure both on the example inputs")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    return parser


def _merge_exported(given):
    """What was done with a model in torch's format."""
    program = _load(given.model)
    model = with_layers(program)
    report: dict = {"plan": plan(model, at_most=given.at_most)}
    if given.output is None and not given.time:
        return report
    example = Example(*program.example_inputs)
    again = export_again(merge_chains(model, at_most=given.at_most), program)
    report["difference"] = check_same(model, again.module(), example)
    if given.time:
        report["seconds"] = timed(program.module(), again.module(), example)
    if given.output is not None:
        _write(given.output, _saved(again, given.output))
        report["output"] = str(given.output)
    return report


def _merge_onnx(given):
    """What was done with a model in the format ONNX."""
    onnx_files = _with_onnx("lessonlib.merging.onnx_files", given.model)
    if given.output is not None and given.output.suffix != ONNX:
        raise ValueError(f"An ONNX model stays one: give {given.output} a name that ends in .onnx.")
    if given.time:
        raise ValueError("Only a model saved by torch.export.save brings inputs to time it with.")
    model = onnx_files.load(given.model)
    merged, found = onnx_files.merge_onnx(model, at_most=given.at_most)
    report: dict = {"plan": found}
    if given.output is not None:
        report["difference"] = onnx_files.compared(model, merged)
        _write(given.output, merged.SerializeToString())
        report["output"] = str(given.output)
    return report


def _with_onnx(module, path):
    try:
        return import_module(module)
    except ImportError as error:
        raise ValueError(
            f"{path} needs the package {error.name}: pip install lessonlib[onnx], then try again."
        ) from error


def _load(path):
    """The `torch.export.ExportedProgram` in a file. ValueError if there is none."""
    try:
        program = load_program(path)
    except Exception as error:  # torch raises what its parts raise, from zipfile to json
        said = str(error) if isinstance(error, ValueError) else type(error).__name__
        raise ValueError(f"{path} is {_kind(path, said)}.") from error
    if program.example_inputs is None:
        raise ValueError(
            f"{path} has no example inputs: export the model with "
            "torch.export.export(model, args), then save it."
        )
    return program


def _kind(path, said):
    """What a file seems to be instead, and what to do."""
    try:
        names = zipfile.ZipFile(path).namelist()
    except (OSError, zipfile.BadZipFile):
        names = []
    inner = {name.partition("/")[2].partition("/")[0] for name in names}
    if "models" in inner:
        return (
            f"not taken, as it holds more than weights and inputs ({said}): "
            "export the model in eval, then save it"
        )
    if "code" in inner:
        return "TorchScript: export the model that it was made from with torch.export.export"
    if "data.pkl" in inner:
        return "from torch.save: load it in Python and use merge_chains, or export it from there"
    return (
        f"not a model saved by torch.export.save ({said}): export the model in eval, then save it"
    )


def _saved(program, path):
    """The bytes of the file for a merged model."""
    if path.suffix == ONNX:
        _with_onnx("onnxscript", path)
        onnx_program: Any = torch.onnx.export(program, dynamo=True, verbose=False)
        return onnx_program.model_proto.SerializeToString()
    archive = io.BytesIO()  # torch would end the process if the disk is full
    torch.export.save(program, archive)
    return archive.getvalue()


def _write(path, content):
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ValueError(
            f"{path} cannot be written ({error.strerror}): choose another place."
        ) from error


def _plain(value):
    """A plan or a timing as JSON knows it."""
    return json.loads(value.to_json()) if isinstance(value, Plan) else asdict(value)


def _in_words(report):
    yield str(report["plan"])
    if "difference" in report and report["difference"] is None:
        yield "It cannot be run on random inputs here, so the outputs were not compared."
    elif "difference" in report:
        yield (
            "Largest difference of the outputs on the model's own example: "
            f"{report['difference']:.1e} of the largest number."
        )
    if "seconds" in report:
        before = report["seconds"]["before"]
        after = report["seconds"]["after"]
        yield (
            f"Time on that example: {1e3 * before.median:.2f} ms before, "
            f"{1e3 * after.median:.2f} ms after, {after.ratio:.2f} of it "
            f"(quartiles {after.ratio_low:.2f} to {after.ratio_high:.2f})."
        )
    if "output" in report:
        yield f"Written to {report['output']}."

"""Read a file of `torch.export.save` so that nothing in it is run, whoever wrote it.

torch evaluates what such a file holds in places: shapes are expressions that sympy evaluates, names
and guards become Python code, operators are looked up by name, and some constants are pickles. So
the file is read here first, what may be none of its business is refused, and torch is given a copy
of what was read.
"""

import ast
import io
import json
import math
import os
import re
import zipfile
from typing import Any

import torch

__all__ = ["load_program", "CHECKED"]

CHECKED = (
    "A .pt2 file may come from a stranger: before torch reads it, it is refused unless its shapes "
    "are arithmetic of numbers and symbols, its operators are torch's own, its names are names, "
    "and it holds no pickled objects and no compiled code."
)
WEIGHTS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
FILES = re.compile(
    r"models/\w+\.json|data/(weights|constants)/((weight|tensor)_\d+|\w+_config\.json)"
    r"|data/sample_inputs/\w+\.pt|archive_(format|version)|byteorder"
    r"|(\.data/)?(version|serialization_id)"
)
NAME = re.compile(r"[\w.]*")
WORDS = re.compile(r"[\w. \-]*")
SYMBOL = re.compile(r"[a-z]{1,4}\d+|true|false|oo|int_oo")
NOTHING = re.compile(r"(?!)")
TEXTS = {"Symbol": re.compile(r"[A-Za-z]\w*"), "Float": re.compile(r"[-+.\de]+")}
FUNCTIONS = (  # of sympy and of torch.utils._sympy.functions, as torch writes them
    "Symbol Integer Float Rational Add Mul Pow Max Min Abs floor ceiling Piecewise ExprCondPair "
    "Equality Unequality StrictLessThan LessThan StrictGreaterThan GreaterThan Eq Ne Lt Le Gt Ge "
    "And Or Not FloorDiv ModularIndexing Where PythonMod Mod CleanDiv CeilToInt FloorToInt CeilDiv "
    "LShift RShift PowByNatural FloatPow FloatTrueDiv IntTrueDiv TruncToFloat TruncToInt "
    "RoundToInt RoundDecimal ToFloat Identity IsNonOverlappingAndDenseIndicator"
).split()
ARITHMETIC = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.Load,
    ast.keyword,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
)
OPERATORS = (
    "getitem add sub mul truediv floordiv mod pow neg pos abs eq ne lt le gt ge and_ or_ xor not_ "
    "invert lshift rshift is_ is_not iadd isub imul itruediv ifloordiv imod"
).split()
NAMESPACES = ("aten", "prims", "torchvision")
WRITERS = ("from_file", "save")  # operators that open files
HIGHER_ORDER = "wrap_with_set_grad_enabled wrap_with_autocast cond while_loop scan map_impl".split()


def load_program(path):
    """The `torch.export.ExportedProgram` in a file. ValueError if it may run more than that."""
    archive = _checked(path)
    before = os.environ.get(WEIGHTS_ONLY, "0")
    os.environ[WEIGHTS_ONLY] = "1"  # else torch runs what is pickled among the example inputs
    try:
        return torch.export.load(archive)
    finally:
        os.environ[WEIGHTS_ONLY] = before


def _checked(path):
    """The file anew, of what was checked, as zip files can be read in more ways than one."""
    checked = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(checked, "w") as archive:
        for name in given.namelist():
            content = given.read(name)
            inner = name.partition("/")[2]
            if inner.startswith("extra/"):
                continue  # whatever else its author put in
            if not FILES.fullmatch(inner):
                raise ValueError(f"it holds {name!r}")
            if inner.endswith(".json"):
                content = json.dumps(_without_code(json.loads(content))).encode()
            archive.writestr(name, content)
    checked.seek(0)
    return checked


def _without_code(value, key=""):
    """The content of a JSON file, without guards and traces. ValueError if it holds code."""
    if isinstance(value, dict):
        kept = {}
        for name, inner in value.items():
            if name not in ("guards_code", "stack_trace"):
                kept[name] = _without_code(inner, name)
        return kept
    if isinstance(value, list):
        return [_without_code(inner, key) for inner in value]
    if isinstance(value, str):
        _check_text(value, key)
    return value


def _check_text(text, key):
    if key == "expr_str":
        _check_expression(text)
    elif key in ("target", "as_operator"):
        _check_operator(text)
    elif key in ("in_spec", "out_spec"):
        _check_words(json.loads(text) if text else None)
    elif key == "path_name":
        if not re.fullmatch(r"(weight|tensor)_\d+", text):
            raise ValueError(f"it has a weight in {text!r}")
    elif key.endswith(("name", "names", "fqn")) and not NAME.fullmatch(text):
        raise ValueError(f"it has the name {text!r}")


def _check_words(spec):
    """The words in the structure of inputs and outputs, which become arguments in code."""
    if isinstance(spec, dict):
        spec = [*spec.keys(), *spec.values()]
    if isinstance(spec, list):
        for inner in spec:
            _check_words(inner)
    elif isinstance(spec, str) and spec.startswith(("[", "{", '"')):
        _check_words(json.loads(spec))
    elif isinstance(spec, str) and not WORDS.fullmatch(spec):
        raise ValueError(f"it has an argument {spec!r}")


def _check_expression(text):
    """ValueError unless it is arithmetic of numbers, symbols and the known functions."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"it has the shape {text[:60]!r}") from error
    known: set = set()
    for node in ast.walk(tree):  # what calls comes before what it is given
        if isinstance(node, ast.Call):
            known |= _accounted_for(node)
        if node not in known and not _is_arithmetic(node):
            raise ValueError(f"it has the shape {text[:60]!r}")


def _accounted_for(call):
    """The nodes of a call of a known function: itself, the function, and a text it may be given."""
    if not isinstance(call.func, ast.Name) or call.func.id not in FUNCTIONS:
        return set()
    texts = []
    for given in call.args[:1]:
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            texts += [given] if TEXTS.get(call.func.id, NOTHING).fullmatch(given.value) else []
    return {call, call.func, *texts}


def _is_arithmetic(node):
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    if isinstance(node, ast.Name):
        return bool(SYMBOL.fullmatch(node.id))
    return isinstance(node, ARITHMETIC)


def _check_operator(name):
    """ValueError unless it is one of torch's operators on tensors, or arithmetic of sizes."""
    home, _, function = name.rpartition(".")
    known = {
        "_operator": function in OPERATORS,
        "math": function in vars(math) and not function.startswith("_"),
        "torch": function.startswith("sym_"),
        "torch.ops.higher_order": function in HIGHER_ORDER,
    }
    if not known.get(home) and not _is_own(name):
        raise ValueError(f"it calls {name!r}")


def _is_own(name):
    """Whether it is an operator of torch, as torch.ops.aten.conv2d.default is."""
    parts = name.split(".")
    if parts[:2] != ["torch", "ops"] or len(parts) not in (4, 5):
        return False
    if parts[2] not in NAMESPACES or parts[3] in WRITERS:
        return False
    found: Any = torch
    for part in parts[1:]:
        found = getattr(found, part, None)
    return isinstance(found, torch._ops.OpOverload | torch._ops.OpOverloadPacket)

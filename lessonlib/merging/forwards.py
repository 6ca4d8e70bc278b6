"""What the code of a forward asks in ways that no symbol in place of its input can notice."""

from dis import get_instructions
from functools import cache
from inspect import unwrap
from itertools import pairwise
from types import CodeType, FunctionType
from typing import Any

__all__ = ["asks_unseen", "tests_for_none"]

BUILTINS = {"type", "callable", "id"}
TORCHS = {"has_torch_function", "is_fx_tracing", "Proxy"}


@cache
def asks_unseen(kind: Any) -> bool:
    """Whether a forward of this kind of module asks for a type, or whether two things are one."""
    return any(_asks(code) for code in _codes(kind))


@cache
def tests_for_none(kind: Any) -> bool:
    """Whether a forward of this kind asks whether a value that it was given is None."""
    return any(_tests(code) for code in _codes(kind))


def _codes(kind):
    """The code of its forward and of all that this calls by name, but for torch's own."""
    found: dict = {}
    waiting = [getattr(kind, "forward", None)]
    while waiting:
        function: Any = waiting.pop()
        function = unwrap(function)
        home = getattr(function, "__module__", None) or ""  # that of a fx.GraphModule has none
        if (
            not isinstance(function, FunctionType)
            or function in found
            or home.partition(".")[0] == "torch"
        ):
            continue
        found[function] = _with_inner(function.__code__)
        for name in {name for code in found[function] for name in code.co_names}:
            waiting += [getattr(kind, name, None), function.__globals__.get(name)]
        waiting += [_content(cell) for cell in function.__closure__ or ()]
    return sum(found.values(), [])


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # as Python says of one that is empty
        return None


def _with_inner(code):
    """A function's code and that of the functions in it."""
    found = [code]
    for part in code.co_consts:
        if isinstance(part, CodeType):
            found += _with_inner(part)
    return found


def _asks(code):
    steps = list(get_instructions(code))
    compared = any(b.opname == "IS_OP" and not _is_none(a) for a, b in pairwise(steps))
    called = {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}
    return compared or bool(BUILTINS & called or TORCHS & {*code.co_names})


def _tests(code):
    """Whether it compares a local value with None, in the instructions of any Python."""
    steps = [step for step in get_instructions(code) if not _is_none(step)]
    tests = [a for a, b in pairwise(steps) if b.opname == "IS_OP" or b.opname.endswith("_NONE")]
    return any(step.opname.startswith("LOAD_FAST") for step in tests)


def _is_none(step):
    return step.opname.startswith("LOAD_CONST") and step.argval is None

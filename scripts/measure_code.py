"""Measure how dense Python code is: `python scripts/measure_code.py lessonlib tests ../einops`.

A column for each folder. --list also names the places: dense, wide and nested lines, and pairs.
"""

import argparse
import ast
from collections import Counter
from pathlib import Path
from statistics import median, quantiles

DENSE = 25  # AST nodes that start on one line
WIDTH = 100
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Source:
    """A Python file: its path, its lines and its syntax tree."""

    def __init__(self, path):
        self.path = path
        text = path.read_text(encoding="utf-8")
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        self.nodes = list(ast.walk(self.tree))

    def code_lines(self):
        """How many lines are neither empty nor a comment."""
        stripped = [line.strip() for line in self.lines]
        return sum(bool(line) and not line.startswith("#") for line in stripped)

    def functions(self):
        return [node for node in self.nodes if isinstance(node, FUNCTIONS)]

    def dense(self):
        """The numbers of the lines on which DENSE or more AST nodes start."""
        starts = Counter(node.lineno for node in self.nodes if hasattr(node, "lineno"))
        return sorted(line for line, count in starts.items() if count >= DENSE)

    def wide(self):
        """The numbers of the lines longer than WIDTH."""
        return [number for number, line in enumerate(self.lines, 1) if len(line) > WIDTH]

    def nested(self):
        """The numbers of the lines with a comprehension that holds another."""
        return [node.lineno for node in self.nodes if _is_nested(node)]

    def pairs(self):
        """The numbers of the lines with `a, b = x, y`, other than swaps and joint updates."""
        assigned = [node for node in self.nodes if isinstance(node, ast.Assign)]
        return [node.lineno for node in assigned if _is_pair(node)]


def _is_nested(node):
    if not isinstance(node, COMPREHENSIONS):
        return False
    inner = [part for part in ast.walk(node) if isinstance(part, COMPREHENSIONS)]
    return len(inner) > 1


def _is_pair(assignment):
    [*_, target] = assignment.targets
    if not isinstance(target, ast.Tuple) or not isinstance(assignment.value, ast.Tuple):
        return False
    return not _names(target) & _names(assignment.value)


def _names(node):
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def sources(path):
    """The Python files of a folder, or the one file."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [Source(file) for file in files]


def public_functions(found):
    """The functions and methods whose names, and whose class's name, begin with a letter."""
    homes = []
    for source in found:
        classes = [node for node in source.nodes if isinstance(node, ast.ClassDef)]
        homes += [source.tree, *(home for home in classes if not home.name.startswith("_"))]
    functions = [node for home in homes for node in home.body if isinstance(node, FUNCTIONS)]
    return [function for function in functions if not function.name.startswith("_")]


def has_hint(function):
    """Whether an argument or the result has a type hint."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return function.returns is not None or any(argument.annotation for argument in every)


def is_test(source):
    return source.path.name.startswith("test_")


def measures(found):
    """What is said of a folder: `{name of the row: text}`."""
    lines = sum(source.code_lines() for source in found)
    modules = [len(source.lines) for source in found if not is_test(source)]
    tests = [len(source.lines) for source in found if is_test(source)]
    functions = [function for source in found for function in source.functions()]
    lengths = [function.end_lineno - function.lineno + 1 for function in functions]
    public = public_functions(found)
    documented = sum(ast.get_docstring(function) is not None for function in public)
    hinted = sum(map(has_hint, public))
    dense = sum(len(source.dense()) for source in found)
    return {
        "code lines": f"{lines:,}",
        "modules, median / longest": _spread(modules),
        "functions, median / 90% / longest": _spread(lengths, tail=True),
        "public functions with docstring": _share(documented, len(public)),
        "public functions with a type hint": _share(hinted, len(public)),
        f"lines with {DENSE} or more AST nodes": f"{dense} = {_share(dense, lines, digits=2)}",
        "pairs, a, b = x, y": str(sum(len(source.pairs()) for source in found)),
        "nested comprehensions": str(sum(len(source.nested()) for source in found)),
        f"lines over {WIDTH} characters": str(sum(len(source.wide()) for source in found)),
        "longest test file": str(max(tests, default="-")),
    }


def _spread(lengths, tail=False):
    if not lengths:
        return "-"
    middle = [median(lengths)]
    if tail and len(lengths) > 1:
        middle.append(quantiles(lengths, n=10, method="inclusive")[-1])
    return " / ".join(f"{length:.0f}" for length in (*middle, max(lengths)))


def _share(part, whole, digits=0):
    return f"{part / whole:.{digits}%}" if whole else "-"


def table(columns):
    """The measures of each folder as text, `{heading: measures}`."""
    [first, *_] = columns.values()
    rows = [["", *columns]]
    for name in first:
        rows.append([name, *(column[name] for column in columns.values())])
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(_padded(row, widths) for row in rows)


def _padded(row, widths):
    cells = [cell.ljust(width) for cell, width in zip(row, widths)]
    return "  ".join(cells).rstrip()


def places(found):
    """A line for each place that could be mended: file, line and what is there."""
    for source in found:
        kinds = {
            "dense": source.dense(),
            "wide": source.wide(),
            "nested comprehension": source.nested(),
            "pair": source.pairs(),
        }
        for kind, numbers in kinds.items():
            yield from (f"{source.path}:{number}: {kind}" for number in numbers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--list", action="store_true", help="name the places, too")
    given = parser.parse_args()
    found = {str(folder): sources(folder) for folder in given.folders}
    if given.list:
        for files in found.values():
            for place in places(files):
                print(place)
    print(table({name: measures(files) for name, files in found.items()}))


if __name__ == "__main__":
    main()

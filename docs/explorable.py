"""The site's front page: what its figures draw and what its prose counts, computed at build time.

The page is templates/explorable.html; the scripts in static/front bring its figures to life.
"""

import io
import json
from base64 import b64encode
from functools import cache
from itertools import product

import torch
from PIL import Image

from lessonlib.algebra.hidden_width import composition_rank
from lessonlib.algebra.named_kernels import PAIRS, THREE
from lessonlib.algebra.nearest_product import nearest_product
from lessonlib.arms import ARMS
from lessonlib.claims import claims
from lessonlib.figures.style import arm_style
from lessonlib.kernels import compose, correlate, embed, placements
from lessonlib.study.comparisons import runs_of
from lessonlib.study.intervals import interval
from lessonlib.study.pairing import paired
from lessonlib.study.plans import CLEAN, THREAD, get_plan
from lessonlib.training.runs import load_runs

# A dog, from 0 for black to 9 for white
DOG = """
    0 0 0 0 0 0 0 0 0 0
    0 4 3 0 0 0 0 3 4 0
    0 4 3 7 7 7 7 3 4 0
    0 4 6 7 7 7 7 6 4 0
    0 3 6 1 7 7 1 6 3 0
    0 0 6 7 7 7 7 6 0 0
    0 0 6 9 2 1 9 6 0 0
    0 0 5 9 9 9 9 5 0 0
    0 0 0 5 9 9 5 0 0 0
    0 0 0 0 8 8 0 0 0 0
"""
B = [[1, 2], [-1, 1]]
C = [[2, -1], [1, 1]]
SMALL = [[1, -1], [2, -2]]  # the 2x2 that is placed in a 3x3
WORDS = "no one two three four five six seven eight nine ten".split()
SUBSCRIPTS = "₀₁₂"
SHORT = ("one 3x3", "one 2x2", "two 2x2, two activations", "two 2x2, one activation")
STEPS = "slide place stamp pixel nearest_product products relu race".split()
SCRIPTS = [f"front/{name}.js" for name in ("figures", *STEPS)]
QUESTIONS = {"the thread, clean": CLEAN, "as in 2019": THREAD}

# The plane of kernels that look alike from four sides: middle 1, edges e, corners c
EDGE = (-1.2, 1.2)
CORNER = (-0.5, 1.2)
FINENESS = (61, 44)  # pixels of its map, across and up
ON_THE_MAP = ("identity", "binomial blur", "box blur", "Laplacian")


@cache
def data():
    """What the scripts read, as JSON."""
    return {
        "dog": _whole(dog()),
        "sobel": _whole(THREE["Sobel"]),
        "small": SMALL,
        "b": B,
        "c": C,
        "pairs": {name: [_whole(each) for each in pair] for name, pair in PAIRS.items()},
        "plane": {"edge": EDGE, "corner": CORNER, "named": _named(), "map": _map()},
        "races": {question: _race(arms) for question, arms in QUESTIONS.items()},
    }


def stills():
    """The figures without scripts: a row of matrices each, as (name, rows, what stands before)."""
    x = dog()
    b, c, small = _float(B), _float(C), _float(SMALL)
    a = compose(b, c)
    sobel = THREE["Sobel"]
    box = nearest_product(THREE["box blur"])
    bright = _float([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    turned = correlate(correlate(bright, b, padding=1), c)
    relu = correlate(correlate(x, b, padding=1).relu(), c)
    places = placements(small).items()
    copies = [embed(weight * b, 3, i, j) for i, j, weight in _entries(C)]
    return {
        "slide": [
            ("a picture", x, ""),
            ("a kernel", sobel, ""),
            ("the result", correlate(x, sobel), "="),
        ],
        "place": [(f"row {i + 1}, column {j + 1}", kernel, "") for (i, j), kernel in places],
        "stamp": [
            *(("a copy of B", copy, "+" if i else "") for i, copy in enumerate(copies)),
            ("A", a, "="),
        ],
        "pixel": [
            ("one bright pixel", bright, ""),
            ("after B, then C", turned, ""),
            ("A", a, ""),
        ],
        "products": [
            ("box blur, times 9", 9 * THREE["box blur"], ""),
            ("its nearest product, times 9", 9 * compose(box.B, box.C), ""),
        ],
        "relu": [
            ("B, then C, as A", correlate(x, a, padding=1), ""),
            ("B, ReLU, then C", relu, ""),
        ],
    }


def numbers():
    """What the prose counts."""
    b, c = _float(B), _float(C)
    part, runs = _study()
    trained = {question: _table(arms) for question, arms in QUESTIONS.items()}
    first = next(iter(CLEAN.values()))
    padded = embed(_float(SMALL), 3)
    return {
        "words": WORDS,
        "claims": len(claims()),
        "zeros": padded.numel() - int(padded.count_nonzero()),
        "letters": letters(),
        "places": len(placements(_float(SMALL))),
        "unknowns": b.numel() + c.numel(),
        "equations": compose(b, c).numel(),
        "rank": composition_rank(b, c).rank,
        "trained": trained,
        "races": len(runs_of(first, part, runs)),
        "px": part.base.px,
        "epochs": part.base.epochs,
    }


def letters():
    """The equation of each entry of A: places of B and C add up, counted from 0, to its own."""
    lines = []
    for i, j in product(range(3), repeat=2):
        inside = [(u, v) for u, v in product(range(2), repeat=2) if {i - u, j - v} <= {0, 1}]
        terms = [_letter("b", u, v) + _letter("c", i - u, j - v) for u, v in inside]
        lines.append(f"{_letter('a', i, j)} = {' + '.join(terms)}")
    return lines


def _letter(name, i, j):
    return name + SUBSCRIPTS[i] + SUBSCRIPTS[j]


def dog():
    """The small picture, (10, 10)."""
    return _float([[int(level) for level in line.split()] for line in DOG.strip().splitlines()])


def plane(edge, corner):
    """Kernels (..., 3, 3) with 1 in the middle, from their edges and corners (...)."""
    middle = torch.ones_like(edge)
    outer = torch.stack([corner, edge, corner], -1)
    inner = torch.stack([edge, middle, edge], -1)
    return torch.stack([outer, inner, outer], -2)


def _map():
    """How far each kernel of the plane is from the products, as a picture: white is none.

    Edges of the other sign, e to -e, give a kernel as far away: half the map is computed.
    """
    across, up = FINENESS
    corner, edge = torch.meshgrid(
        torch.linspace(*CORNER, up, dtype=torch.float64),
        torch.linspace(0, EDGE[1], (across + 1) // 2, dtype=torch.float64),
        indexing="ij",
    )
    right = nearest_product(plane(edge, corner)).relative
    far = torch.cat([right.flip(1)[:, :-1], right], 1).flip(0)
    share = (far / far.max())[..., None].sqrt()  # the root: the valley is narrow
    white = torch.full((3,), 255.0, dtype=torch.float64)
    dark = torch.tensor([70.0, 92.0, 112.0], dtype=torch.float64)
    image = Image.fromarray((white + share * (dark - white)).to(torch.uint8).numpy())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def _named():
    """Places on the map (edge, corner) of kernels with a name, scaled to 1 in the middle."""
    scaled = {name: THREE[name] / THREE[name][1, 1] for name in ON_THE_MAP}
    return {
        name: [kernel[0, 1].item(), kernel[0, 0].item() + 0.0] for name, kernel in scaled.items()
    }


@cache
def _study():
    (part,) = get_plan("cpu")
    return part, load_runs("cpu")


def _race(arms):
    """Accuracies in per mille, by arm, by seed, by epoch; and how each arm is drawn."""
    part, runs = _study()
    raced = []
    for short, variant in zip(SHORT, arms.values()):
        seeds = sorted(runs_of(variant, part, runs), key=lambda run: run.seed)
        accuracies = [[round(1000 * e["accuracy"]) for e in run.epochs] for run in seeds]
        raced.append({"short": short, "accuracies": accuracies} | _drawn(variant.arm))
    return raced


def _drawn(arm):
    style = arm_style(arm)
    dash = style["linestyle"]
    named = {"-": "", "--": "6 4", "-.": "8 3 2 3"}
    dashes = named[dash] if isinstance(dash, str) else " ".join(str(3 * part) for part in dash[1])
    return {"color": style["color"], "dash": dashes}


def _table(arms):
    """(label, mean accuracy in %, difference to the first in words) of each arm."""
    part, runs = _study()
    groups = [runs_of(variant, part, runs) for variant in arms.values()]
    rows = []
    for group in groups:
        mean = 100 * sum(run.accuracy for run in group) / len(group)
        difference = "" if group is groups[0] else _in_words(paired(group, groups[0]))
        rows.append((ARMS[group[0].arm].label, f"{mean:.1f}", difference))
    return rows


def _in_words(differences):
    low, high = interval(differences)
    return f"{differences.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def _entries(kernel):
    return [(i, j, value) for i, row in enumerate(kernel) for j, value in enumerate(row)]


def _float(rows):
    return torch.tensor(rows, dtype=torch.float64)


def _whole(kernel):
    """Its rows, with whole numbers as such, which makes the page shorter."""
    return [[int(v) if v == int(v) else v for v in row] for row in kernel.tolist()]


def on_the_front_page(app, pagename, templatename, context, doctree):
    """Give the template what it shows, and the page its scripts and styles."""
    if pagename != "index":
        return
    context |= numbers()
    context["stills"] = stills()
    # a < could end the script
    context["data"] = json.dumps(data(), separators=(",", ":")).replace("<", "\\u003c")
    for name in SCRIPTS:
        app.add_js_file(name, loading_method="defer", priority=900)  # after play.js
    app.add_css_file("explorable.css")


def setup(app):
    app.connect("html-page-context", on_the_front_page)

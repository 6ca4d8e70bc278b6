"""Runs and costs as tables: numbers with as many digits as one run can carry."""

from statistics import median

from IPython.display import Markdown

from lessonlib.arms import ARMS, arm_label
from lessonlib.markdown import markdown_table

__all__ = ["race_table", "cost_table", "layer_table", "timing_table", "COST_COLUMNS", "cost_cells"]

COST_COLUMNS = ("weights", "M MACs", "operations", "MB moved", "MB kept", "MACs per byte")

WAYS = {None: "one convolution", True: "composed first", False: "in series"}


def race_table(runs):
    """A row per run: accuracy after its last epoch, median seconds per epoch, images per second."""
    if not runs:
        return Markdown("No run is there yet.")
    head = ("arm", "seed", "weights", "accuracy, %", "epochs", "s per epoch", "images/s")
    sources = sorted({f"{run.data}, tier {run.recipe['name']}, {run.machine}" for run in runs})
    table = markdown_table(head, map(_race_cells, runs))
    return Markdown(f"{table}\n\nMeasured on {'; '.join(sources)}. One row is one run.")


def cost_table(costs):
    """What each arm takes forward, `{arm name: counting.Cost}`, bytes in MB of 10^6."""
    rows = [[ARMS[name].label, *cost_cells(cost)] for name, cost in costs.items()]
    return Markdown(markdown_table(("arm", *COST_COLUMNS), rows, right=COST_COLUMNS))


def layer_table(layers):
    """A network's convolutions, a list of `counting.LayerCost`: shapes, costs.

    Of a composed pair also which way it goes, and the share that composing costs.
    """
    head = ("layer", "in", "out", "weights", "M MACs", "MB kept", "composing", "goes")
    numbers = ("weights", "M MACs", "MB kept", "composing")
    return Markdown(markdown_table(head, map(_layer_cells, layers), right=numbers))


def timing_table(timings):
    """Milliseconds of each candidate and its time over the first one's; quartiles in brackets.

    timings: `{arm name: timing.Timing}`.
    """
    rows = [[ARMS[name].label, *_timing_cells(timing)] for name, timing in timings.items()]
    return Markdown(markdown_table(("arm", "ms", "times as long as the first"), rows))


def cost_cells(cost):
    """A `counting.Cost` in words, one for each of COST_COLUMNS."""
    moved = f"{cost.moved / 1e6:,.2f}"
    kept = f"{cost.saved / 1e6:,.2f}"
    macs = f"{cost.macs / 1e6:,.1f}"
    return f"{cost.weights:,}", macs, f"{cost.operations}", moved, kept, f"{cost.intensity:,.1f}"


def _race_cells(run):
    label = arm_label(run.arm)
    weights = f"{run.parameters:,}"
    done = len(run.epochs)
    epochs = f"{done}" if run.finished else f"{done} of {run.recipe['epochs']}, stopped"
    if not done:
        return label, run.seed, weights, "-", epochs, "-", "-"
    seconds = _median_of(run, "seconds", ".1f")
    speed = _median_of(run, "images_per_second", ",.0f")
    return label, run.seed, weights, f"{100 * run.accuracy:.1f}", epochs, seconds, speed


def _median_of(run, name, digits):
    """The median over the epochs that tell it."""
    told = [epoch[name] for epoch in run.epochs if epoch.get(name) is not None]
    return f"{median(told):{digits}}" if told else "-"


def _layer_cells(layer):
    weights, macs, _, _, kept, _ = cost_cells(layer.cost)
    share = "" if layer.share is None else f"{100 * layer.share:.3g}%"
    sizes = _size(layer.shape_in), _size(layer.shape_out)
    return layer.name, *sizes, weights, macs, kept, share, WAYS[layer.composes]


def _timing_cells(timing):
    low, middle, high = (
        f"{1e3 * seconds:.2f}" for seconds in (timing.low, timing.median, timing.high)
    )
    ratio = f"{timing.ratio:.2f} ({timing.ratio_low:.2f} to {timing.ratio_high:.2f})"
    return f"{middle} ({low} to {high})", ratio


def _size(shape):
    _, channels, h, w = shape
    return f"{channels} x {h} x {w}"

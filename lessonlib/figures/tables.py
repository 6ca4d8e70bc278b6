"""Runs and costs as tables: numbers with as many digits as one run can carry."""

from statistics import median

from IPython.display import Markdown

from lessonlib.arms import ARMS

__all__ = ["race_table", "cost_table", "layer_table", "timing_table"]


def race_table(runs):
    """Each run a row: accuracy of its last finished epoch, median training seconds an epoch, images a second."""
    if not runs:
        return Markdown("No run is there yet.")
    head = "| arm | seed | weights | accuracy, % | epochs | s an epoch | images/s |\n|---|---|---|---|---|---|---|\n"
    sources = "; ".join(
        sorted({f"{run.data}, tier {run.recipe['name']}, {run.machine}" for run in runs})
    )
    return Markdown(
        head + "\n".join(map(_row, runs)) + f"\n\nMeasured on {sources}. One row is one run."
    )


def cost_table(costs):
    """What each arm takes forward, `{arm name: costs.Cost}`, bytes in MB of 10^6."""
    head = "| arm | weights | M MACs | operations | MB moved | MB kept | MACs a byte |\n|---|---:|---:|---:|---:|---:|---:|\n"
    rows = (
        f"| {ARMS[name].label} | {c.weights:,} | {c.macs / 1e6:,.1f} | {c.operations} | {c.moved / 1e6:,.2f} "
        f"| {c.saved / 1e6:,.2f} | {c.intensity:,.1f} |"
        for name, c in costs.items()
    )
    return Markdown(head + "\n".join(rows))


def layer_table(layers):
    """A network's convolutions, a list of `costs.Layer`: shapes, costs, and which way a composed pair goes."""
    head = "| layer | in | out | weights | M MACs | MB kept | composing | goes |\n|---|---|---|---:|---:|---:|---:|---|\n"
    ways = {None: "one convolution", True: "composed first", False: "in series"}
    rows = (
        f"| {layer.name} | {_size(layer.shape_in)} | {_size(layer.shape_out)} | {layer.cost.weights:,} "
        f"| {layer.cost.macs / 1e6:,.1f} | {layer.cost.saved / 1e6:,.2f} "
        f"| {'' if layer.share is None else f'{100 * layer.share:.3g}%'} | {ways[layer.composes]} |"
        for layer in layers
    )
    return Markdown(head + "\n".join(rows))


def timing_table(timings):
    """Milliseconds of each candidate, `{arm name: costs.Timing}`, and its time over the first one's; quartiles in brackets."""
    head = "| arm | ms | times as long as the first |\n|---|---|---|\n"
    rows = (
        f"| {ARMS[name].label} | {1e3 * t.median:.2f} ({1e3 * t.low:.2f} to {1e3 * t.high:.2f}) "
        f"| {t.ratio:.2f} ({t.ratio_low:.2f} to {t.ratio_high:.2f}) |"
        for name, t in timings.items()
    )
    return Markdown(head + "\n".join(rows))


def _size(shape):
    _, channels, h, w = shape
    return f"{channels} x {h} x {w}"


def _row(run):
    accuracy, seconds, speed = ("-",) * 3
    if run.epochs:
        accuracy = f"{100 * run.accuracy:.1f}"
        seconds = f"{median(e['seconds'] for e in run.epochs):.1f}"
        speed = f"{median(e['images_per_second'] for e in run.epochs):,.0f}"
    epochs = f"{len(run.epochs)}" + ("" if run.finished else f" of {run.recipe['epochs']}, stopped")
    return f"| {ARMS[run.arm].label} | {run.seed} | {run.parameters:,} | {accuracy} | {epochs} | {seconds} | {speed} |"

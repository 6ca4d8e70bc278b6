"""Runs as tables: numbers with as many digits as one run can carry."""

from statistics import median

from IPython.display import Markdown

from lessonlib.arms import ARMS

__all__ = ["race_table"]


def race_table(runs):
    """Each run a row: accuracy of its last finished epoch, median training seconds an epoch, images a second."""
    if not runs:
        return Markdown("No run is there yet.")
    head = "| arm | seed | weights | accuracy, % | epochs | s an epoch | images/s |\n|---|---|---|---|---|---|---|\n"
    sources = "; ".join(sorted({f"{run.data}, tier {run.recipe['name']}, {run.machine}" for run in runs}))
    return Markdown(head + "\n".join(map(_row, runs)) + f"\n\nMeasured on {sources}. One row is one run.")


def _row(run):
    accuracy, seconds, speed = ("-",) * 3
    if run.epochs:
        accuracy = f"{100 * run.accuracy:.1f}"
        seconds = f"{median(e['seconds'] for e in run.epochs):.1f}"
        speed = f"{median(e['images_per_second'] for e in run.epochs):,.0f}"
    epochs = f"{len(run.epochs)}" + ("" if run.finished else f" of {run.recipe['epochs']}, stopped")
    return f"| {ARMS[run.arm].label} | {run.seed} | {run.parameters:,} | {accuracy} | {epochs} | {seconds} | {speed} |"

"""Charts of training: the curves of a race, and the photos it runs on."""

import torch
from matplotlib.figure import Figure

from lessonlib.arms import ARMS
from lessonlib.figures.style import arm_style
from lessonlib.pictures import Picture

__all__ = ["race_chart", "photo_grid"]


def race_chart(runs, epochs, chance, source, valid_n):
    """Training loss by batch and accuracy by epoch of several runs, the live ones too.

    runs: objects with `arm` (a name), `losses` and `epochs`; epochs: how many there will be; source: named under the chart;
    chance: accuracy of guessing; valid_n: size of the validation set, which gives the standard error in the caption.
    """
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    ends = []
    for run in runs:
        style, smooth = arm_style(run.arm), _smooth(run.losses)
        loss.plot(range(1, len(smooth) + 1), smooth, linewidth=1.5, **style)
        right = [100 * epoch["accuracy"] for epoch in run.epochs]
        accuracy.plot(range(1, len(right) + 1), right, marker="o", markersize=4, label=ARMS[run.arm].label, **style)
        if right:
            ends.append((right[-1], len(right), run.arm))
    loss.set(xlabel="training batch", title="training loss, smoothed")
    accuracy.axhline(100 * chance, color="#999999", linewidth=1)
    accuracy.text(0.6, 100 * chance, "guessing", va="bottom", color="#666666", fontsize=8)
    accuracy.set(
        xlabel="epoch", xlim=(0.5, epochs + 0.5), ylim=(0, None), title="validation accuracy, %", xticks=range(1, epochs + 1)
    )
    if runs:
        accuracy.legend(frameon=False, fontsize=8, loc="lower right", handlelength=3.5)
    for axes in (loss, accuracy):
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(
        f"{source}. One run an arm; standard error of an accuracy near one half: {50 / valid_n**0.5:.1f} points.",
        fontsize=8,
        color="#444444",
    )
    words = (
        "; ".join(f"{ARMS[arm].label} {right:.1f}% after epoch {epoch}" for right, epoch, arm in ends)
        or "no epoch finished yet"
    )
    return Picture(figure, f"Two charts of training on {source}: loss by batch and validation accuracy by epoch: {words}.")


def photo_grid(images, titles, source, aspects=None):
    """Photos `(n, 3, h, w)`, uint8 or float in [0, 1], in rows of five with a title each.

    aspects: width over height of each, for whole photos that are kept squeezed into squares.
    """
    aspects = [1.0] * len(images) if aspects is None else aspects
    rows = -(-len(images) // 5)
    figure = Figure(figsize=(7, 1.7 * rows), layout="constrained")
    for axes in figure.subplots(rows, 5).flat:
        axes.axis("off")
    for axes, image, title, aspect in zip(figure.axes, images, titles, aspects):
        axes.imshow(torch.as_tensor(image).permute(1, 2, 0).numpy(), aspect=1 / aspect)
        axes.set_title(title, fontsize=8)
    figure.supxlabel(source, fontsize=8, color="#444444")
    return Picture(figure, f"{len(images)} small pictures, {source}: {', '.join(titles)}.")


def _smooth(losses, memory=0.95):
    """A running mean with fading memory, corrected for its start as in fastai's recorder."""
    smooth, mean = [], 0.0
    for i, loss in enumerate(losses, 1):
        mean = memory * mean + (1 - memory) * loss
        smooth.append(mean / (1 - memory**i))
    return smooth

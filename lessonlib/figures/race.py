"""Charts of training: the curves of a race, and the photos it runs on."""

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lessonlib.arms import ARMS
from lessonlib.figures.labels import DARK, GREY, name_ends
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import arm_style
from lessonlib.training.reference_bands import describe

__all__ = ["race_chart", "photo_grid"]


def race_chart(runs, epochs, chance, source, valid_n, bands=()):
    """Training loss by batch and accuracy by epoch of several runs, the live ones too, named where the curves end.

    runs: objects with `arm` (a name), `losses` and `epochs`; epochs: how many there will be; source: named under the chart;
    chance: accuracy of guessing; valid_n: size of the validation set, which gives the standard error in the caption;
    bands: of earlier runs, from `reference_bands.bands_of`, pale behind the curves.
    """
    figure = Figure(figsize=(11, 4.2))
    figure.add_artist(
        Rectangle((0, 0), 1, 1, color="white", zorder=-1)
    )  # one size, whatever is drawn: nothing below it jumps
    loss, accuracy = (figure.add_axes([left, 0.28, 0.27, 0.63]) for left in (0.03, 0.34))
    for band in bands:
        x, color = range(1, len(band.low) + 1), arm_style(band.arm)["color"]
        accuracy.fill_between(
            x, 100 * band.low, 100 * band.high, color=color, alpha=0.15, linewidth=0
        )
    ends = [("guessing", 100 * chance, {"color": GREY, "linewidth": 1})]
    accuracy.axhline(100 * chance, **ends[0][2])
    for run in runs:
        style, smooth = arm_style(run.arm), _smooth(run.losses)
        loss.plot(range(1, len(smooth) + 1), smooth, linewidth=1.5, **style)
        right = [100 * epoch["accuracy"] for epoch in run.epochs]
        accuracy.plot(range(1, len(right) + 1), right, marker="o", markersize=4, **style)
        label = ARMS[run.arm].label + ("" if right else ", first epoch")
        ends.append((label, right[-1] if right else 100 * chance, style))
    for band in bands:
        if band.arm not in [run.arm for run in runs]:  # not begun, and yet its colour needs a name
            ends.append(
                (
                    f"{ARMS[band.arm].label}, earlier",
                    50 * (band.low[-1] + band.high[-1]),
                    arm_style(band.arm),
                )
            )
    loss.set(xlabel="training batch", title="training loss, smoothed")
    accuracy.set(
        xlabel="epoch", title="validation accuracy, %", xlim=(0.8, epochs + 0.2), ylim=(0, None)
    )
    accuracy.xaxis.get_major_locator().set_params(integer=True)
    for axes in (loss, accuracy):
        axes.spines[["top", "right"]].set_visible(False)
    name_ends(ends, accuracy)
    error = f"{50 / valid_n**0.5:.1f} points is the standard error of an accuracy near one half"
    caption = f"{source}.\nOne run an arm: {error}, which counts only the validation photos.\n{describe(bands)}"
    figure.text(0.03, 0.14, caption, fontsize=9, color=DARK, va="top", linespacing=1.5)
    done = [
        f"{ARMS[r.arm].label} {100 * r.epochs[-1]['accuracy']:.1f}% after epoch {len(r.epochs)}"
        for r in runs
        if r.epochs
    ]
    words = "; ".join(done) or "no epoch finished yet"
    return Picture(
        figure,
        f"Two charts of training on {source}: loss by batch and validation accuracy by epoch: {words}.",
    )


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

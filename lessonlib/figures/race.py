"""Charts of training: the curves of a race, and the photos it runs on."""

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lessonlib.arms import arm_label
from lessonlib.figures.defaults import in_our_style
from lessonlib.figures.labels import DARK, GREY, name_ends
from lessonlib.figures.pictures import Picture
from lessonlib.figures.style import arm_style
from lessonlib.training.reference_bands import describe

__all__ = ["race_chart", "photo_grid"]

COLUMNS = 5  # photos in a row


@in_our_style
def race_chart(runs, epochs, chance, source, valid_n, bands=()):
    """Training loss by batch and accuracy by epoch of several runs, named where the curves end.

    runs: finished or live, objects with `arm` (a name), `losses` and `epochs`;
    epochs: how many there will be; chance: accuracy of guessing; source: named under the chart;
    valid_n: size of the validation set, which gives the standard error in the caption;
    bands: of earlier runs, from `reference_bands.bands_of`, pale behind the curves.
    """
    figure, loss, accuracy = _empty_chart()
    accuracy.axhline(100 * chance, color=GREY, linewidth=1)
    ends = [("guessing", 100 * chance, {"color": GREY, "linewidth": 1})]
    for band in bands:
        _draw_band(accuracy, band)
    for run in runs:
        _draw_loss(loss, run)
        ends.append(_draw_accuracy(accuracy, run, chance))
    drawn = {run.arm for run in runs}
    # an arm that has not begun: its band needs a name all the same
    ends += [_end_of(band) for band in bands if band.arm not in drawn]
    loss.set(xlabel="training batch", title="training loss, smoothed")
    accuracy.set(xlabel="epoch", title="validation accuracy, %")
    accuracy.set(xlim=(0.8, epochs + 0.2), ylim=(0, None))
    accuracy.xaxis.get_major_locator().set_params(integer=True)
    name_ends(ends, accuracy)
    caption = _caption(source, valid_n, bands)
    figure.text(0.03, 0.14, caption, fontsize=9, color=DARK, va="top", linespacing=1.5)
    alt = (
        f"Two charts of training on {source}: loss by batch and validation accuracy by epoch: "
        f"{_results(runs)}."
    )
    return Picture(figure, alt)


@in_our_style
def photo_grid(images, titles, source, aspects=None):
    """Photos `(n, 3, h, w)`, uint8 or float in [0, 1], in rows of five, each under its title.

    aspects: width over height of each, for whole photos that are kept squeezed into squares.
    """
    aspects = [1.0] * len(images) if aspects is None else aspects
    rows = -(-len(images) // COLUMNS)
    figure = Figure(figsize=(7, 1.7 * rows), layout="constrained")
    for axes in figure.subplots(rows, COLUMNS).flat:
        axes.axis("off")
    for axes, image, title, aspect in zip(figure.axes, images, titles, aspects):
        axes.imshow(torch.as_tensor(image).permute(1, 2, 0).numpy(), aspect=1 / aspect)
        axes.set_title(title, fontsize=8)
    figure.supxlabel(source, fontsize=8, color="#444444")
    return Picture(figure, f"{len(images)} small pictures, {source}: {', '.join(titles)}.")


def _empty_chart():
    """A figure of one size, whatever is drawn, so that nothing below it jumps, and its two axes."""
    figure = Figure(figsize=(11, 4.2))
    figure.add_artist(Rectangle((0, 0), 1, 1, color="white", zorder=-1))
    loss, accuracy = (figure.add_axes([left, 0.28, 0.27, 0.63]) for left in (0.03, 0.34))
    for axes in (loss, accuracy):
        axes.spines[["top", "right"]].set_visible(False)
    return figure, loss, accuracy


def _draw_band(axes, band):
    x = range(1, len(band.low) + 1)
    look = {"color": arm_style(band.arm)["color"], "alpha": 0.15, "linewidth": 0}
    axes.fill_between(x, 100 * band.low, 100 * band.high, **look)


def _draw_loss(axes, run):
    smooth = _smooth(run.losses)
    axes.plot(range(1, len(smooth) + 1), smooth, linewidth=1.5, **arm_style(run.arm))


def _draw_accuracy(axes, run, chance):
    """Draw the curve; returns its name, height and style for `name_ends`."""
    style = arm_style(run.arm)
    right = [100 * epoch["accuracy"] for epoch in run.epochs]
    axes.plot(range(1, len(right) + 1), right, marker="o", markersize=4, **style)
    label = arm_label(run.arm)
    if not right:
        return f"{label}, first epoch", 100 * chance, style
    return label, right[-1], style


def _end_of(band):
    """Name, height and style of a band for `name_ends`."""
    middle = 50 * (band.low[-1] + band.high[-1])
    return f"{arm_label(band.arm)}, earlier", middle, arm_style(band.arm)


def _caption(source, valid_n, bands):
    error = f"{50 / valid_n**0.5:.1f} points is the standard error of an accuracy near one half"
    return (
        f"{source}.\nOne run per arm: {error}, which counts only the validation photos.\n"
        f"{describe(bands)}"
    )


def _results(runs):
    """The accuracies so far, in words."""
    done = [
        f"{arm_label(run.arm)} {100 * run.epochs[-1]['accuracy']:.1f}% "
        f"after epoch {len(run.epochs)}"
        for run in runs
        if run.epochs
    ]
    return "; ".join(done) or "no epoch finished yet"


def _smooth(losses, memory=0.95):
    """A running mean with fading memory, corrected for its start as in fastai's recorder."""
    smooth = []
    mean = 0.0
    for i, loss in enumerate(losses, 1):
        mean = memory * mean + (1 - memory) * loss
        smooth.append(mean / (1 - memory**i))
    return smooth

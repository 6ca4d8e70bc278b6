"""The trained pair on notebook 09's page: its layers and numbers for static/network.js, a still."""

import json
from base64 import b64encode
from functools import cache
from pathlib import Path

import torch
from fastai.layers import ResBlock
from torch import nn

from lessonlib.imagewoof.batches import MEAN, STD
from lessonlib.imagewoof.photos import BREEDS
from lessonlib.imagewoof.sources import official_names
from lessonlib.playgrounds.live import with_photos
from lessonlib.sample_photos import SAMPLES, sample_photo
from lessonlib.training.pretrained import SIZE, pretrained_pair

PAGE = "09_train_two_ship_one"
AFTER = "359fe37b"  # the cell that compares the answers of the pair and of the merged
FILE = "pair.js"
SCRIPTS = [f"network/{name}.js" for name in ("numbers", "layers", "merging", "network")]
DIGITS = "no one two three four five six seven eight nine ten".split()

WORDS = {
    "run": "Run both networks",
    "same": "Both answer {breed}. Their ten numbers differ by {difference} at most.",
    "another": "The two answer differently, {breed} and {other}: two numbers were all but equal.",
    "loading": "Fetching the network.",
    "missing": f"The network's numbers, {FILE}, lie beside this page: keep them together.",
}
RECORD = """\
<p>It knows ten breeds of dogs and nothing else, and is small: of {n:,} photos that it had not seen
it got {right:,} right, {share:.0%}. Expect it to be right {often} times in ten.</p>"""


@cache
def layers():
    """(layers as lists, kernels in half precision, other numbers in single), in one order.

    A BatchNorm in eval is a factor and a shift for each channel.
    """
    kernels = []
    vectors = []
    program = _layers(pretrained_pair().model, kernels, vectors)
    return program, torch.cat(kernels), torch.cat(vectors)


def _layers(module, kernels, vectors):
    if isinstance(module, nn.Conv2d):
        kernels.append(module.weight.detach().flatten())
        channels_out, channels_in, k, _ = module.weight.shape
        return [["conv", channels_out, channels_in, k, module.stride[0], module.padding[0]]]
    if isinstance(module, nn.BatchNorm2d):
        scale = module.weight / (module.running_var + module.eps).sqrt()
        vectors.extend([scale.detach(), (module.bias - scale * module.running_mean).detach()])
        return [["norm", len(scale)]]
    if isinstance(module, nn.Linear):
        kernels.append(module.weight.detach().flatten())
        vectors.append(module.bias.detach())
        return [["linear", *module.weight.shape]]
    if isinstance(module, ResBlock):
        path = _layers(module.convpath, kernels, vectors)
        return [["block", path, _layers(module.idpath, kernels, vectors)], ["relu"]]
    if isinstance(module, nn.Sequential):
        return [layer for child in module for layer in _layers(child, kernels, vectors)]
    return [[PLAIN[type(module).__name__]]]


PLAIN = {
    "ReLU": "relu",
    "MaxPool2d": "maxpool",  # 3x3, stride 2
    "AvgPool2d": "avgpool",  # 2x2, stride 2
    "AdaptiveAvgPool2d": "mean",
    "Flatten": "flatten",
}


def script():
    """FILE: the network as a script, since a page opened from the disk may read no other file."""
    program, kernels, vectors = layers()
    network = {
        "layers": program,
        "kernels": _base64(kernels.half()),
        "vectors": _base64(vectors.float()),
    }
    return f"window.trainedPair = {json.dumps(network)};\n"


def _base64(numbers):
    return b64encode(numbers.numpy().tobytes()).decode()


@torch.no_grad()
def logits(photo):
    """What torch's pair gives for one photo, `(3, px, px)` in [0, 1]: `(10,)`."""
    mean, std = (torch.tensor(t).view(3, 1, 1) for t in (MEAN, STD))
    x = (photo.float() - mean) / std
    return pretrained_pair().model(x[None])[0]


def figure():
    """The figure: a table of its answer for the first sample photo, and what its script reads."""
    right = pretrained_pair().correct
    n = sum(name.startswith("val/") for name in official_names())
    often = DIGITS[round(10 * right / n)]
    name = next(iter(SAMPLES))
    shares = logits(sample_photo(name, SIZE.px)).softmax(0).tolist()
    rows = sorted(zip(shares, BREEDS.values()), reverse=True)
    lines = [f"<tr><th scope=row>{breed}</th><td>{share:.1%}</td></tr>" for share, breed in rows]
    state = with_photos("network", SIZE.px, WORDS, breeds=[*BREEDS.values()], file=FILE)
    state |= {"mean": MEAN, "std": STD}
    data = json.dumps(state).replace("<", "\\u003c")
    record = RECORD.format(n=n, right=right, share=right / n, often=often)
    return (
        f"{record}<figure class='lesson-playground' data-live='network' role='group' "
        "aria-label='The pair and the merged network on a photo'>"
        f"<table><caption>The pair's answer for the sample photo of a {name}: it knows dogs only"
        f"</caption>{''.join(lines)}</table>"
        f"<script type='application/json'>{data}</script></figure>"
    )


def add_figure(app, docname, source):
    if docname != PAGE:
        return
    notebook = json.loads(source[0])
    (cell,) = [cell for cell in notebook["cells"] if cell["id"] == AFTER]
    shown = {"output_type": "display_data", "metadata": {}, "data": {"text/html": figure()}}
    cell["outputs"].append(shown)
    source[0] = json.dumps(notebook)


def add_script(app, pagename, templatename, context, doctree):
    if pagename == PAGE:
        for name in SCRIPTS:
            app.add_js_file(name, loading_method="defer", priority=900)  # after play.js


def write_numbers(app, exception):
    if exception is None:
        (Path(app.outdir) / "_static" / "network" / FILE).write_text(script(), encoding="utf-8")


def setup(app):
    app.connect("source-read", add_figure)
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_numbers)

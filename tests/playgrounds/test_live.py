"""The playgrounds that compute in the page, without a browser: what Python hands to the page."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lessonlib.algebra import named_kernels
from lessonlib.kernels import correlate
from lessonlib.playgrounds import kernel_editor, live, photo_picker
from lessonlib.playgrounds.colors import RULES, brightness
from lessonlib.playgrounds.live import SCRIPT
from lessonlib.playgrounds.live.named import PLAYGROUNDS
from lessonlib.playgrounds.receptive_field import paths
from lessonlib.sample_photos import sample_photo


@pytest.mark.parametrize("name", PLAYGROUNDS)
def test_a_notebook_gets_a_live_page_a_still_and_words(name):
    data, metadata = PLAYGROUNDS[name]._repr_mimebundle_()
    assert list(data) == ["text/html", "image/png", "text/plain"]
    assert metadata["lesson"] == {"playground": name}
    assert data["text/plain"] == metadata["image/png"]["alt"] and len(data["text/plain"]) > 30
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).width > 200
    live = data["text/html"]
    assert data["image/png"] in live
    state, script = re.findall(r"<script[^>]*>(.*?)</script>", live, flags=re.S)
    assert script == SCRIPT
    assert json.loads(state) == json.loads(json.dumps(PLAYGROUNDS[name].state()))


def test_the_page_has_each_pixel_of_each_photo_and_each_kernel_with_a_name():
    state = PLAYGROUNDS["kernel"].state()
    levels = np.frombuffer(base64.b64decode(state["photos"]["temple"]), np.uint8)
    photo = torch.tensor(levels).reshape(state["side"], state["side"], 3).permute(2, 0, 1)
    assert torch.equal(photo.double() / 255, sample_photo("temple", state["side"]))
    for size, named in (("3x3", named_kernels.THREE), ("2x2", named_kernels.TWO)):
        held = state["presets"][size]
        assert held == {name: kernel.tolist() for name, kernel in named.items()}


def test_the_script_has_every_file_beside_it_once_in_order():
    folder = Path(live.__file__).parent
    assert sorted(live.FILES) == sorted(path.name for path in folder.glob("*.js"))
    starts = [SCRIPT.index((folder / name).read_text(encoding="utf-8")) for name in live.FILES]
    assert starts == sorted(starts)
    assert "</" not in SCRIPT  # it stands within an element of a page


@pytest.mark.parametrize(
    "name, ours", [("LARGEST", kernel_editor.LARGEST), ("MEGABYTES", photo_picker.LARGEST)]
)
def test_a_limit_is_the_same_in_both_kinds_of_playground(name, ours):
    found = re.search(rf"const {name} = (\d+)", SCRIPT)
    assert float(found[1]) == ours


@pytest.mark.parametrize(
    "kernel, rule",
    [
        (named_kernels.THREE["Sobel"], "cancels"),
        (16 * named_kernels.THREE["Sobel"], "cancels"),
        (torch.full((2, 2), 0.25), "cut"),
        (torch.full((3, 3), 1 / 9, dtype=torch.float64), "cut"),
        (torch.ones(2, 2), "divided"),
        (-torch.ones(2, 2), "negative"),
    ],
)
def test_a_picture_uses_the_range_from_black_to_white(kernel, rule):
    shown, words = brightness(correlate(sample_photo(), kernel.double()), kernel)
    assert words == RULES[rule]
    middle = shown.quantile(torch.tensor([0.1, 0.9], dtype=shown.dtype))
    assert 0 <= middle[0] and middle[1] <= 1
    assert middle[1] - middle[0] > 0.1


@pytest.mark.parametrize(
    "sizes, strides, expected",
    [
        ([2, 2], [1, 1], [1, 2, 1]),
        ([3, 3], [1, 1], [1, 2, 3, 2, 1]),
        ([2, 2], [2, 1], [1, 1, 1, 1]),
        ([1, 2], [3, 1], [1, 0, 0, 1]),
    ],
)
def test_paths_of_a_stack(sizes, strides, expected):
    assert paths(sizes, strides).tolist() == expected

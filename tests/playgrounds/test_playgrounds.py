"""Playgrounds without a browser: set a value as a hand would, and compare the pictures."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import TITLE, pixels, stacked, titled
from lessonlib.kernels import embed
from lessonlib.playgrounds.composition import CompositionPlayground
from lessonlib.playgrounds.kernel import KernelPlayground
from lessonlib.playgrounds.kernel_editor import CELL, KernelEditor, cell_color, kernel_picture
from lessonlib.playgrounds.merging import MergingPlayground
from lessonlib.playgrounds.placement import PlacementPlayground
from lessonlib.playgrounds.receptive_field import ReceptiveFieldPlayground, paths
from lessonlib.sample_photos import read_photo, sample_photo

PLAYGROUNDS = [
    KernelPlayground,
    PlacementPlayground,
    CompositionPlayground,
    ReceptiveFieldPlayground,
    MergingPlayground,
]


def values(png):
    return torch.from_numpy(np.asarray(Image.open(io.BytesIO(png))).copy()).permute(2, 0, 1)


def png_of(color):
    file = io.BytesIO()
    Image.new("RGB", (30, 20), color).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("playground", PLAYGROUNDS)
def test_a_playground_leaves_a_still_picture_with_words(playground):
    box = playground()
    data, metadata = box._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert (
        data["image/png"]
        and data["text/plain"] == metadata["image/png"]["alt"]
        and len(box.alt()) > 30
    )


def test_the_picture_is_the_photo_through_the_kernel():
    box = KernelPlayground()
    assert torch.equal(
        values(box.after.image.value), values(pixels(box.picker.photo[:, 1:-1, 1:-1], 2))
    )  # the identity
    box.preset.value = "Sobel"
    sobel = box.after.image.value
    photo = box.picker.photo
    by_torch = torch.nn.functional.conv2d(photo[:, None], named_kernels.THREE["Sobel"][None, None])[
        :, 0
    ]
    assert torch.equal(values(sobel), values(pixels(0.5 + by_torch / 2, 2)))


def test_a_changed_preset_reads_custom_and_a_typed_preset_its_name():
    box = KernelPlayground()
    box.preset.value = "Prewitt"
    assert torch.equal(box.editor.kernel, named_kernels.THREE["Prewitt"])
    box.editor.cells[3].value = -2
    assert box.preset.value == "custom"
    box.editor.cells[5].value = 2
    assert box.preset.value == "Sobel"


def test_the_2x2_of_the_kernel_playground():
    box = KernelPlayground()
    before = box.after.image.value
    box.size.value = "2x2"
    assert len(box.editor.cells) == 4 and box.after.image.value != before
    box.preset.value = "difference across"
    assert "0 as middle grey" in box.message.value


def thirds(box):
    """The three pictures of the composition playground's strip."""
    strip = values(box.after.image.value)
    assert strip.shape == (3, 160, 3 * 160 + 2 * box.after.GAP)
    return [strip[:, :158, left : left + 158] for left in (0, 166, 332)]


def test_composition_shows_two_equal_routes():
    box = CompositionPlayground()
    assert torch.equal(box.kernel, named_kernels.THREE["Sobel"])
    photo, before = box.before.image.value, thirds(box)
    box.b.cells[1].value = -0.5
    after = thirds(box)
    assert box.before.image.value == photo and not any(map(torch.equal, before, after))
    assert box.preset.value == "custom" and box.difference < 1e-13
    assert (after[1].int() - after[2].int()).abs().max() <= 1  # a rounding apart at most
    assert "-0.5" in box.table.value


def first_input(box):
    """Change something that every playground has: a number field, or else a slider."""
    for owner, attribute in box.inputs():
        if attribute == "kernel":
            return owner.cells[0]
    return box.inputs()[0][0]


@pytest.mark.parametrize("playground", PLAYGROUNDS)
def test_undo_goes_back_step_by_step(playground):
    box = playground()
    field, start, seen = first_input(box), box.still(), [box.still()]
    assert box._undo.disabled
    for value in (3, 4):
        field.value = value
        seen.append(box.still())
    assert len(set(seen)) == 3 and not box._undo.disabled
    box._undo.click()
    assert box.still() == seen[1] and field.value == 3
    box._undo.click()
    assert box.still() == start and box._undo.disabled
    box._undo.click()
    assert box.still() == start


def test_undo_brings_a_photo_and_a_preset_back():
    box = CompositionPlayground()
    start = box.still()
    box.picker.choice.value = "temple"
    box.preset.value = "binomial blur"
    box._undo.click()
    assert box.preset.value == "Sobel" and box.picker.choice.value == "temple"
    box._undo.click()
    assert box.still() == start and box.picker.choice.value == "flower"


@pytest.mark.parametrize("playground", PLAYGROUNDS)
def test_as_code_reproduces_what_is_on_the_screen(playground):
    box = playground()
    first_input(box).value = 3
    box._as_code.value = True
    assert box._code.layout.display == "" and box._code.value == box.code()
    names = {"sample_photo": sample_photo}
    exec(box._code.value, names)
    if playground is CompositionPlayground:
        assert torch.allclose(names["two_steps"], names["one_step"], atol=1e-13)
        assert torch.equal(names["A"], box.kernel)
        assert torch.equal(values(pixels(0.5 + names["one_step"] / 2)), thirds(box)[2])
    elif playground is ReceptiveFieldPlayground:
        assert names["field"] == box.field
    elif playground is MergingPlayground:
        assert torch.equal((names["chain"] - names["merged"])[0, 0].abs() > 1e-10, box.mask)
    else:
        kernel = box.editor.kernel if playground is KernelPlayground else box.kernel
        shown_as = names["y"] / max(1, kernel.sum())
        zoom = 2 if playground is KernelPlayground else 5
        difference = values(pixels(shown_as, zoom)).int() - values(box.after.image.value).int()
        assert difference.abs().max() <= 1


@pytest.mark.parametrize("sizes, strides, expected", [
    ([2, 2], [1, 1], [1, 2, 1]),
    ([3, 3], [1, 1], [1, 2, 3, 2, 1]),
    ([2, 2], [2, 1], [1, 1, 1, 1]),
    ([1, 2], [3, 1], [1, 0, 0, 1]),
])  # fmt: skip
def test_paths_of_a_stack(sizes, strides, expected):
    assert paths(sizes, strides).tolist() == expected


def test_the_stack_says_what_one_output_sees():
    box = ReceptiveFieldPlayground()
    before = box.pane.image.value
    assert (
        "sees 3 pixels a side; 64 pixels become 64" in box.message.value
        and "8 weights" in box.message.value
    )
    box.sizes[0].value, box.sizes[1].value = 3, 3
    assert (
        "sees 5 pixels" in box.message.value
        and "18 weights per channel, the one kernel that does the same has 25" in box.message.value
    )
    box.strides[0].value = 2
    assert (
        box.field == 7
        and "64 pixels become 32" in box.message.value
        and box.pane.image.value != before
    )
    for slider in (*box.sizes, *box.strides):
        slider.value = slider.max  # larger than the row: shown as far as it goes
    assert box.field > 64


@pytest.mark.parametrize("name", sorted(named_kernels.PAIRS))
def test_every_pair_can_be_chosen(name):
    box = CompositionPlayground()
    box.preset.value = name
    assert box.preset.value == name and torch.equal(box.b.kernel, named_kernels.PAIRS[name][0])


@pytest.mark.parametrize("name", sorted(named_kernels.PAIRS_OF_THREE))
def test_two_3x3_compose_to_a_named_5x5(name):
    box = CompositionPlayground(named_kernels.PAIRS_OF_THREE)
    box.preset.value = name
    blur = torch.tensor([1.0, 4, 6, 4, 1], dtype=torch.float64)
    wanted = {
        "identity": embed(named_kernels.THREE["identity"], 5, 1, 1),
        "binomial blur": torch.outer(blur, blur) / 256,
        "box blur": torch.full((5, 5), 1 / 25, dtype=torch.float64),
        "Sobel": torch.outer(blur, torch.tensor([-1.0, -2, 0, 2, 1], dtype=torch.float64)),
    }
    assert box.preset.value == name and box.kernel.shape == (5, 5) and box.difference < 1e-12
    torch.testing.assert_close(box.kernel, wanted.get(name, box.kernel))
    assert box.kernel.sum().abs() < 1e-12 or name not in ("Sobel", "blurred Laplacian")


def test_placement_drifts_by_half_a_pixel_a_layer():
    box = PlacementPlayground()
    assert "0.5 pixel down and 0.5 right" in box.message.value
    before = box.after.image.value
    box.layers.value = 4
    assert "2 pixels down and 2 right" in box.message.value and box.after.image.value != before
    box.place.value = "bottom right"
    assert "2 pixels up and 2 left" in box.message.value
    assert torch.equal(box.kernel[1:, 1:], box.editor.kernel)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e308, -100.0])
def test_a_bad_number_is_answered_and_the_last_good_one_is_back(bad):
    box = CompositionPlayground()
    kernel, picture = box.kernel, box.after.image.value
    box.b.cells[2].value = bad
    assert (
        "finite number between -99 and 99" in box.message.value
        and "The last good value, 1, is back." in box.message.value
    )
    assert (
        box.b.cells[2].value == 1
        and torch.equal(box.kernel, kernel)
        and box.after.image.value == picture
    )
    box.b.cells[2].value = 2  # and goes on
    assert not torch.equal(box.kernel, kernel)


@pytest.mark.parametrize(
    "kernel, sentence",
    [
        ([["a", 1], [0, 0]], "numbers only"),
        ([[1, 2, 3]], "square"),
        ([[1, 2], [3]], "numbers only"),
        (torch.zeros(3, 3), "is 2x2, these values are 3x3"),
        ([[float("nan"), 0], [0, 0]], "finite"),
    ],
)
def test_a_bad_kernel_is_refused_and_the_old_one_kept(kernel, sentence):
    editor = KernelEditor([[1, 2], [3, 4]], "B", lambda _: None, print)
    with pytest.raises(ValueError, match=sentence):
        editor.kernel = kernel
    assert editor.kernel.tolist() == [[1, 2], [3, 4]]


def test_an_uploaded_photo_and_a_file_that_is_none():
    box = KernelPlayground()
    box.picker._uploaded(
        {"new": ({"name": "blue.png", "content": memoryview(png_of((0, 0, 255)))},)}
    )  # ipywidgets 8
    assert box.picker.photo[2].min() == 1 and box.picker.photo[0].max() == 0
    blue = box.before.image.value
    box.picker._uploaded({"new": {"a.txt": {"content": b"no photo"}}})  # ipywidgets 7
    assert "not a picture" in box.message.value and box.before.image.value == blue
    box.picker._uploaded({"new": {"red.png": {"content": png_of((255, 0, 0))}}})
    assert box.picker.photo[0].min() == 1


def test_the_same_photo_can_be_uploaded_again_after_an_undo():
    box, content = KernelPlayground(), png_of((0, 0, 255))
    flower, upload = box.before.image.value, box.picker.upload
    for _ in range(2):
        if upload.has_trait("_counter"):  # what the browser sends in ipywidgets 7, and in 8
            upload.set_state(
                {"metadata": [{"name": "blue.png"}], "data": [memoryview(content)], "_counter": 1}
            )
        else:
            file = {
                "name": "blue.png",
                "type": "image/png",
                "size": len(content),
                "last_modified": 0,
            }
            upload.set_state({"value": [file | {"content": memoryview(content)}]})
        assert box.picker.photo[2].min() == 1 and box.before.image.value != flower
        box.undo()
        assert box.before.image.value == flower


def test_photos():
    assert sample_photo("temple", 32).shape == (3, 32, 32)
    file = io.BytesIO()
    Image.fromarray(load_sample_image("flower.jpg")).save(
        file, "PNG"
    )  # the same pixels as through scikit-learn's own door
    assert torch.equal(sample_photo("flower", 32), read_photo(file.getvalue(), 32))
    with pytest.raises(ValueError, match="no sample photo 'dog'; choose one of flower, temple"):
        sample_photo("dog")
    with pytest.raises(ValueError, match="choose a JPEG or a PNG"):
        read_photo(b"")


def test_a_kernel_is_a_picture_of_its_entries_under_its_name():
    kernel = torch.tensor([[1.0, -2], [0, 2]], dtype=torch.float64)
    image = Image.open(io.BytesIO(kernel_picture(kernel, "B")))
    assert image.size == (2 * CELL[0], 2 * CELL[1] + TITLE)
    for (i, j), color in {(0, 0): 0.5, (0, 1): -1, (1, 0): 0, (1, 1): 1}.items():
        found = image.getpixel((CELL[0] * j + 4, TITLE + CELL[1] * i + 4))
        assert "#" + "".join(f"{part:02x}" for part in found) == cell_color(color)
    assert (
        image.crop((0, 0, 20, TITLE)).convert("L").getextrema()[0] < 60
    )  # the name is written in dark letters
    assert (
        kernel_picture(kernel, "B") != kernel_picture(kernel, "C") != kernel_picture(-kernel, "C")
    )


def test_titles_stand_over_their_pictures_and_make_room_for_long_words():
    png = pixels(torch.full((3, 30, 50), 0.5))
    plain, wide = (
        Image.open(io.BytesIO(titled(png, {0: words})))
        for words in ("x", "a title of many more words")
    )
    assert plain.size == (50, 30 + TITLE) and wide.height == 30 + TITLE and wide.width > 100
    assert plain.crop((0, TITLE, 50, 30 + TITLE)).getcolors() == [(1500, (128, 128, 128))]
    two = Image.open(io.BytesIO(stacked([png, titled(png, {0: "x"})], gap=5)))
    assert two.size == (50, 30 + 5 + 30 + TITLE)

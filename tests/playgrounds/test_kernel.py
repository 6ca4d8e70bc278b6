"""The kernel playground without a browser, and the photo picker that it has."""

import torch
from torch.nn.functional import conv2d

from helpers.playgrounds import furthest, png_of, run_code, values
from lessonlib.algebra import named_kernels
from lessonlib.figures.pictures import pixels
from lessonlib.playgrounds.kernel import KernelPlayground


def test_the_picture_is_the_photo_through_the_kernel():
    box = KernelPlayground()
    photo = box.picker.photo
    unchanged = pixels(photo[:, 1:-1, 1:-1], 2)  # the identity
    assert torch.equal(values(box.after.image.value), values(unchanged))
    box.preset.value = "Sobel"
    by_torch = conv2d(photo[:, None], named_kernels.THREE["Sobel"][None, None])[:, 0]
    assert torch.equal(values(box.after.image.value), values(pixels(0.5 + by_torch / 2, 2)))


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
    assert len(box.editor.cells) == 4
    assert box.after.image.value != before
    box.preset.value = "difference across"
    assert "0 as middle grey" in box.message.value


def test_the_code_gives_the_same_picture():
    box = KernelPlayground()
    box.editor.cells[0].value = 3
    seen = run_code(box)["y"] / max(1, box.editor.kernel.sum())
    assert furthest(pixels(seen, 2), box.after.image.value) <= 1


def test_a_photo_and_a_file_that_is_not_one_are_uploaded():
    box = KernelPlayground()
    file = {"name": "blue.png", "content": memoryview(png_of((0, 0, 255)))}
    box.picker._uploaded({"new": (file,)})  # ipywidgets 8
    assert box.picker.photo[2].min() == 1 and box.picker.photo[0].max() == 0
    blue = box.before.image.value
    box.picker._uploaded({"new": {"a.txt": {"content": b"no photo"}}})  # ipywidgets 7
    assert "not a picture" in box.message.value
    assert box.before.image.value == blue
    box.picker._uploaded({"new": {"red.png": {"content": png_of((255, 0, 0))}}})
    assert box.picker.photo[0].min() == 1


def uploaded_state(upload, content):
    """What the browser sends, in ipywidgets 7 or 8."""
    if upload.has_trait("_counter"):
        return {"metadata": [{"name": "blue.png"}], "data": [content], "_counter": 1}
    file = {"name": "blue.png", "type": "image/png", "last_modified": 0}
    return {"value": [file | {"size": len(content), "content": content}]}


def test_the_same_photo_can_be_uploaded_again_after_an_undo():
    box = KernelPlayground()
    flower = box.before.image.value
    upload = box.picker.upload
    for _ in range(2):
        upload.set_state(uploaded_state(upload, memoryview(png_of((0, 0, 255)))))
        assert box.picker.photo[2].min() == 1
        assert box.before.image.value != flower
        box.undo()
        assert box.before.image.value == flower

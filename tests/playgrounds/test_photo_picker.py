"""The photo picker, in the factoring playground that has it."""

import pytest

from helpers.playgrounds import message_of, png_of
from lessonlib.playgrounds.factoring import FactoringPlayground


def test_a_photo_and_a_file_that_is_not_one_are_uploaded():
    box = FactoringPlayground()
    file = {"name": "blue.png", "content": memoryview(png_of((0, 0, 255)))}
    box.picker._uploaded({"new": (file,)})  # ipywidgets 8
    blue = box.picker.photo
    assert blue[2].min() == 1 and blue[0].max() == 0
    box.picker._uploaded({"new": {"a.txt": {"content": b"no photo"}}})  # ipywidgets 7
    assert "not a picture" in message_of(box)
    assert box.picker.photo is blue
    box.picker._uploaded({"new": {"red.png": {"content": png_of((255, 0, 0))}}})
    assert box.picker.photo[0].min() == 1


def uploaded_state(upload, content):
    """What the browser sends, in ipywidgets 7 or 8."""
    if upload.has_trait("_counter"):
        return {"metadata": [{"name": "blue.png"}], "data": [content], "_counter": 1}
    file = {"name": "blue.png", "type": "image/png", "last_modified": 0}
    return {"value": [file | {"size": len(content), "content": content}]}


def test_the_same_photo_can_be_uploaded_again_after_an_undo():
    box = FactoringPlayground()
    flower = box.picker.photo
    upload = box.picker.upload
    for _ in range(2):
        upload.set_state(uploaded_state(upload, memoryview(png_of((0, 0, 255)))))
        assert box.picker.photo[2].min() == 1
        box.undo()
        assert box.picker.photo is flower


@pytest.mark.parametrize("choice", ["temple", "your own"])
def test_the_code_runs_as_it_is_shown(choice, tmp_path, monkeypatch):
    box = FactoringPlayground()
    if choice == "temple":
        box.picker.choice.value = choice
    else:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "your own photo.jpg").write_bytes(png_of((0, 0, 255)))
        box.picker._uploaded({"new": {"blue.png": {"content": png_of((0, 0, 255))}}})
    names = {}
    exec(box.code(), names)
    assert names["x"].equal(box.picker.photo)

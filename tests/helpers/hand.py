"""What a learner's hand and eye do with a playground: find it, type, press, look whether its
pictures are others."""

import io

from PIL import Image

from lessonlib.playgrounds.base import REST

# of a slider: ipywidgets 8, ipywidgets 7, computed in the page
HANDLE = ".noUi-handle, .ui-slider-handle, input[type=range]"
FIELD = (
    ".widget-gridbox input, input.lesson-cell"  # with a number: ipywidgets, computed in the page
)
# JupyterLab, classic Notebook, computed in the page
OUTPUT = ".jp-OutputArea-output .widget-vbox, .output_subarea .widget-vbox, .lesson-playground"
# a picture: drawn by Python, painted in the page, drawn in the page
PICTURE = "img, canvas, .lesson-field svg"
# what each picture shows; an address alone would also be another where the picture is the same,
# or broken
DRAWN = (
    f"box => [...box.querySelectorAll('{PICTURE}')]"
    + """.map(image => {
    if (image.tagName === 'svg') return image.outerHTML;
    if (image.tagName === 'CANVAS') return image.toDataURL();
    if (!image.complete || !image.naturalWidth) return null;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL(); })"""
)


def box_with(page, text):
    """The live playground that shows `text`."""
    box = page.locator(OUTPUT).filter(has_text=text).first
    box.scroll_into_view_if_needed()
    box.locator(PICTURE).first.wait_for()
    return box


# pastes the text where the cursor stands
PASTE = """(cell, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', text);
    cell.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })); }"""


def until(where, condition, value=None):
    """Wait until `condition(element, value)` holds: a picture, a table and a menu arrive one after
    the other."""
    arg = [where.element_handle(), value]
    where.page.wait_for_function(
        f"([element, value]) => ({condition})(element, value)", arg=arg, polling=100
    )


def pictures(box):
    """The pixels of a playground's pictures, once all are drawn."""
    until(box, f"box => ({DRAWN})(box).every(Boolean)")
    return box.evaluate(DRAWN)


def changed(box, before, which=None):
    """Wait until a picture is another than `before`, or that one; gives them all."""
    until(
        box,
        f"(box, [before, which]) => ({DRAWN})(box).some((now, i) => now && now !== before[i] && (which ?? i) === i)",
        [before, which],
    )
    # until the last of several pictures has followed; and what Python hears sooner than that after a
    # change belongs to the same step of Undo
    is_drawn_by_python = box.evaluate("box => box.matches('.widget-vbox')")
    box.page.wait_for_timeout(1000 * REST + 200 if is_drawn_by_python else 100)
    return pictures(box)


def says(box, text):
    until(box, "(box, text) => box.innerText.includes(text)", text)


def press(box, name):
    """Press the button and wait for another picture; gives them all."""
    before = pictures(box)
    box.get_by_role("button", name=name).click()
    return changed(box, before)


def key(control, name):
    """Press a key on a control: a slider's handle, a button, a box to tick."""
    control.focus()
    control.press(name)


def key_and_undo(box, control, name, then="", at_first=""):
    """A key changes the pictures and the words from `at_first` to `then`; *Undo* brings both back."""
    before = pictures(box)
    says(box, at_first)
    key(control, name)
    changed(box, before)
    says(box, then)
    assert press(box, "Undo") == before
    says(box, at_first)


def choose_file(box, name, content):
    with box.page.expect_file_chooser() as chooser:
        box.get_by_role("button", name="your own").click()
    chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})


def of_100_megapixels():
    file = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG")
    return file.getvalue()


def a_photo():
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return file.getvalue()

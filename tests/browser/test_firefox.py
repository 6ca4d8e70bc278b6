"""The site in Firefox, read from the disk: formulas, playgrounds under the keys, at two widths."""

import pytest

pytest.importorskip("websocket", reason="Firefox is driven by a socket: websocket-client")
from helpers.firefox import FIREFOX, a_firefox  # noqa: E402

UP = "\ue013"  # the arrow key in WebDriver
CELL = "document.querySelector('.lesson-playground input.lesson-cell')"
# what the first playground with a number shows
SHOWN = f"""(() => {{
    const playground = {CELL}.closest('.lesson-playground');
    const canvases = [...playground.querySelectorAll('canvas')].map(each => each.toDataURL());
    const cells = [...playground.querySelectorAll('.lesson-cell')];
    return [...canvases, ...cells.map(cell => cell.style.background + cell.textContent)];
}})()"""
WIDTHS = (1400, 390)


@pytest.fixture(scope="module")
def firefox():
    if FIREFOX is None:
        pytest.skip("no Firefox on this machine")
    with a_firefox() as firefox:
        yield firefox


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["index", "01_kernels_and_padding", "02_two_make_one"])
def test_a_page_is_set_and_its_playground_moves(firefox, site, name, width):
    firefox.resize(width, 900)
    firefox.goto((site / f"{name}.html").as_uri())
    firefox.evaluate("window.MathJax?.startup?.promise")
    formulas = firefox.evaluate("document.querySelectorAll('.math').length")
    assert formulas or name == "index"
    assert firefox.evaluate("document.querySelectorAll('.math > mjx-container').length") == formulas
    assert firefox.evaluate("document.querySelectorAll('[data-mml-node=merror]').length") == 0
    assert firefox.evaluate("document.documentElement.scrollWidth <= innerWidth")

    before = firefox.evaluate(SHOWN)
    value = firefox.evaluate(f"Number({CELL}.value)")
    firefox.evaluate(f"{CELL}.focus()")
    firefox.press(UP)
    assert firefox.evaluate(f"Number({CELL}.value)") == value + 0.25
    assert firefox.evaluate(SHOWN) != before
    assert firefox.errors == []
    assert [url for url in firefox.asked if not url.startswith(("file:", "data:", "blob:"))] == []

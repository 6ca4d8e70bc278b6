"""From key press to changed picture in headless Chromium, and what a dragged frame costs the page.

In one JupyterLab, in turns, the same three pictures of a composition: the playground, which computes
in the page; widgets whose pictures Python computes, as this lesson had them before; ipywidgets'
`interact` with inline matplotlib. Then again with 100 ms more for each round trip to the kernel.
Then the playground alone in a page from the disk. Prints medians and their ratios. Run it with
`make bench`, on a machine that does nothing else.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

import nbformat
from playwright.sync_api import sync_playwright

from lessonlib.playgrounds.composition import CompositionPlayground
from lessonlib.playgrounds.live import SCRIPT, html

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.live_lab import live, open_notebook, run_all  # noqa: E402
from helpers.serving import CHROMIUM, FLAGS  # noqa: E402

ROUNDS = 20
WARM_UP = 2
FRAMES = 60
OURS = (
    "from lessonlib.playgrounds.composition import CompositionPlayground\n\nCompositionPlayground()"
)
WIDGETS = """import torch
from ipywidgets import FloatText, HTML, VBox
from lessonlib.kernels import compose, correlate
from lessonlib.playgrounds.panes import Strip
from lessonlib.sample_photos import sample_photo

photo = sample_photo("flower", 120)
C = torch.tensor([[-1.0, 1], [-1, 1]], dtype=torch.float64)
fields = [FloatText(1.0) for _ in range(4)]
strip = Strip(["after B", "after B, then C", "after A alone"], "", 120)
line = HTML()

def draw(_=None):
    B = torch.tensor([field.value for field in fields], dtype=torch.float64).view(2, 2)
    after_b = correlate(photo, B)
    pictures = after_b, correlate(after_b, C), correlate(photo, compose(B, C))
    strip.show([0.5 + picture / 2 for picture in pictures])
    line.value = f"Largest difference: {(pictures[1] - pictures[2]).abs().max().item():.1e}"

for field in fields:
    field.observe(draw, "value")
draw()
VBox([*fields, strip, line])"""
THEIRS = """import matplotlib.pyplot as plt
import torch
from ipywidgets import FloatText, interact
from lessonlib.kernels import compose, correlate
from lessonlib.sample_photos import sample_photo

photo = sample_photo("flower", 120)
C = torch.tensor([[-1.0, 1], [-1, 1]], dtype=torch.float64)

@interact(b00=FloatText(1.0), b01=FloatText(1.0), b10=FloatText(1.0), b11=FloatText(1.0))
def show(b00, b01, b10, b11):
    B = torch.tensor([[b00, b01], [b10, b11]], dtype=torch.float64)
    after_b = correlate(photo, B)
    pictures = after_b, correlate(after_b, C), correlate(photo, compose(B, C))
    _, row = plt.subplots(1, 3, figsize=(7, 2.4))
    for axes, picture in zip(row, pictures):
        axes.imshow((0.5 + picture / 2).clamp(0, 1).permute(1, 2, 0))
        axes.axis("off")
    plt.show()"""
NAMES = ("in the page", "widgets", "interact")
# Type a value into the first field of a cell's output, as the hand does, and wait for another last
# picture: milliseconds until the frame that shows it.
PRESS = """([cell, value]) => new Promise(done => {
    const out = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[cell];
    const lastPicture = () => {
        const all = out.querySelectorAll('.jp-OutputArea img, .jp-OutputArea canvas');
        const last = all[all.length - 1];
        return last?.src ?? last?.toDataURL();
    };
    const field = out.querySelector('input[type=number], input.lesson-cell');
    const before = lastPicture();
    const start = performance.now();
    const look = () => {
        const now = lastPicture();
        if (now && now !== before) done(performance.now() - start);
        else requestAnimationFrame(look);
    };
    field.value = value;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    field.dispatchEvent(new Event('change', {bubbles: true}));
    field.dispatchEvent(new Event('blur'));
    requestAnimationFrame(look);
})"""
# what goes to the kernel and what comes from it, each later by window.later milliseconds
LATER = """const Plain = WebSocket;
window.later = 0;
window.WebSocket = class extends Plain {
    send(data) { setTimeout(() => super.send(data), window.later); }
    get onmessage() { return super.onmessage; }
    set onmessage(hear) {
        super.onmessage = event => setTimeout(() => hear.call(this, event), window.later);
    }
};"""
ALIVE = """new MutationObserver(() => {
    if (document.querySelector('.lesson-playground[data-live]')) window.alive ??= performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true});"""


def write_notebook(root):
    kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [nbformat.v4.new_code_cell(code) for code in (OURS, WIDGETS, THEIRS)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    (root / "notebooks").mkdir()
    nbformat.write(notebook, root / "notebooks" / "bench.ipynb")


def press(page):
    """Milliseconds of each round, for each of NAMES."""
    times = []
    for i in range(ROUNDS + WARM_UP):
        value = str(0.5 + i / 100)
        times.append([page.evaluate(PRESS, [cell, value]) for cell in range(len(NAMES))])
    return times[WARM_UP:]


def in_lab(browser):
    root = Path(tempfile.mkdtemp())
    write_notebook(root)
    with live(root) as lab:
        page = browser.new_page()
        page.add_init_script(LATER)
        open_notebook(page, lab, "bench")
        run_all(page)
        last = page.locator(".jp-CodeCell").nth(2)
        last.locator(".jp-OutputArea img").first.wait_for(timeout=120_000)
        for milliseconds in (0, 100):
            page.evaluate("each => { window.later = each; }", milliseconds / 2)
            tell(milliseconds, press(page))
        page.close()


def tell(milliseconds, times):
    medians = [median(column) for column in zip(*times)]
    shown = ", ".join(f"{name} {ms:.0f} ms" for name, ms in zip(NAMES, medians))
    print(f"key press to changed picture, {milliseconds} ms more to the kernel and back, median "
          f"of {ROUNDS}: {shown}")  # fmt: skip
    for n in (1, 2):
        ratios = sorted(row[n] / row[0] for row in times)
        print(
            f"{NAMES[n]} / in the page, round by round: median {median(ratios):.1f}, "
            f"from {ratios[0]:.1f} to {ratios[-1]:.1f}"
        )


def from_the_disk(browser):
    playground = CompositionPlayground()
    state = playground.state()
    element = html(state, playground.still(), playground.alt())
    file = Path(tempfile.mkdtemp()) / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{element}<script>{SCRIPT}</script>")
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.add_init_script(ALIVE)
    page.goto(file.as_uri())
    page.wait_for_function("() => window.alive")
    loaded = page.evaluate("() => performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"playable {page.evaluate('window.alive') - loaded:.0f} ms after the page's load event")
    print(f"CPU of the page's main thread for a dragged frame: {dragged(page):.1f} ms")
    page.close()
    photos = sum(map(len, state["photos"].values()))
    words = len(html(state, b"", "")) - photos
    print(f"script {len(SCRIPT.encode()):,} bytes, a playground without photos {words:,} more")


def dragged(page):
    """Milliseconds of tasks in the page per frame, while a number is dragged by one step a frame."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy():
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    place = page.locator("input.lesson-cell").first.bounding_box()
    page.mouse.move(place["x"] + 20, place["y"] + 20)
    page.mouse.down()
    before = busy()
    for frame in range(FRAMES):
        page.mouse.move(place["x"] + 30 + 10 * frame, place["y"] + 20)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    spent = busy() - before
    page.mouse.up()
    return 1000 * spent / FRAMES


def main():
    if CHROMIUM is None:
        sys.exit("This benchmark needs chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        from_the_disk(browser)
        in_lab(browser)
        browser.close()


if __name__ == "__main__":
    main()

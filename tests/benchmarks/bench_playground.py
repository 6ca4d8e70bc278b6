"""From key press to changed picture in headless Chromium, for a playground and for `interact`.

The composition playground against ipywidgets' `interact` with inline matplotlib. Both show the same
pictures of the same photo, in the same JupyterLab, in turns. Prints medians and their ratio.
Run it with `make bench`.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import nbformat
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.live_lab import live, open_notebook, run_all  # noqa: E402
from helpers.serving import CHROMIUM, FLAGS  # noqa: E402

ROUNDS = 30
WARM_UP = 2
OURS = (
    "from lessonlib.playgrounds.composition import CompositionPlayground\n\nCompositionPlayground()"
)
THEIRS = """import matplotlib.pyplot as plt
import torch
from ipywidgets import FloatText, interact
from lessonlib.kernels import compose, correlate
from lessonlib.sample_photos import sample_photo

photo = sample_photo("flower", 160)
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
# Type a value into the first number field of a cell's output, wait for another last picture.
PRESS = """([cell, value]) => new Promise(done => {
    const out = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[cell];
    const lastPicture = () => {
        const all = out.querySelectorAll('.jp-OutputArea img');
        return all[all.length - 1]?.src;
    };
    const field = out.querySelector('input[type=number]');
    const before = lastPicture();
    const start = performance.now();
    const observer = new MutationObserver(() => {
        const now = lastPicture();
        if (now && now !== before) {
            observer.disconnect();
            requestAnimationFrame(() => done(performance.now() - start));
        }
    });
    observer.observe(out, {subtree: true, childList: true, attributes: true});
    field.value = value;
    field.dispatchEvent(new Event('input', {bubbles: true}));
    field.dispatchEvent(new Event('change', {bubbles: true}));
})"""


def kernel_side():
    """Median milliseconds in the Python kernel from a changed number to the new pictures' bytes."""
    from lessonlib.playgrounds.composition import CompositionPlayground

    box = CompositionPlayground()
    times = []
    for i in range(ROUNDS):
        start = time.perf_counter()
        box.b.cells[0].value = 0.5 + i / 100
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


def write_notebook(root):
    kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cells = [nbformat.v4.new_code_cell(code) for code in (OURS, THEIRS)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    (root / "notebooks").mkdir()
    nbformat.write(notebook, root / "notebooks" / "bench.ipynb")


def press(page):
    """Milliseconds of each round, as (ours, theirs)."""
    times = []
    for i in range(ROUNDS + WARM_UP):
        value = str(0.5 + i / 100)
        ours = page.evaluate(PRESS, [0, value])
        theirs = page.evaluate(PRESS, [1, value])
        times.append((ours, theirs))
    return times[WARM_UP:]


def main():
    if CHROMIUM is None:
        sys.exit("This benchmark needs chromium.")
    root = Path(tempfile.mkdtemp())
    write_notebook(root)
    with live(root) as lab, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page()
        open_notebook(page, lab, "bench")
        run_all(page)
        theirs = page.locator(".jp-CodeCell").nth(1)
        theirs.locator(".jp-OutputArea img").first.wait_for(timeout=60_000)
        times = press(page)
    ours, theirs = (median(column) for column in zip(*times))
    ratios = sorted(b / a for a, b in times)
    print(
        f"key press to changed picture, median of {ROUNDS}: "
        f"playground {ours:.0f} ms, interact {theirs:.0f} ms"
    )
    print(
        f"interact / playground, pair by pair: median {median(ratios):.1f}, "
        f"from {ratios[0]:.1f} to {ratios[-1]:.1f}"
    )
    print(f"kernel side of the playground, median of {ROUNDS}: {kernel_side():.1f} ms")


if __name__ == "__main__":
    main()

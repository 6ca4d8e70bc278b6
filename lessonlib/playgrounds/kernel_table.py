"""A kernel as a coloured table, as a picture of that table, and as a line of torch."""

import html
import io

from PIL import Image, ImageDraw, ImageFont

from lessonlib.figures.pictures import titled
from lessonlib.figures.style import entry_color

__all__ = ["kernel_code", "kernel_picture", "kernel_table"]

CELL = 58, 30  # pixels, across and down, of an entry in a picture
CELL_STYLE = "width:68px;height:28px;text-align:right;padding-right:6px;color:#111;background:"
TABLE_STYLE = "border-spacing:3px;border-collapse:separate"


def kernel_code(name, kernel):
    """The line of torch that makes this kernel."""
    rows = [", ".join(map("{:.17g}".format, row)) for row in kernel.tolist()]
    return f"{name} = torch.tensor([[{'], ['.join(rows)}]], dtype=torch.float64)"


def kernel_table(kernel, name):
    """A kernel `(kh, kw)` as an HTML table, blue for positive and orange for negative entries."""
    largest = kernel.abs().max().item() or 1.0
    title = html.escape(name)
    rows = "".join(_table_row(row, largest) for row in kernel.tolist())
    return f'<div>{title}</div><table aria-label="{title}" style="{TABLE_STYLE}">{rows}</table>'


def kernel_picture(kernel, name):
    """The same table as PNG bytes, for the still picture of a playground."""
    largest = kernel.abs().max().item() or 1.0
    rows, columns = kernel.shape
    page = Image.new("RGB", (CELL[0] * columns, CELL[1] * rows), "white")
    draw = ImageDraw.Draw(page)
    draw.font = ImageFont.load_default(13)
    for i, row in enumerate(kernel.tolist()):
        for j, value in enumerate(row):
            _draw_cell(draw, CELL[0] * j, CELL[1] * i, value, entry_color(value / largest))
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return titled(buffer.getvalue(), {0: name})


def _table_row(row, largest):
    cells = (
        f'<td style="{CELL_STYLE}{entry_color(value / largest)}">{value:.3g}</td>' for value in row
    )
    return f"<tr>{''.join(cells)}</tr>"


def _draw_cell(draw, left, top, value, color):
    width, height = CELL
    draw.rectangle((left, top, left + width - 3, top + height - 3), color, "#bbbbbb")
    place = (left + width - 8, top + height / 2 - 1)
    draw.text(place, f"{value:.3g}", "#111111", anchor="rm")

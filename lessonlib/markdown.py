"""Tables as Markdown text."""

__all__ = ["markdown_table"]


def markdown_table(head, rows, right=()):
    """A Markdown table as a string; head: the column names, rows: lists with a cell for each.

    right: the names of the columns to align right, as numbers are.
    """
    rule = "|".join("---:" if name in right else "---" for name in head)
    return "\n".join([_line(head), f"|{rule}|", *map(_line, rows)])


def _line(cells):
    return f"| {' | '.join(map(str, cells))} |"

"""Answers to the checkers of placement: a 2x2 inside a 3x3, the padding, the shifts."""

from helpers.checkers import checker_tests
from lessonlib.exercises import placement
from lessonlib.exercises.placement import check_embed, check_padding, check_shift
from lessonlib.kernels import embed


def embed_from_the_bottom_right(kernel, size, row, col):
    last = size - len(kernel)
    return embed(kernel, size, last - row, last - col)


def moved(shift):
    """(down, right): the sum over the layers, `shift` of a row or of a column."""

    def answer(places):
        down = sum(shift(row) for row, _ in places)
        return down, sum(shift(col) for _, col in places)

    return answer


TestCheckers = checker_tests(
    placement,
    {
        check_embed: [embed],
        check_padding: [lambda row, col: [1 - col, col, 1 - row, row]],
        check_shift: [lambda places: list(moved(lambda at: 0.5 - at)(places))],
    },
    {
        check_embed: {
            "Row and column are exchanged": lambda k, size, row, col: embed(k, size, col, row),
            "from the bottom right": embed_from_the_bottom_right,
            "you flip the kernel": lambda k, *place: embed(k.flip(0, 1), *place),
        },
        check_padding: {
            "The padding is on the wrong side": lambda row, col: (col, 1 - col, row, 1 - row),
            "Rows and columns are exchanged": lambda row, col: (1 - row, row, 1 - col, col),
            "the same for every input": lambda row, col: (1, 0, 1, 0),
            "it has to be (1, 0, 1, 0)": lambda row, col: (1 - col, col),
        },
        check_shift: {
            "Reversed: a 2x2 at the top left": moved(lambda at: at - 0.5),
            "Twice too much": moved(lambda at: 1 - 2 * at),
            "Down and right are exchanged": lambda places: moved(lambda at: 0.5 - at)(places)[::-1],
            "You only count the layers": lambda places: (len(places) / 2, len(places) / 2),
            "You take only the last layer": (
                lambda places: (0.5 - places[-1][0], 0.5 - places[-1][1])
            ),
        },
    },
)

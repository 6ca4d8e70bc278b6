"""symbolic.py against torch: the derived equations must give the kernel that conv2d confirms."""

import pytest
import sympy
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lessonlib.algebra import symbolic

number = st.integers(-5, 5)
two_by_two = st.lists(number, min_size=4, max_size=4).map(lambda v: sympy.Matrix(2, 2, v))


def tensor(matrix):
    return torch.tensor(matrix.tolist(), dtype=torch.float64)[None, None]


@settings(max_examples=25)
@given(two_by_two, two_by_two, st.lists(number, min_size=9, max_size=9))
def test_the_nine_equations_give_what_conv2d_gives(b, c, pixels):
    letters = list(symbolic.symbol_kernel("b", 2)) + list(symbolic.symbol_kernel("c", 2))
    values = dict(zip(letters, list(b) + list(c)))
    a = sympy.Matrix(3, 3, [equation.rhs.subs(values) for equation in symbolic.equations()])
    x = tensor(sympy.Matrix(3, 3, pixels))
    assert torch.equal(F.conv2d(F.conv2d(x, tensor(b)), tensor(c)), F.conv2d(x, tensor(a)))


def test_the_nine_equations_by_name():
    by_name = {str(e.lhs): e.rhs for e in symbolic.equations()}
    b = symbolic.symbol_kernel("b", 2)
    c = symbolic.symbol_kernel("c", 2)
    assert len(by_name) == 9
    assert by_name["a_{00}"] == b[0, 0] * c[0, 0]
    assert by_name["a_{22}"] == b[1, 1] * c[1, 1]
    flipped = c[::-1, ::-1]  # b_uv meets c_(1-u)(1-v) in the middle
    middle = sum(weight * other for weight, other in zip(b, flipped))
    assert sympy.expand(by_name["a_{11}"] - middle) == 0


@pytest.mark.parametrize("first, second, count", [(2, 2, 9), (3, 3, 25), (2, 3, 16), (1, 3, 9)])
def test_as_many_equations_as_the_composed_kernel_has_entries(first, second, count):
    assert len(symbolic.equations(first, second)) == count


def test_every_product_of_b_and_c_stands_in_one_equation():
    products = [term for e in symbolic.equations() for term in sympy.Add.make_args(e.rhs)]
    assert len(products) == len(set(products)) == 16


def test_three_kernels_compose_as_two_and_one():
    b, c, d = (symbolic.symbol_kernel(letter, 2) for letter in "bcd")
    at_once = symbolic.composed_kernel(b, c, d)
    in_turn = symbolic.composed_kernel(symbolic.composed_kernel(b, c), d)
    assert (at_once - in_turn).expand() == sympy.zeros(4, 4)


def test_a_kernel_larger_than_the_patch_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="3x3 kernel does not fit into a 2x2 patch"):
        symbolic.correlate(symbolic.symbol_kernel("x", 2), symbolic.symbol_kernel("k", 3))

"""The shared argument checks: what passes, and the sentence for what does not."""

from numbers import Real

import pytest

from lessonlib.checks import require_int, require_one_of, require_type


def test_whole_numbers_from_the_least_up_pass():
    require_int("f", a=1, b=2)
    require_int("f", 0, a=0)
    require_int("f", -3, a=-3)


@pytest.mark.parametrize("value", [0, 1.5, "2", None])
def test_other_than_a_whole_number_is_named(value):
    with pytest.raises(ValueError) as caught:
        require_int("f", a=1, n=value)
    assert str(caught.value) == f"f: n is {value!r}; give a whole number of at least 1."


def test_a_value_of_another_type_is_named():
    require_type("f", Real, x=1, y=2.5)
    with pytest.raises(TypeError) as caught:
        require_type("f", Real, x=1, y="high")
    assert str(caught.value) == "f: y is of type str; give a number."


@pytest.mark.parametrize("choices", [("cpu", "gpu"), ["cpu", "gpu"], {"cpu": 1, "gpu": 2}])
def test_one_of_the_choices_comes_back(choices):
    assert require_one_of("device", "gpu", choices) == "gpu"


@pytest.mark.parametrize("value", ["tpu", "", None, 3, ["cpu"], {"cpu": 1}])
def test_no_choice_is_one_sentence(value):
    with pytest.raises(ValueError) as caught:
        require_one_of("device", value, {"cpu": 1, "gpu": 2})
    assert str(caught.value) == f"There is no device {value!r}; choose one of cpu, gpu."


def test_choices_may_be_used_up_and_need_not_be_words():
    assert require_one_of("size", 2, iter([1, 2])) == 2
    with pytest.raises(ValueError, match="There is no size 3; choose one of 1, 2."):
        require_one_of("size", 3, iter([1, 2]))

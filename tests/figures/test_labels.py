"""Names at the ends of curves: apart, and moved no further than they must be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.figures import labels

GAP = 0.08


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_names_are_spread_no_further_than_they_must(places):
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = np.array(labels.spread(places, GAP))[order]
    wanted = np.array(places)[order]
    assert (np.diff(moved) >= GAP - 1e-9).all()
    assert -1e-9 <= moved[0] and moved[-1] <= 1 + 1e-9
    if (np.diff(wanted) >= GAP).all():
        assert np.allclose(moved, wanted)
    evenly = np.linspace(0, 1, len(places))  # another spreading that is allowed
    assert ((moved - wanted) ** 2).sum() <= ((evenly - wanted) ** 2).sum() + 1e-9


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 places with gaps of 0.6 do not fit between 0 and 1"):
        labels.spread([0, 0, 0], 0.6)

"""Small models of timm, merged, against themselves; tests/benchmarks/bench_timm.py has the others."""

import pytest

pytest.importorskip("timm", reason="timm is not installed, whose models are merged here")

from benchmarks.bench_timm import MOST, compare  # noqa: E402

# layers that compute and BatchNorms in the merged model
MODELS = {
    "repvgg_a0": (23, 0),
    "mobileone_s0": (44, 0),
    "fastvit_t8": (53, 0),
    "repvit_m0_9": (104, 0),
    "efficientnet_b0": (82, 0),
    "regnetx_002": (45, 0),
    "test_byobnet": None,
    "test_convnext": None,
    "test_efficientnet": None,
    "test_resnet": None,
    "test_vit": None,
    "lcnet_035": None,
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_stays_the_same_function(name):
    row = compare(name)
    assert row["difference"] < MOST
    assert row["unchanged"]
    if MODELS[name]:
        assert (row["after"], row["left"]) == MODELS[name]

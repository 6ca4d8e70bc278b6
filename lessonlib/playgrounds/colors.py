"""Numbers as colours: what a kernel makes of a photo, how much of something, where two differ."""

import torch

__all__ = ["GREY", "RULES", "blue", "brightness", "error_colors"]

GREY = 0.93  # stands out from a white page
ORANGE = torch.tensor([0.835, 0.369, 0.0], dtype=torch.float64)  # Okabe and Ito's vermilion

# how a picture is shown that a kernel made; live/arithmetic.js has the same rules
RULES = {
    "cancels": "They cancel: the picture shows 0 as middle grey.",
    "negative": "The picture is shown as a negative: divided by that sum's size, and 1 is added.",
    "divided": "The picture is divided by that sum, to stay as bright as it was.",
    "cut": "The picture is cut off below black and above white.",
}


def brightness(values, kernel):
    """Values as brightness in [0, 1], and the rule in words: grey is 0 where the kernel cancels.

    A kernel cancels if its entries sum to less than a tenth of the sum of their sizes. Its picture
    has the contrast that Sobel's 3x3 has, however large its entries are.
    """
    total = kernel.sum()
    size = kernel.abs().sum()
    if total.abs() <= 0.1 * size:
        return 0.5 + values / (size / 4).clamp(min=2), RULES["cancels"]
    if total < 0:
        return 1 + values / (-total).clamp(min=1), RULES["negative"]
    if total > 1 + 1e-9:  # nine ninths may be a rounding more than 1
        return values / total, RULES["divided"]
    return values, RULES["cut"]


def blue(share):
    """Colours `(3, h, w)`: white where the share `(h, w)` is 0, blue where it is 1."""
    return torch.stack([1 - share, 1 - 0.55 * share, 1 - 0.3 * share])


def error_colors(strength):
    """Colours `(3, h, w)`: grey where the strength `(h, w)` is 0, orange where it is 1."""
    return GREY + strength * (ORANGE[:, None, None] - GREY)

"""Draw docs/composition.gif, the README's moving picture: `make picture`.

Its frames are stills of the composition playground: B becomes that of the next preset, then C.
"""

import io
from pathlib import Path

from PIL import Image

from lessonlib.algebra.named_kernels import PAIRS
from lessonlib.playgrounds.composition import composition_still

TARGET = Path(__file__).parents[1] / "docs" / "composition.gif"
PRESETS = ["identity", "binomial blur", "Sobel", "both differences"]
HALF_SET = 700  # milliseconds with B of one preset and C of another
SET = 1800
COLOURS = 256


def stills(presets):
    """The PNG and the milliseconds of each frame, from preset to preset and back to the first."""
    _, before = PAIRS[presets[-1]]
    for name in presets:
        b, c = PAIRS[name]
        yield composition_still(b, before), HALF_SET
        yield composition_still(b, c), SET
        before = c


def main():
    pngs, durations = zip(*stills(PRESETS))
    frames = reduced([Image.open(io.BytesIO(png)).convert("RGB") for png in pngs])
    first, *others = frames
    first.save(TARGET, save_all=True, append_images=others, duration=durations, loop=0)
    print(f"{TARGET.name}: {len(frames)} frames, {TARGET.stat().st_size:,} bytes")


def reduced(frames):
    """The frames in one palette, so that what does not change is the same in all of them."""
    width, height = frames[0].size
    together = Image.new("RGB", (width, height * len(frames)))
    for place, frame in enumerate(frames):
        together.paste(frame, (0, place * height))
    flat = Image.Dither.NONE
    palette = together.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=flat)
    return [frame.quantize(palette=palette, dither=flat) for frame in frames]


if __name__ == "__main__":
    main()

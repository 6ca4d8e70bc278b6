"""One 3x3 convolution or two 2x2 in series? What the notebooks import, one idea per module."""

import warnings

from lessonlib.requirements_check import check

__all__ = ["check"]

# fastai still compiles two functions with torch.jit.script, and its users cannot change that
warnings.filterwarnings("ignore", message="`torch.jit.script", category=FutureWarning)

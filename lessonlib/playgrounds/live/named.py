"""The playgrounds that compute in the page by the names that a saved notebook keeps of them."""

from lessonlib.algebra import named_kernels
from lessonlib.playgrounds.composition import CompositionPlayground
from lessonlib.playgrounds.kernel import KernelPlayground
from lessonlib.playgrounds.placement import PlacementPlayground
from lessonlib.playgrounds.receptive_field import ReceptiveFieldPlayground

__all__ = ["PLAYGROUNDS"]

PLAYGROUNDS = {
    playground.name: playground
    for playground in (
        KernelPlayground(),
        PlacementPlayground(),
        CompositionPlayground(),
        CompositionPlayground(named_kernels.PAIRS_OF_THREE),
        ReceptiveFieldPlayground(),
    )
}

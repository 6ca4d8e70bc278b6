"""Hygiene of the saved notebooks: what a reader sees without running them."""

import ast
import copy
import re
import runpy
from itertools import chain
from pathlib import Path

import nbformat
import pytest

from lessonlib.claims import claims
from lessonlib.playgrounds.live.named import PLAYGROUNDS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
keep_stills = runpy.run_path(str(ROOT / "scripts" / "keep_stills.py"))["main"]
ADDRESS = runpy.run_path(str(ROOT / "scripts" / "address.py"))
REPOSITORY = ADDRESS["carried"](nbformat.read(NOTEBOOKS[0], as_version=4))
# what the course cites: looked up, so that a number typed wrongly does not lead to another paper
PAPERS = {
    "2101.03697": "RepVGG: Making VGG-style ConvNets Great Again",
    "1712.05877": "Quantization and Training of Neural Networks "
    "for Efficient Integer-Arithmetic-Only Inference",
    "1409.1556": "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "1502.03167": "Batch Normalization: Accelerating Deep Network Training "
    "by Reducing Internal Covariate Shift",
    "1512.00567": "Rethinking the Inception Architecture for Computer Vision",
    "1509.09308": "Fast Algorithms for Convolutional Neural Networks",
    "1603.07285": "A guide to convolution arithmetic for deep learning",
    "1609.03499": "WaveNet: A Generative Model for Raw Audio",
    "1811.10495": "ExpandNets: Linear Over-parameterization "
    "to Train Compact Convolutional Networks",
    "1812.01187": "Bag of Tricks for Image Classification with Convolutional Neural Networks",
    "1903.08385": "Convolution with even-sized kernels and symmetric padding",
    "2108.01538": "Geometry of Linear Convolutional Networks",
    "2201.03545": "A ConvNet for the 2020s",
    "2203.06717": "Scaling Up Your Kernels to 31x31: Revisiting Large Kernel Design in CNNs",
    "2304.05752": "Function Space and Critical Points of Linear Convolutional Networks",
}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


SHOWN = {
    "KernelPlayground()": "kernel",
    "PlacementPlayground()": "placement",
    "CompositionPlayground()": "composition of 2x2",
    "CompositionPlayground(named_kernels.PAIRS_OF_THREE)": "composition of 3x3",
    "ReceptiveFieldPlayground()": "stack",
}


def headings(path):
    return set(re.findall(r"^#+ (.+)$", prose(nbformat.read(path, as_version=4)), flags=re.M))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 4


def test_saved_from_one_run_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_error_and_no_widget_state_is_saved(notebook):
    assert not [output for output in outputs(notebook) if output.output_type == "error"]
    assert "widgets" not in notebook.metadata


def test_no_script_is_saved(notebook):
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in outputs(notebook)]
    assert not [page for page in pages if "<script" in page]


def test_no_time_of_execution_is_saved(notebook):
    assert not [cell.metadata for cell in notebook.cells if "execution" in cell.metadata]


def test_nothing_is_saved_on_standard_error(notebook):
    streams = [output for output in outputs(notebook) if output.output_type == "stream"]
    assert [stream.text for stream in streams if stream.name == "stderr"] == []


def test_marked_cells_have_outputs(notebook):
    for cell in code_cells(notebook):
        assert cell.outputs or "NBVAL_CHECK_OUTPUT" not in cell.source


def test_every_picture_has_words(notebook):
    for output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            assert len(output.metadata.get("image/png", {}).get("alt", "")) > 20
    for alt in re.findall(r"!\[(.*?)\]\(", prose(notebook)):
        assert alt.strip()
    assert "<img" not in prose(notebook)


def test_a_playground_that_computes_in_the_page_is_saved_as_its_still(notebook):
    for cell in code_cells(notebook):
        lessons = [output.get("metadata", {}).get("lesson", {}) for output in cell.outputs]
        names = [lesson["playground"] for lesson in lessons if "playground" in lesson]
        wanted = [name for call, name in SHOWN.items() if cell.source.endswith(f"\n{call}")]
        assert names == wanted
        stills = [output for output, lesson in zip(cell.outputs, lessons) if lesson]
        assert not [output for output in stills if "text/html" in output.data]
    assert set(SHOWN.values()) == PLAYGROUNDS.keys()


def test_a_run_notebook_keeps_the_still_of_a_playground(tmp_path):
    data, metadata = PLAYGROUNDS["stack"]._repr_mimebundle_()
    table = nbformat.v4.new_output("display_data", {"text/html": "<table>\n</table>"})
    steps = nbformat.v4.new_output("display_data", {"text/html": "<p>\n</p><script>\n1</script>"})
    shown = nbformat.v4.new_output("execute_result", data, metadata=metadata, execution_count=1)
    view = {"model_id": "1", "version_major": 2, "version_minor": 0}
    data_of_a_widget = {"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}
    widget = nbformat.v4.new_output("display_data", data_of_a_widget)
    cell = nbformat.v4.new_code_cell("1", outputs=[table, steps, widget, shown])
    file = tmp_path / "run.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), file)
    keep_stills([file])
    kept, stepped, still = nbformat.read(file, as_version=4).cells[0].outputs
    assert kept == table
    assert stepped.data == {"text/html": "<p>\n</p>"}
    assert still.data == {"image/png": data["image/png"], "text/plain": data["text/plain"]}
    assert still.metadata == metadata
    assert file.read_text() == nbformat.writes(nbformat.read(file, as_version=4)) + "\n"


def test_formulas_are_text_that_github_sets_too(notebook):
    latex = [output.get("data", {}).get("text/latex", "") for output in outputs(notebook)]
    for formula in [prose(notebook), *latex]:
        assert not re.search(r"\\operatorname|\\newcommand|\\begin\{align\}", formula)
    fences = [line for line in prose(notebook).splitlines() if "$$" in line]
    assert all(line.strip() == "$$" for line in fences)
    assert len(fences) % 2 == 0


def test_the_badge_and_the_set_up_cell_name_this_notebook_and_the_one_repository(path, notebook):
    where = REPOSITORY.removeprefix("https://github.com/")
    badge = f"https://colab.research.google.com/github/{where}/blob/main/notebooks/{path.name}"
    on_colab = r"\]\((https://colab\.research\.google\.com/github/.*?)\)"
    assert re.findall(on_colab, prose(notebook)) == [badge]
    assert re.findall(r"https://github\.com/[^\"]+", code_cells(notebook)[0].source) == [REPOSITORY]


def test_make_address_would_change_nothing(path, notebook):
    before = copy.deepcopy(notebook)
    ADDRESS["address"](notebook, path.name, REPOSITORY)
    assert notebook == before


def test_a_fork_gets_its_own_badge_and_set_up_cell(path, notebook):
    first, second = "somebody/the-lesson", "somebody-else/a-fork"
    ADDRESS["address"](notebook, path.name, f"https://github.com/{first}")
    before = nbformat.writes(notebook)
    assert REPOSITORY not in before
    ADDRESS["address"](notebook, path.name, f"https://github.com/{second}")
    assert nbformat.writes(notebook) == before.replace(first, second)


def test_the_set_up_cell_is_short(notebook):
    lines = code_cells(notebook)[0].source.splitlines()
    assert len(lines) <= 12 and max(map(len, lines)) <= 100


def imported(source):
    """Modules that a cell imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_imports_go_at_most_two_levels_below_lessonlib(notebook):
    modules = chain.from_iterable(imported(cell.source) for cell in code_cells(notebook))
    ours = [module for module in modules if module.split(".")[0] == "lessonlib"]
    assert [module for module in ours if module.count(".") > 2] == []


def test_cells_are_short(notebook):
    assert max(len(cell.source.splitlines()) for cell in code_cells(notebook)) <= 25


def test_links_between_notebooks_lead_somewhere(notebook):
    for target in re.findall(r"\]\((\d\db?_\w+\.ipynb)", prose(notebook)):
        assert (ROOT / "notebooks" / target).exists(), target


ARXIV = re.compile(r"\[arXiv ([^\]]*)\]\(https://arxiv\.org/abs/([^)]*)\)")
DOI = re.compile(r"\[doi ([^\]]*)\]\(https://doi\.org/([^)]*)\)")


def test_references_name_the_paper_that_they_link_to(notebook):
    (section,) = re.findall(r"^## References\n(.*?)(?=^#|\Z)", prose(notebook), flags=re.M | re.S)
    cited = [line for line in section.splitlines() if line.startswith("- ")]
    assert cited
    for line in cited:
        for text, number in ARXIV.findall(line):
            assert text == number
            assert f"*{PAPERS[number]}*" in line
        for text, number in DOI.findall(line):
            assert text == number
        assert "arXiv" not in line or "arxiv.org/abs/" in line


def test_every_verdict_is_shown_under_the_heading_it_names():
    for claim in claims():
        assert bool(claim.shown) == (claim.verdict != "open")
        if claim.shown:
            name, anchor = claim.shown.split("#")
            there = [heading.replace(" ", "-") for heading in headings(ROOT / "notebooks" / name)]
            assert anchor in there, claim.shown

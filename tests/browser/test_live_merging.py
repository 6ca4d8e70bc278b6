"""The playground of notebook 09 in a real front end: a link's bias makes it refuse, a third link
makes it grow."""

from helpers.hand import HANDLE, changed, key, pictures, says, until


def test_a_chain_grows_is_refused_and_undone(playground):
    box = playground("09_train_two_ship_one", "orange where they differ")
    says(box, "Exactly one 3x3, stride 1, padding 1, borders included")
    before = pictures(box)
    key(box.locator(HANDLE).first, "ArrowRight")  # how many links
    says(box, "Exactly one 4x4")  # said last, after all pictures
    grown = changed(box, before)
    key(box.locator(HANDLE).nth(8), "ArrowRight")  # the padding of the second link
    says(box, "padding 2")
    changed(box, grown)
    key(box.locator("input[type=checkbox]").first, "Space")  # the bias of the first
    says(box, "Refused: of link 1 and then link 2")
    says(box, "adds a number (a bias or a BatchNorm) that the padding lacks")
    undo = box.get_by_role("button", name="Undo")
    for _ in range(3):  # the words come last, after all pictures
        said = box.inner_text()
        undo.click()
        until(box, "(box, said) => box.innerText !== said", said)
    says(box, "Exactly one 3x3")

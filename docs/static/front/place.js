/* Step 2: a 2x2 placed in a 3x3. */
"use strict";

{
  const { make, kernelGrid, embed, sign } = window.lesson;
  const { steps, data, group, row, button, message } = window.explorable;
  const { picture, slid, block } = window.explorable;
  const CORNERS = ["top left", "top right", "bottom left", "bottom right"];

  steps.place = (root) => {
    const { element, say } = message();
    let at = [0, 0];
    const small = kernelGrid({ name: "a 2x2", kernel: data.small, say, change: () => put(at) });
    const placed = embed(data.small, 3, ...at);
    const large = kernelGrid({ name: "in a 3x3", kernel: placed, say, change: draw });
    const y = picture("the picture after the 3x3", slid(data.dog, placed, 1));
    const places = block(0, 0, 2);
    const radios = places.map((corner, n) =>
      make("input", {
        type: "radio",
        name: "ex-corner",
        "aria-label": CORNERS[n],
        title: CORNERS[n],
        change: () => put(corner),
      }),
    );
    const again = button("Start again", () => {
      small.set(data.small);
      put(places[0]);
    });

    function put(corner) {
      at = corner;
      radios[2 * at[0] + at[1]].checked = true;
      large.set(embed(small.kernel, 3, ...at));
      draw();
    }

    function draw() {
      y.show(slid(data.dog, large.kernel, 1));
      large.light(block(...at, 2));
      y.frame(1 - at[0], 1 - at[1], data.dog.length - 1);
      const fits = places.some((corner) => isIn(large.kernel, corner));
      if (fits) say("In the frame: what the 2x2 gives by itself, number for number.");
      else say("Now the 3x3 does what no 2x2 can do.");
    }

    const legend = make("legend", {}, "which corner");
    const choice = make("fieldset", { class: "ex-corners" }, legend, ...radios);
    const left = group("column", small.element, choice);
    root.replaceChildren(
      row(left, sign("→"), large.element, sign("→"), y.element),
      group("controls", again),
      element,
    );
    put(at);
  };

  // whether the 3x3 has zeros everywhere but in the 2x2 at that corner
  function isIn(kernel, [row, column]) {
    const inside = new Set(block(row, column, 2).map(String));
    return kernel.every((line, i) =>
      line.every((value, j) => value === 0 || inside.has(`${i},${j}`)),
    );
  }
}

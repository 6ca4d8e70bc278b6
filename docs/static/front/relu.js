/* Step 6: a ReLU between. */
"use strict";

{
  const { make, compose, sign } = window.lesson;
  const { steps, data, row, message, picture, flat, slid, pair, pairGrids } = window.explorable;

  steps.relu = (root) => {
    const { element, say } = message();
    const grids = pairGrids(say);
    const between = make("input", { type: "checkbox", change: draw });
    const series = picture("B, then C", data.dog);
    const single = picture("A", data.dog);
    const difference = picture("their difference", data.dog);

    function draw() {
      grids.follow();
      const middle = slid(data.dog, pair.b, 1);
      const positive = middle.map((line) => line.map((value) => Math.max(0, value)));
      const one = slid(between.checked ? positive : middle, pair.c);
      const other = slid(data.dog, compose(pair.b, pair.c), 1);
      const less = one.map((line, i) => line.map((value, j) => value - other[i][j]));
      series.show(one);
      single.show(other);
      difference.show(less);
      say(told(less, middle));
    }

    function told(less, middle) {
      const wrong = flat(less).filter((value) => Math.abs(value) > 1e-9).length;
      const stopped = flat(middle).filter((value) => value < 0).length;
      if (wrong) {
        const differ = `${wrong} of ${flat(less).length} pixels differ.`;
        return `${differ} The ReLU stopped ${stopped} negative numbers.`;
      }
      return between.checked
        ? "No difference: after B no number that matters is negative, so the ReLU does nothing."
        : "No difference, whatever B and C are.";
    }

    const toggle = make("label", { class: "ex-switch" }, between, " ReLU between");
    const shown = row(series.element, sign("−"), single.element, sign("="), difference.element);
    shown.classList.add("ex-small");
    root.replaceChildren(row(grids.b.element, toggle, grids.c.element), shown, element);
    pair.watchers.push(draw);
    draw();
  };
}

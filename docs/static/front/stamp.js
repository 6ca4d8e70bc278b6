/* Step 3: B stamped by C. */
"use strict";

{
  const { make, box, sign, labelled, kernelGrid } = window.lesson;
  const { compose, terms, format, bracketed, shade } = window.lesson;
  const { steps, data, group, row, button, message } = window.explorable;
  const { flat, block, pair, setPair, pairGrids } = window.explorable;
  const SUBSCRIPT = "₀₁₂";
  const PLACES = block(0, 0, 2);
  const letter = (name, [i, j]) => name + SUBSCRIPT[i] + SUBSCRIPT[j];

  function equation(at) {
    const found = terms(pair.b, pair.c, "a", at);
    const letters = found.map(({ b, c }) => letter("b", b) + letter("c", c));
    const products = found.map(
      ({ b: [u, v], c: [p, q] }) => `${bracketed(pair.b[u][v])}·${bracketed(pair.c[p][q])}`,
    );
    const sum = format(compose(pair.b, pair.c)[at[0]][at[1]]);
    return `${letter("a", at)} = ${letters.join(" + ")} = ${products.join(" + ")} = ${sum}`;
  }

  // the copy of B that the entry of C at this place lays down
  function copyAt([p, q]) {
    const cells = PLACES.map(() => make("span", {}, make("span")));
    const label = make("b");
    const element = group("copy", label, ...cells);
    element.style.cssText = `--row: ${p}; --column: ${q}`;

    function draw(largest) {
      const weight = pair.c[p][q];
      label.textContent = `${format(weight)} × B`;
      flat(pair.b).forEach((value, n) => {
        cells[n].style.background = shade((value * weight) / largest);
        cells[n].firstChild.textContent = format(value * weight);
      });
    }

    function light(products) {
      const mine = products.filter(({ c }) => String(c) === String([p, q]));
      const lit = new Set(mine.map(({ b }) => String(b)));
      for (const [n, cell] of cells.entries())
        cell.classList.toggle("lit", lit.has(`${PLACES[n]}`));
    }

    return { element, draw, light };
  }

  steps.stamp = (root) => {
    const { element, say } = message();
    let now = [1, 1]; // the entry of A that is looked at
    const grids = pairGrids(say, (which, at) => (at ? light(which, at) : look(now)));
    const a = kernelGrid({
      name: "A",
      kernel: compose(pair.b, pair.c),
      editable: false,
      entry: (at) => at && look(at),
    });
    const copies = PLACES.map(copyAt);
    const stage = group("stage", ...copies.map((copy) => copy.element));
    stage.setAttribute("aria-hidden", "true");
    const apart = make("input", {
      type: "range",
      min: 0,
      max: 100,
      value: 0,
      input: () => stage.style.setProperty("--apart", 1 - apart.value / 100),
    });

    function draw() {
      grids.follow();
      a.set(compose(pair.b, pair.c));
      const size = (kernel) => Math.max(...flat(kernel).map(Math.abs));
      for (const copy of copies) copy.draw(size(pair.b) * size(pair.c) || 1);
      look(now);
    }

    function look(at) {
      now = at;
      light("a", at);
      say(equation(at));
    }

    // the products with this entry: an entry of B is in all copies, one of C is one copy
    function light(which, at) {
      const products = terms(pair.b, pair.c, which, at);
      for (const [name, grid] of Object.entries({ a, b: grids.b, c: grids.c }))
        grid.light(products.map((product) => product[name]));
      for (const copy of copies) copy.light(products);
    }

    const named = Object.entries(data.pairs).map(([name, [b, c]]) =>
      button(name, () => setPair({ b, c })),
    );
    const slider = labelled("apart", apart, " laid over each other");
    const middle = box("kernel", box("name", "four copies of B"), stage, slider);
    const left = group("column", grids.b.element, grids.c.element);
    root.replaceChildren(
      row(left, sign("→"), middle, sign("="), a.element),
      element,
      group(
        "controls",
        button("Start again", () => setPair({ b: data.b, c: data.c })),
        ...named,
      ),
    );
    pair.watchers.push(draw);
    draw();
  };
}

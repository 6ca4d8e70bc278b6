/* The front page's figures, each computed beside the reader: a small function for each step.

A plain script after play.js (its `lesson` is documented there), without import or export, because a
page opened from the disk forbids both. What the figures start from is JSON in the page, made by
explorable.py. Each figure holds a still, which its function replaces.
*/
"use strict";

window.explorable = (() => {
  const { make, kernelGrid, correlate, compose, embed, format, shade } = window.lesson;
  const data = JSON.parse(document.getElementById("explorable-data").textContent);

  // --- what the figures are made of ---

  const named = (name, ...children) =>
    make(
      "div",
      { class: "lesson-kernel" },
      make("div", { class: "lesson-name" }, name),
      ...children,
    );
  const sign = (text) => make("div", { class: "lesson-sign", "aria-hidden": "true" }, text);
  const row = (...children) => make("div", { class: "ex-row" }, ...children);
  const button = (text, click) => make("button", { type: "button", click }, text);
  const flat = (kernel) => kernel.flat();

  /* A line that a screen reader reads once the hand rests. A refusal stays until the next change. */
  function message() {
    const element = make("p", { class: "ex-message", role: "status" });
    let waiting = 0;
    const say = (text) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        element.textContent = text;
      }, 150);
    };
    return { element, say };
  }

  /* A picture as a matrix of its numbers; grey: 0 is black and 9 is white, else blue and orange, and
  zeros of a large one stay empty. frame(row, column, rows) draws a square around some of them. */
  function picture(name, rows, { grey = false, entry } = {}) {
    const grid = kernelGrid({ name, kernel: rows, editable: false, entry });
    const square = make("div", { class: "ex-frame" });
    grid.element.classList.add("ex-picture");
    grid.element.append(square);
    const large = rows.length > 3;

    function show(pixels) {
      grid.set(pixels);
      for (const [n, value] of pixels.flat().entries()) {
        const across = pixels[0].length;
        const cell = grid.cell(Math.floor(n / across), n % across);
        if (!grey) {
          cell.textContent = large && !value ? "" : format(value);
          continue;
        }
        cell.style.background = `rgb(${Array(3).fill(Math.round((value / 9) * 255))})`;
        cell.style.color = value < 5 ? "#fff" : "#111";
      }
    }

    function frame(row, column, length = 3) {
      for (const [side, value] of Object.entries({ row, column, length }))
        square.style.setProperty(`--${side}`, value);
    }

    show(rows);
    return { element: grid.element, show, frame };
  }

  function slid(rows, kernel, padding = 0) {
    const plane = Float64Array.from(flat(rows));
    const { planes, width, height } = correlate(
      { height: rows.length, width: rows[0].length, planes: [plane] },
      kernel,
      padding,
    );
    return Array.from({ length: height }, (_, i) => [
      ...planes[0].subarray(i * width, (i + 1) * width),
    ]);
  }

  // the places in a square of that many rows, its first one at row i, column j
  function block(i, j, rows = 3) {
    return Array.from({ length: rows * rows }, (_, n) => [
      i + Math.floor(n / rows),
      j + (n % rows),
    ]);
  }

  // B and C are one pair in all figures that show them
  const pair = { b: data.b, c: data.c, watchers: [] };

  function setPair(b, c) {
    pair.b = b;
    pair.c = c;
    for (const follow of pair.watchers) follow();
  }

  function pairGrids(say, entry = () => undefined) {
    const b = kernelGrid({
      name: "B",
      kernel: pair.b,
      say,
      change: (k) => setPair(k, pair.c),
      entry: (at) => entry("b", at),
    });
    const c = kernelGrid({
      name: "C",
      kernel: pair.c,
      say,
      change: (k) => setPair(pair.b, k),
      entry: (at) => entry("c", at),
    });
    const follow = () => {
      if (b.kernel !== pair.b) b.set(pair.b);
      if (c.kernel !== pair.c) c.set(pair.c);
    };
    return { b, c, follow };
  }

  // --- 1: a kernel slides over a picture ---

  function slide(root) {
    const { element, say } = message();
    let at = [2, 4];
    let walking = 0;
    const x = picture("the picture", data.dog, { grey: true });
    const k = kernelGrid({ name: "the kernel", kernel: data.sobel, say, change: draw });
    const products = picture("nine products", data.sobel);
    const y = picture("the result", slid(data.dog, data.sobel), {
      entry: (cell) => {
        if (cell) {
          rest();
          look(cell);
        }
      },
    });
    const walk = button("Slide", () => (walking ? rest() : set()));

    function look(cell) {
      at = cell;
      draw();
    }

    function draw() {
      const [i, j] = at;
      const all = k.kernel.map((line, u) =>
        line.map((weight, v) => weight * data.dog[i + u][j + v]),
      );
      const result = slid(data.dog, k.kernel);
      y.show(result);
      products.show(all);
      x.frame(i, j);
      y.frame(i, j, 1);
      say(
        `Row ${i + 1}, column ${j + 1}: ${flat(all).map(signed).join(" + ")} = ${format(result[i][j])}`,
      );
    }

    function set() {
      walk.textContent = "Stop";
      walking = setInterval(() => {
        const next = (at[0] * 8 + at[1] + 1) % 64;
        look([Math.floor(next / 8), next % 8]);
      }, 220);
    }

    function rest() {
      clearInterval(walking);
      walking = 0;
      walk.textContent = "Slide";
    }

    root.replaceChildren(
      row(
        x.element,
        sign("×"),
        make("div", { class: "ex-column" }, k.element, products.element),
        sign("="),
        y.element,
      ),
      make(
        "div",
        { class: "ex-controls" },
        walk,
        button("Start again", () => {
          k.set(data.sobel);
          look([2, 4]);
        }),
      ),
      element,
    );
    draw();
  }

  const signed = (value) => (value < 0 ? `(${format(value)})` : format(value));

  // --- 2: a 2x2 placed in a 3x3 ---

  function place(root) {
    const { element, say } = message();
    let at = [0, 0];
    const small = kernelGrid({ name: "a 2x2", kernel: data.small, say, change: () => put(at) });
    const large = kernelGrid({
      name: "in a 3x3",
      kernel: embed(data.small, 3, 0, 0),
      say,
      change: draw,
    });
    const y = picture("the picture after the 3x3", slid(data.dog, large.kernel, 1));
    const corners = ["top left", "top right", "bottom left", "bottom right"];
    const radios = corners.map((name, n) =>
      make("input", {
        type: "radio",
        name: "ex-corner",
        "aria-label": name,
        title: name,
        change: () => put([Math.floor(n / 2), n % 2]),
      }),
    );

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
      const corner = [0, 1]
        .flatMap((i) => [0, 1].map((j) => [i, j]))
        .find((spot) => isIn(large.kernel, spot));
      if (!corner) return say("Now the 3x3 does what no 2x2 can do.");
      say("In the frame: what the 2x2 gives by itself, number for number.");
    }

    // whether the 3x3 has zeros everywhere but in the 2x2 at that corner
    function isIn(kernel, [row, column]) {
      const inside = new Set(block(row, column, 2).map(String));
      return kernel.every((line, i) =>
        line.every((value, j) => value === 0 || inside.has(`${i},${j}`)),
      );
    }

    const choice = make(
      "fieldset",
      { class: "ex-corners" },
      make("legend", {}, "which corner"),
      ...radios,
    );
    root.replaceChildren(
      row(
        make("div", { class: "ex-column" }, small.element, choice),
        sign("→"),
        large.element,
        sign("→"),
        y.element,
      ),
      make(
        "div",
        { class: "ex-controls" },
        button("Start again", () => {
          small.set(data.small);
          put([0, 0]);
        }),
      ),
      element,
    );
    put(at);
  }

  // --- 3: B stamped by C ---

  const SUBSCRIPT = "₀₁₂";
  const letter = (name, [i, j]) => name + SUBSCRIPT[i] + SUBSCRIPT[j];

  // the products in an entry of A, as pairs of places in B and C
  function terms([i, j]) {
    const pairs = block(0, 0, 2).map(([k, l]) => [
      [i - k, j - l],
      [k, l],
    ]);
    return pairs.filter(([[u, v]]) => u >= 0 && u < 2 && v >= 0 && v < 2);
  }

  function equation(at) {
    const found = terms(at);
    const letters = found.map(([u, k]) => letter("b", u) + letter("c", k)).join(" + ");
    const products = found
      .map(([u, k]) => `${signed(pair.b[u[0]][u[1]])}·${signed(pair.c[k[0]][k[1]])}`)
      .join(" + ");
    const sum = compose(pair.b, pair.c)[at[0]][at[1]];
    return `${letter("a", at)} = ${letters} = ${products} = ${format(sum)}`;
  }

  function stamp(root) {
    const { element, say } = message();
    const grids = pairGrids(say, lightFrom);
    const a = kernelGrid({
      name: "A",
      kernel: compose(pair.b, pair.c),
      editable: false,
      entry: (at) => {
        if (at) look(at);
      },
    });
    const copies = block(0, 0, 2).map(([k, l]) => {
      const cells = block(0, 0, 2).map(() => make("span", {}, make("span")));
      const label = make("b");
      const copy = make(
        "div",
        { class: "ex-copy", style: `--row: ${k}; --column: ${l}` },
        label,
        ...cells,
      );
      return { at: [k, l], copy, cells, label };
    });
    const stage = make(
      "div",
      { class: "ex-stage", "aria-hidden": "true" },
      ...copies.map(({ copy }) => copy),
    );
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
      const largest =
        Math.max(...flat(pair.b).flatMap((b) => flat(pair.c).map((c) => Math.abs(b * c)))) || 1;
      for (const {
        at: [k, l],
        cells,
        label,
      } of copies) {
        label.textContent = `${format(pair.c[k][l])} × B`;
        flat(pair.b).forEach((value, n) => {
          const product = value * pair.c[k][l];
          cells[n].style.background = shade(product / largest);
          cells[n].firstChild.textContent = format(product);
        });
      }
      look(now);
    }

    let now = [1, 1];
    function look(at) {
      now = at;
      light(terms(at), [at]);
      say(equation(at));
    }

    // light the products, each a place in B and one in C, and entries of A
    function light(products, entries) {
      const lit = new Set(products.map(([u, k]) => `${k}:${u}`));
      grids.b.light(products.map(([u]) => u));
      grids.c.light(products.map(([, k]) => k));
      a.light(entries);
      for (const { at, cells } of copies) {
        for (const [n, cell] of cells.entries()) {
          cell.classList.toggle("lit", lit.has(`${at}:${[Math.floor(n / 2), n % 2]}`));
        }
      }
    }

    // an entry of B is in all copies, one of C is one copy
    function lightFrom(which, at) {
      if (!at) return look(now);
      const others = block(0, 0, 2);
      const products = others.map((other) => (which === "b" ? [at, other] : [other, at]));
      light(
        products,
        products.map(([[u, v], [k, l]]) => [u + k, v + l]),
      );
    }

    const presets = Object.entries(data.pairs).map(([name, [b, c]]) =>
      button(name, () => setPair(b, c)),
    );
    root.replaceChildren(
      row(
        make("div", { class: "ex-column" }, grids.b.element, grids.c.element),
        sign("→"),
        named(
          "four copies of B",
          stage,
          make("label", {}, "apart ", apart, " laid over each other"),
        ),
        sign("="),
        a.element,
      ),
      element,
      make(
        "div",
        { class: "ex-controls" },
        button("Start again", () => setPair(data.b, data.c)),
        ...presets,
      ),
    );
    pair.watchers.push(draw);
    draw();
  }

  // --- 4: one bright pixel through B, then C ---

  function pixel(root) {
    const { element, say } = message();
    const SIDE = 5;
    let at = [2, 2];
    const light = () =>
      Array.from({ length: SIDE }, (_, i) =>
        Array.from({ length: SIDE }, (_, j) => Number(String([i, j]) === String(at))),
      );
    const grids = pairGrids(say);
    const x = picture("one bright pixel", light(), {
      entry: (cell) => {
        if (cell) {
          at = cell;
          draw();
        }
      },
    });
    const afterB = picture("after B", slid(light(), pair.b, 1));
    const afterC = picture("after B, then C", slid(light(), data.sobel, 1));
    const turned = picture("A, turned", data.sobel);

    function draw() {
      grids.follow();
      const middle = slid(light(), pair.b, 1);
      x.show(light());
      afterB.show(middle);
      afterC.show(slid(middle, pair.c));
      turned.show(
        compose(pair.b, pair.c)
          .map((line) => [...line].reverse())
          .reverse(),
      );
      x.frame(...at, 1);
      afterC.frame(at[0] - 1, at[1] - 1);
      const within = at.every((place) => place > 0 && place < SIDE - 1);
      say(
        within
          ? "The nine pixels in the frame are the nine entries of A."
          : "At the edge a part of A falls outside.",
      );
    }

    root.replaceChildren(
      row(
        x.element,
        sign("→"),
        grids.b.element,
        sign("→"),
        afterB.element,
        sign("→"),
        grids.c.element,
        sign("→"),
        afterC.element,
        sign("="),
        turned.element,
      ),
      element,
    );
    pair.watchers.push(draw);
    draw();
  }

  // --- 6: a ReLU between; 5 and 7 are in files of their own ---

  function relu(root) {
    const { element, say } = message();
    const grids = pairGrids(say);
    const between = make("input", { type: "checkbox", change: draw });
    const series = picture("B, then C", data.dog);
    const single = picture("A", data.dog);
    const difference = picture("their difference", data.dog);

    function draw() {
      grids.follow();
      const middle = slid(data.dog, pair.b, 1);
      const passed = between.checked
        ? middle.map((line) => line.map((value) => Math.max(0, value)))
        : middle;
      const one = slid(passed, pair.c);
      const other = slid(data.dog, compose(pair.b, pair.c), 1);
      const less = one.map((line, i) => line.map((value, j) => value - other[i][j]));
      series.show(one);
      single.show(other);
      difference.show(less);
      const wrong = flat(less).filter((value) => Math.abs(value) > 1e-9).length;
      const stopped = flat(middle).filter((value) => value < 0).length;
      if (wrong)
        return say(
          `${wrong} of ${flat(less).length} pixels differ. The ReLU stopped ${stopped} negative numbers.`,
        );
      say(
        between.checked
          ? "No difference: after B no number that matters is negative, so the ReLU does nothing."
          : "No difference, whatever B and C are.",
      );
    }

    root.replaceChildren(
      row(
        grids.b.element,
        make("label", { class: "ex-switch" }, between, " ReLU between"),
        grids.c.element,
      ),
      make(
        "div",
        { class: "ex-row ex-small" },
        series.element,
        sign("−"),
        single.element,
        sign("="),
        difference.element,
      ),
      element,
    );
    pair.watchers.push(draw);
    draw();
  }

  // every figure of the page, once all scripts have added their steps
  function start() {
    for (const root of document.querySelectorAll("[data-live]")) steps[root.dataset.live]?.(root);
    for (const hand of document.querySelectorAll(".ex-try")) hand.hidden = false;
  }

  const steps = { slide, place, stamp, pixel, relu };
  document.addEventListener("DOMContentLoaded", start);
  return { steps, data, picture, message, row, button, flat, block };
})();

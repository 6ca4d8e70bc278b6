/* Playground: layers of any kernel size and stride, and what one output sees. */
{
  const { total, shade, fill, make, svg, box, on, arrows, gridOf } = window.lesson;
  const PITCH = 52; // pixels from a row of cells to the next, as high as a cell of a kernel
  const HEIGHT = 22; // of a row
  const DIGIT = 6; // how wide
  const top = (n) => 1 + n * PITCH;

  /* The rows of cells, the pixels first: so many `cells`, each `span` pixels wide, from `start` on;
  cell j `sees(j)`, cells of the row before. What a kernel reaches beyond its middle is padded; of
  kernels with an even size the odd one comes in turn before and behind. */
  function rowsOf(sizes, strides, pixels) {
    const rows = [{ cells: pixels, span: 1, start: 0 }];
    let before = true;
    for (const [n, size] of sizes.entries()) {
      const { cells, span, start } = rows[n];
      const stride = strides[n];
      const pad = before ? Math.ceil((size - 1) / 2) : Math.floor((size - 1) / 2);
      if (size % 2 === 0) before = !before;
      const all = (j) => Array.from({ length: size }, (_, tap) => j * stride - pad + tap);
      rows.push({
        cells: Math.floor((cells - 1) / stride) + 1,
        span: span * stride,
        start: start + span * ((size - 1) / 2 - pad),
        sees: (j) => all(j).filter((i) => i >= 0 && i < cells),
      });
    }
    return rows;
  }

  // of each row the cells that the output sees, with the number of paths that lead there
  function coneOf(rows, output) {
    let cone = [new Map([[output, 1]])];
    for (const { sees } of rows.slice(1).reverse()) {
      const paths = new Map();
      for (const [j, ways] of cone[0]) {
        for (const i of sees(j)) paths.set(i, (paths.get(i) ?? 0) + ways);
      }
      cone = [paths, ...cone];
    }
    return cone;
  }

  // the rows, and the cone drawn through them: a cell is the darker, the more paths lead there
  function drawn(rows, cone, width) {
    const unit = width / (rows[0].cells + 1); // half of one on each side
    const x = (place) => unit * (0.5 + Math.max(-0.5, Math.min(rows[0].cells + 0.5, place)));
    const left = (n, j) => x(rows[n].start + j * rows[n].span);
    const wide = (n, j) => left(n, j + 1) - left(n, j);
    const middle = (n, j) => left(n, j) + wide(n, j) / 2;
    const frame = (n) => (_, j) =>
      `M${left(n, j)} ${top(n)}h${wide(n, j)}v${HEIGHT}H${left(n, j)}z`;
    const line = (n, i, j) =>
      `M${middle(n - 1, i)} ${top(n - 1) + HEIGHT}L${middle(n, j)} ${top(n)}`;

    // a cell that is seen, with its number where there is room for those of the whole row
    function seen(n, [j, ways], most) {
      const place = { x: left(n, j), y: top(n), width: wide(n, j), height: HEIGHT };
      const cell = svg("rect", { ...place, fill: shade(ways / most) });
      const room = rows[n].span * unit > DIGIT * String(most).length + 2;
      return room ? [cell, svg("text", { x: middle(n, j), y: top(n) + 16 }, ways)] : [cell];
    }

    return rows.flatMap(({ cells, sees }, n) => {
      const lines = [...cone[n].keys()].flatMap((j) => sees?.(j).map((i) => line(n, i, j)) ?? []);
      const frames = Array.from({ length: cells }, frame(n));
      const most = Math.max(...cone[n].values());
      return [
        svg("path", { d: lines.join(""), class: "lesson-paths" }),
        svg("path", { d: frames.join(""), class: "lesson-frames" }),
        ...[...cone[n]].flatMap((one) => seen(n, one, most)),
      ];
    });
  }

  window.lesson.playgrounds.stack = (hand, state) => {
    const { now, words } = hand;
    const { pixels } = state;
    const columns = state.columns.map(({ name, most, start }) => {
      now[name] = start;
      const rule = fill(words.rule, { name, most });
      const limits = { least: 1, most, step: 1, leap: 1, whole: true, rule };
      const label = (n) => fill(words.layer, { name, n: n + 1 });
      return gridOf(hand, name, hand.slot(name), { limits, label });
    });
    const numbers = () => columns.map((grid) => grid.kernel.flat());
    const picture = svg("svg", {
      "aria-hidden": "true",
      height: top(columns[0].kernel.length) + HEIGHT + 1,
    });
    const field = make("div", {
      class: "lesson-field",
      role: "slider",
      tabindex: 0,
      "aria-label": words.which,
      "aria-valuemin": 1,
    });
    const told = box("told");
    let centre = pixels / 2; // where the output is that is looked at, in pixels
    let rows = [];

    const output = () => {
      const { cells, span, start } = rows.at(-1);
      return Math.max(0, Math.min(cells - 1, Math.floor((centre - start) / span)));
    };

    function look() {
      const cone = coneOf(rows, output());
      const seen = [...cone[0].keys()];
      const sentence = fill(words.output, {
        n: output() + 1,
        outputs: rows.at(-1).cells,
        first: Math.min(...seen) + 1,
        last: Math.max(...seen) + 1,
      });
      picture.replaceChildren(...drawn(rows, cone, field.clientWidth || 640));
      told.textContent = sentence;
      field.setAttribute("aria-valuemax", rows.at(-1).cells);
      field.setAttribute("aria-valuenow", output() + 1);
      field.setAttribute("aria-valuetext", sentence);
    }

    function to(place) {
      centre = place;
      look();
    }

    on(field, "pointermove pointerdown", ({ clientX }) => {
      const { left, width } = field.getBoundingClientRect();
      to(((clientX - left) / width) * (pixels + 1) - 0.5);
    });
    arrows(field, (down, right) => {
      const { cells, span, start } = rows.at(-1);
      const next = Math.max(0, Math.min(cells - 1, output() + right - down));
      to(start + (next + 0.5) * span);
    });
    new ResizeObserver(look).observe(field);
    field.append(picture);

    function draw() {
      const [sizes, strides] = numbers();
      rows = rowsOf(sizes, strides, pixels);
      look();
      const reach = total(sizes.map((size, n) => (size - 1) * rows[n].span));
      return fill(words.summary, {
        field: reach + 1,
        pixels,
        outputs: rows.at(-1).cells,
        weights: total(sizes.map((size) => (size > 1 ? size * size : 0))),
        one: (reach + 1) ** 2,
      });
    }

    const drawing = box("rows", field, told);
    const code = () => {
      const [sizes, strides] = numbers().map((column) => `[${column.join(", ")}]`);
      return { sizes, strides };
    };
    const grids = columns.map((grid) => grid.element);
    return {
      controls: [make("span", {}, words.title)],
      body: [box("stack", ...grids, drawing)],
      draw,
      code,
    };
  };
}

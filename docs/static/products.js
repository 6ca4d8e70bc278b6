/* Step 5 of the front page: a 3x3 is dragged towards the set of products, its distance at hand. */
"use strict";

(() => {
  const { make, kernelGrid, format } = window.lesson;
  const { steps, data, picture, message, row, button, flat, block } = window.explorable;

  /* The product b * c nearest to a 3x3, by Newton's method from several directions of b, as
  lessonlib.algebra.nearest_product, to which a test holds it. */
  function nearestProduct(kernel) {
    const scale = Math.max(...flat(kernel).map(Math.abs)) || 1;
    const target = flat(kernel).map((value) => value / scale);
    const [best] = peaks(target)
      .map((f) => fitted(target, f, 60))
      .sort((p, q) => p.error - q.error);
    const rows = Array.from(product(best.f), (value) => value * scale);
    return {
      kernel: [0, 3, 6].map((from) => rows.slice(from, from + 3)),
      residual: scale * Math.sqrt(best.error),
    };
  }

  // entry u of b times entry v of c lands on w in the 3x3, all counted row by row
  const LANDS = block(0, 0, 2).flatMap(([i, j], u) =>
    block(0, 0, 2).map(([k, l], v) => ({ u, v, w: 3 * (i + k) + j + l })),
  );

  // directions of b all over the sphere in four dimensions (Roberts's sequence, Hopf's coordinates)
  const directions = Array.from({ length: 200 }, (_, n) => {
    const [p, q, r] = [0.8191725, 0.6710436, 0.5497005].map((step) => (0.5 + n * step) % 1);
    const [near, far] = [Math.sqrt(1 - p), Math.sqrt(p)];
    const [u, v] = [2 * Math.PI * q, 2 * Math.PI * r];
    return [near * Math.cos(u), near * Math.sin(u), far * Math.cos(v), far * Math.sin(v)];
  });

  // b and c to start from: the best of all directions, and the next best ones apart from those
  function peaks(target) {
    const all = directions.map((b) => {
      const f = Float64Array.of(...b, ...partner(target, b));
      return { b, f, error: missed(target, f).error };
    });
    all.sort((p, q) => p.error - q.error);
    const chosen = [];
    for (const one of all) {
      if (chosen.length === 8) break;
      if (chosen.every(({ b }) => Math.abs(dot(b, one.b)) < 0.85)) chosen.push(one);
    }
    return chosen.map(({ f }) => f);
  }

  function product(f) {
    const a = new Float64Array(9);
    for (const { u, v, w } of LANDS) a[w] += f[u] * f[4 + v];
    return a;
  }

  // the c for which b * c is nearest
  function partner(target, b) {
    const normal = new Float64Array(16);
    const right = new Float64Array(4);
    for (const one of LANDS) {
      right[one.v] += b[one.u] * target[one.w];
      for (const other of LANDS) {
        if (one.w === other.w) normal[4 * one.v + other.v] += b[one.u] * b[other.u];
      }
    }
    for (let n = 0; n < 4; n++) normal[5 * n] += 1e-9;
    return solved(normal, right);
  }

  // Newton's steps for |b * c - target|^2 from f, b and c in one, damped until they lead down
  function fitted(target, f, steps) {
    let { r, error } = missed(target, f);
    let damping = 1e-2;
    for (let step = 0; step < steps && damping < 1e9 && error > 1e-26; step++) {
      const { normal, slope } = curvature(f, r);
      for (let n = 0; n < 8; n++) normal[9 * n] += damping;
      const move = solved(normal, slope);
      const next = move && f.map((value, n) => value - move[n]);
      const there = move && missed(target, next);
      if (!move || there.error >= error) {
        damping = Math.max(1e-10, 10 * damping);
        continue;
      }
      const arrived = damping < 1e-4 && error - there.error < 1e-14 * error;
      damping /= 30;
      f = next;
      ({ r, error } = there);
      if (arrived) break;
    }
    return { f, error };
  }

  function missed(target, f) {
    const r = product(f);
    let error = 0;
    for (let w = 0; w < 9; w++) {
      r[w] -= target[w];
      error += r[w] * r[w];
    }
    return { r, error };
  }

  // the second and the first derivative of half the squared error
  function curvature(f, r) {
    const by = Array.from({ length: 8 }, () => new Float64Array(9)); // the derivative of the product
    for (const { u, v, w } of LANDS) {
      by[u][w] += f[4 + v];
      by[4 + v][w] += f[u];
    }
    const normal = new Float64Array(64);
    const slope = new Float64Array(8);
    for (let n = 0; n < 8; n++) {
      slope[n] = dot(by[n], r);
      for (let m = 0; m < 8; m++) normal[8 * n + m] = dot(by[n], by[m]);
    }
    for (const { u, v, w } of LANDS) {
      normal[8 * u + 4 + v] += r[w];
      normal[8 * (4 + v) + u] += r[w];
    }
    return { normal, slope };
  }

  function dot(p, q) {
    let sum = 0;
    for (let n = 0; n < p.length; n++) sum += p[n] * q[n];
    return sum;
  }

  // x with matrix x = right, by Gauss, in place; null unless the symmetric matrix bends upwards
  function solved(matrix, right) {
    const size = right.length;
    for (let n = 0; n < size; n++) {
      if (!(matrix[size * n + n] > 0)) return null;
      for (let m = n + 1; m < size; m++) {
        const factor = matrix[size * m + n] / matrix[size * n + n];
        for (let k = n; k < size; k++) matrix[size * m + k] -= factor * matrix[size * n + k];
        right[m] -= factor * right[n];
      }
    }
    for (let n = size - 1; n >= 0; n--) {
      for (let k = n + 1; k < size; k++) right[n] -= matrix[size * n + k] * right[k];
      right[n] /= matrix[size * n + n];
    }
    return right;
  }

  const percent = (share) => (share < 0.0005 ? "0%" : `${(100 * share).toFixed(1)}%`);

  function products(root) {
    const { element, say } = message();
    const { edge, corner, named, map } = data.plane;
    const a = kernelGrid({ name: "A", kernel: onPlane(...named["box blur"]), say, change: draw });
    const near = picture("the nearest product", a.kernel);
    const meter = make("div", { class: "ex-meter", "aria-hidden": "true" }, make("div"));
    const dot = make("div", {
      class: "ex-dot",
      role: "slider",
      tabindex: 0,
      "aria-label": "A in the plane",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      keydown,
    });
    const marks = Object.entries(named).map(([name, [e, c]]) => {
      const mark = make(
        "button",
        { type: "button", class: "ex-mark", click: () => to(e, c) },
        name,
      );
      mark.classList.toggle("left", e < 0 || e > 0.8);
      return at(mark, e, c);
    });
    const field = make(
      "div",
      { class: "ex-map", style: `background-image: url(${map})`, pointerdown, pointermove },
      ridge(),
      ...marks,
      dot,
    );

    // where the products are: corners = edges squared up to the binomial blur, beyond it they stay
    function ridge() {
      const points = [edge[0], ...Array.from({ length: 41 }, (_, n) => (n - 20) / 40), edge[1]];
      const path = points.map((e) => `${e},${-Math.min(e * e, 0.25)}`).join(" ");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      line.setAttribute(
        "viewBox",
        [edge[0], -corner[1], edge[1] - edge[0], corner[1] - corner[0]].join(" "),
      );
      line.setAttribute("aria-hidden", "true");
      line.innerHTML = `<polyline points="${path}"/>`;
      return line;
    }

    function onPlane(e, c) {
      return [
        [c, e, c],
        [e, 1, e],
        [c, e, c],
      ];
    }

    // puts an element at its place on the map
    function at(mark, e, c) {
      mark.style.left = `${(100 * (e - edge[0])) / (edge[1] - edge[0])}%`;
      mark.style.top = `${(100 * (corner[1] - c)) / (corner[1] - corner[0])}%`;
      return mark;
    }

    function to(e, c) {
      const within = (value, [low, high]) => Math.max(low, Math.min(high, value));
      a.set(onPlane(within(e, edge), within(c, corner)));
      draw();
    }

    // the place of A on the map, or null; a kernel times a number is as far away
    function place() {
      const [[c, e], [, middle]] = a.kernel;
      const there = onPlane(e / middle, c / middle);
      const same =
        middle !== 0 &&
        flat(there).every((value, n) => Math.abs(value - flat(a.kernel)[n] / middle) < 1e-9);
      return same ? [e / middle, c / middle] : null;
    }

    function draw() {
      const { kernel, residual } = nearestProduct(a.kernel);
      const share = residual / (Math.hypot(...flat(a.kernel)) || 1);
      near.show(kernel);
      meter.firstChild.style.width = percent(share);
      const found = place();
      dot.classList.toggle("away", !found);
      if (found) at(dot, ...found);
      dot.setAttribute("aria-valuenow", (100 * share).toFixed(1));
      const where = found
        ? `edges ${format(found[0])}, corners ${format(found[1])}`
        : "not in this plane";
      dot.setAttribute("aria-valuetext", `${where}: ${percent(share)} missed`);
      say(
        share < 0.0005
          ? "A is a product: B and C make all of it."
          : `The nearest product misses ${percent(share)} of A.`,
      );
    }

    function pointerdown(event) {
      if (event.target.closest(".ex-mark")) return;
      field.setPointerCapture(event.pointerId);
      dot.focus({ preventScroll: true });
      event.preventDefault();
      drag(event);
    }

    function pointermove(event) {
      if (field.hasPointerCapture(event.pointerId)) drag(event);
    }

    function drag(event) {
      const { left, top, width, height } = field.getBoundingClientRect();
      const round = (value) => Math.round(100 * value) / 100;
      to(
        round(edge[0] + ((event.clientX - left) / width) * (edge[1] - edge[0])),
        round(corner[1] - ((event.clientY - top) / height) * (corner[1] - corner[0])),
      );
    }

    function keydown(event) {
      const [right, up] = {
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1],
      }[event.key] ?? [0, 0];
      const [e, c] = place() ?? [0, 0];
      if (!right && !up) return;
      event.preventDefault();
      to(Math.round(20 * e + right) / 20, Math.round(20 * c + up) / 20);
    }

    const random = () =>
      Array.from({ length: 3 }, () =>
        Array.from({ length: 3 }, () => Math.round(40 * Math.random() - 20) / 10),
      );
    root.replaceChildren(
      row(
        make(
          "div",
          { class: "ex-plane" },
          field,
          make("div", { class: "ex-axes" }, "edges →, corners ↑, middle 1; white: products"),
        ),
        make("div", { class: "ex-column" }, a.element, near.element),
      ),
      meter,
      element,
      make(
        "div",
        { class: "ex-controls" },
        button("Go to the nearest product", () => {
          a.set(nearestProduct(a.kernel).kernel);
          draw();
        }),
        button("A random 3x3", () => {
          a.set(random());
          draw();
        }),
      ),
    );
    draw();
  }

  steps.products = products;
  window.explorable.nearestProduct = nearestProduct;
})();

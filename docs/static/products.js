/* Step 5 of the front page: a 3x3 is dragged towards the set of products, its distance at hand. */
"use strict";

(() => {
  const { make, kernelGrid, format } = window.lesson;
  const { steps, data, picture, message, row, button, flat, block } = window.explorable;

  /* The product b * c nearest to a 3x3, by Levenberg and Marquardt from several directions of b, as
  lessonlib.algebra.nearest_product, which a test holds it to. */
  function nearestProduct(kernel) {
    const scale = Math.max(...flat(kernel).map(Math.abs)) || 1;
    const target = flat(kernel).map((value) => value / scale);
    const best = directions.map((b) => fitted(target, [...b, ...partner(target, b)], 12)).sort((p, q) => p.error - q.error)
      .slice(0, 4).map(({ f }) => fitted(target, f, 150)).sort((p, q) => p.error - q.error)[0];
    const rows = product(best.f).map((value) => value * scale);
    return { kernel: [0, 3, 6].map((from) => rows.slice(from, from + 3)), residual: scale * Math.sqrt(best.error) };
  }

  // where entry u of b times entry v of c lands in the 3x3, counted row by row
  const LANDS = block(0, 0, 2).map(([i, j]) => block(0, 0, 2).map(([k, l]) => 3 * (i + k) + j + l));

  // over the half sphere of b: b and -b are one direction
  const directions = [];
  for (const p of [0.35, 0.8, 1.25]) {
    for (let m = 0; m < 8; m++) {
      const [u, v] = [(m * Math.PI) / 4, (m * 3 * Math.PI) / 4 + p];
      directions.push([Math.cos(p) * Math.cos(u), Math.cos(p) * Math.sin(u), Math.sin(p) * Math.cos(v), Math.sin(p) * Math.sin(v)]);
    }
  }

  function product(f) {
    const a = new Array(9).fill(0);
    LANDS.forEach((line, u) => line.forEach((w, v) => { a[w] += f[u] * f[4 + v]; }));
    return a;
  }

  // the c for which b * c is nearest
  function partner(target, b) {
    const gram = Array.from({ length: 4 }, (_, v) => Array.from({ length: 4 }, (_, w) => (v === w ? 1e-9 : 0)));
    const right = new Array(4).fill(0);
    for (let place = 0; place < 9; place++) {
      const reach = [0, 0, 0, 0];
      LANDS.forEach((line, u) => line.forEach((w, v) => { if (w === place) reach[v] += b[u]; }));
      reach.forEach((p, v) => { right[v] += p * target[place]; reach.forEach((q, w) => { gram[v][w] += p * q; }); });
    }
    return solved(gram, right);
  }

  function fitted(target, f, steps) {
    const missed = (g) => product(g).map((value, w) => value - target[w]);
    const squares = (r) => r.reduce((sum, value) => sum + value * value, 0);
    let r = missed(f);
    let error = squares(r);
    let damping = 1e-3;
    for (let step = 0; step < steps && damping < 1e9 && error > 1e-26; step++) {
      const by = Array.from({ length: 8 }, () => new Array(9).fill(0)); // the derivative of the product
      LANDS.forEach((line, u) => line.forEach((w, v) => { by[u][w] += f[4 + v]; by[4 + v][w] += f[u]; }));
      const normal = by.map((p, n) => by.map((q, m) => dot(p, q) + (n === m ? damping : 0)));
      const move = solved(normal, by.map((p) => dot(p, r)));
      const next = f.map((value, n) => value - move[n]);
      const rest = missed(next);
      const lower = squares(rest);
      damping *= lower < error ? 0.2 : 8;
      if (lower < error) [f, r, error] = [next, rest, lower];
    }
    return { f, error };
  }

  const dot = (p, q) => p.reduce((sum, value, n) => sum + value * q[n], 0);

  // matrix x = right, by Gauss; the matrix is positive definite, so no row changes places
  function solved(matrix, right) {
    const rows = matrix.map((line, n) => [...line, right[n]]);
    rows.forEach((pivot, n) => {
      for (const line of rows.slice(n + 1)) {
        const factor = line[n] / pivot[n];
        for (let m = n; m < line.length; m++) line[m] -= factor * pivot[m];
      }
    });
    const x = new Array(right.length).fill(0);
    for (let n = x.length - 1; n >= 0; n--) {
      const known = rows[n].slice(0, -1).reduce((sum, value, m) => sum + value * x[m], 0);
      x[n] = (rows[n].at(-1) - known) / rows[n][n];
    }
    return x;
  }

  const percent = (share) => (share < 0.0005 ? "0%" : `${(100 * share).toFixed(1)}%`);

  function products(root) {
    const { element, say } = message();
    const { edge, corner, named, map } = data.plane;
    const a = kernelGrid({ name: "A", kernel: onPlane(...named["box blur"]), say, change: draw });
    const near = picture("the nearest product", a.kernel);
    const meter = make("div", { class: "ex-meter", "aria-hidden": "true" }, make("div"));
    const dot = make("div", { class: "ex-dot", role: "slider", tabindex: 0, "aria-label": "A in the plane", "aria-valuemin": 0, "aria-valuemax": 100, keydown });
    const marks = Object.entries(named).map(([name, [e, c]]) => {
      const mark = make("button", { type: "button", class: "ex-mark", click: () => to(e, c) }, name);
      mark.classList.toggle("left", e < 0 || e > 0.8);
      return at(mark, e, c);
    });
    const field = make("div", { class: "ex-map", style: `background-image: url(${map})`, pointerdown, pointermove }, ridge(), ...marks, dot);

    // where the products are: corners = edges squared up to the binomial blur, beyond it they stay
    function ridge() {
      const points = [edge[0], ...Array.from({ length: 41 }, (_, n) => (n - 20) / 40), edge[1]];
      const path = points.map((e) => `${e},${-Math.min(e * e, 0.25)}`).join(" ");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      line.setAttribute("viewBox", [edge[0], -corner[1], edge[1] - edge[0], corner[1] - corner[0]].join(" "));
      line.setAttribute("aria-hidden", "true");
      line.innerHTML = `<polyline points="${path}"/>`;
      return line;
    }

    function onPlane(e, c) {
      return [[c, e, c], [e, 1, e], [c, e, c]];
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
      const same = middle !== 0 && flat(there).every((value, n) => Math.abs(value - flat(a.kernel)[n] / middle) < 1e-9);
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
      const where = found ? `edges ${format(found[0])}, corners ${format(found[1])}` : "not in this plane";
      dot.setAttribute("aria-valuetext", `${where}: ${percent(share)} missed`);
      say(share < 0.0005 ? "A is a product: B and C make all of it." : `The nearest product misses ${percent(share)} of A.`);
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
      to(round(edge[0] + ((event.clientX - left) / width) * (edge[1] - edge[0])),
        round(corner[1] - ((event.clientY - top) / height) * (corner[1] - corner[0])));
    }

    function keydown(event) {
      const [right, up] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
      const [e, c] = place() ?? [0, 0];
      if (!right && !up) return;
      event.preventDefault();
      to(Math.round(20 * e + right) / 20, Math.round(20 * c + up) / 20);
    }

    const random = () => Array.from({ length: 3 }, () => Array.from({ length: 3 }, () => Math.round(40 * Math.random() - 20) / 10));
    root.replaceChildren(
      row(make("div", { class: "ex-plane" }, field, make("div", { class: "ex-axes" }, "edges →, corners ↑, middle 1; white: products")),
        make("div", { class: "ex-column" }, a.element, near.element)),
      meter, element,
      make("div", { class: "ex-controls" },
        button("Go to the nearest product", () => { a.set(near.kernel.map((line) => [...line])); draw(); }),
        button("A random 3x3", () => { a.set(random()); draw(); })));
    draw();
  }

  steps.products = products;
  window.explorable.nearestProduct = nearestProduct;
})();

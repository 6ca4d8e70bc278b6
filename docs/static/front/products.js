/* Step 5: a 3x3 is dragged towards the set of products, its distance at hand. */
"use strict";

{
  const { make, svg, on, kernelGrid, format, arrows } = window.lesson;
  const { steps, data, group, row, button, message, picture } = window.explorable;
  const { flat, nearestProduct } = window.explorable;
  const { edge, corner, named, map } = data.plane; // edges go across, corners up
  const percent = (share) => (share < 0.0005 ? "0%" : `${(100 * share).toFixed(1)}%`);
  const within = (value, [low, high]) => Math.max(low, Math.min(high, value));

  const onPlane = (e, c) => [
    [c, e, c],
    [e, 1, e],
    [c, e, c],
  ];

  // the place of a kernel on the map, or null; a kernel times a number is as far away
  function place(kernel) {
    const [[c, e], [, middle]] = kernel;
    if (middle === 0) return null;
    const there = flat(onPlane(e / middle, c / middle));
    const same = flat(kernel).every((value, n) => Math.abs(there[n] - value / middle) < 1e-9);
    return same ? [e / middle, c / middle] : null;
  }

  // puts an element at its place on the map
  function at(mark, e, c) {
    mark.style.left = `${(100 * (e - edge[0])) / (edge[1] - edge[0])}%`;
    mark.style.top = `${(100 * (corner[1] - c)) / (corner[1] - corner[0])}%`;
    return mark;
  }

  // where the products are: corners = edges squared up to the binomial blur, beyond it they stay
  function ridge() {
    const edges = [edge[0], ...Array.from({ length: 41 }, (_, n) => (n - 20) / 40), edge[1]];
    const points = edges.map((e) => `${e},${-Math.min(e * e, 0.25)}`).join(" ");
    const viewBox = [edge[0], -corner[1], edge[1] - edge[0], corner[1] - corner[0]].join(" ");
    return svg("svg", { viewBox, "aria-hidden": "true" }, svg("polyline", { points }));
  }

  function random() {
    const number = () => Math.round(40 * Math.random() - 20) / 10;
    return [0, 1, 2].map(() => [0, 1, 2].map(number));
  }

  steps.products = (root) => {
    const { element, say } = message();
    const a = kernelGrid({ name: "A", kernel: onPlane(...named["box blur"]), say, change: draw });
    const near = picture("the nearest product", a.kernel);
    const bar = make("div");
    const meter = make("div", { class: "ex-meter", "aria-hidden": "true" }, bar);
    const dot = make("div", {
      class: "ex-dot",
      role: "slider",
      tabindex: 0,
      "aria-label": "A in the plane",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    const marks = Object.entries(named).map(([name, [e, c]]) => {
      const mark = button(name, () => to(e, c));
      mark.className = e < 0 || e > 0.8 ? "ex-mark left" : "ex-mark";
      return at(mark, e, c);
    });
    const field = group("map", ridge(), ...marks, dot);
    field.style.backgroundImage = `url(${map})`;

    function set(kernel) {
      a.set(kernel);
      draw();
    }

    function to(e, c) {
      set(onPlane(within(e, edge), within(c, corner)));
    }

    function draw() {
      const { kernel, residual } = nearestProduct(a.kernel);
      const share = residual / (Math.hypot(...flat(a.kernel)) || 1);
      near.show(kernel);
      bar.style.width = percent(share);
      const found = place(a.kernel);
      dot.classList.toggle("away", !found);
      if (found) at(dot, ...found);
      const where = found
        ? `edges ${format(found[0])}, corners ${format(found[1])}`
        : "not in this plane";
      dot.setAttribute("aria-valuenow", (100 * share).toFixed(1));
      dot.setAttribute("aria-valuetext", `${where}: ${percent(share)} missed`);
      if (share < 0.0005) say("A is a product: B and C make all of it.");
      else say(`The nearest product misses ${percent(share)} of A.`);
    }

    function drag({ clientX, clientY }) {
      const { left, top, width, height } = field.getBoundingClientRect();
      const e = edge[0] + ((clientX - left) / width) * (edge[1] - edge[0]);
      const c = corner[1] - ((clientY - top) / height) * (corner[1] - corner[0]);
      to(Math.round(100 * e) / 100, Math.round(100 * c) / 100);
    }

    on(field, "pointerdown", (event) => {
      if (event.target.closest(".ex-mark")) return;
      field.setPointerCapture(event.pointerId);
      dot.focus({ preventScroll: true });
      event.preventDefault();
      drag(event);
    });
    on(field, "pointermove", (event) => {
      if (field.hasPointerCapture(event.pointerId)) drag(event);
    });
    arrows(dot, (down, right) => {
      const [e, c] = place(a.kernel) ?? [0, 0];
      to(Math.round(20 * e + right) / 20, Math.round(20 * c - down) / 20);
    });

    const axes = group("axes", "edges →, corners ↑, middle 1; white: products");
    root.replaceChildren(
      row(group("plane", field, axes), group("column", a.element, near.element)),
      meter,
      element,
      group(
        "controls",
        button("Go to the nearest product", () => set(nearestProduct(a.kernel).kernel)),
        button("A random 3x3", () => set(random())),
      ),
    );
    draw();
  };
}

/* Step 7: the recorded runs as races, one seed after the other. */
"use strict";

{
  const { make, svg, options, labelled } = window.lesson;
  const { steps, data, group, message, button } = window.explorable;
  const SECONDS = 3; // that a race takes
  const HEIGHT = 300;
  const [LEFT, TOP, BOTTOM] = [40, 12, 28]; // room for the axes
  const COLUMN = 22; // of dots, one for each arm
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  steps.race = (root) => {
    const { element, say } = message();
    const questions = Object.keys(data.races);
    let arms = data.races[questions[0]];
    let seed = -1; // of the race on show
    let running = 0;
    let shown = 0; // the epoch that the curves have come to
    const chart = svg("svg", {
      role: "img",
      class: "ex-race",
      "aria-label":
        "Validation accuracy by epoch, a curve for each arm; beside it a dot for each race so far",
    });
    const legend = make("ul", { class: "ex-legend" });
    const go = button("", start);
    const menu = make("select", { change: () => choose(menu.value) }, ...options(questions));

    const epochs = arms[0].accuracies[0].length;
    const dots = COLUMN * (arms.length + 1);
    let width = 640;
    const across = (epoch) => LEFT + ((epoch - 1) / (epochs - 1)) * (width - LEFT - dots);
    let [low, high] = [0, 1];
    const up = (accuracy) => TOP + ((high - accuracy) / (high - low)) * (HEIGHT - TOP - BOTTOM);

    function choose(question) {
      cancelAnimationFrame(running);
      arms = data.races[question];
      seed = -1;
      const all = arms.flatMap((arm) => arm.accuracies.flat());
      [low, high] = [Math.floor(Math.min(...all) / 50) * 50, Math.ceil(Math.max(...all) / 10) * 10];
      legend.replaceChildren(...arms.map(named));
      show(0);
    }

    function start() {
      const races = arms[0].accuracies.length;
      cancelAnimationFrame(running);
      seed = (seed + 1) % races;
      const begun = performance.now();
      const step = (now) => {
        const share = calm.matches ? 1 : Math.min(1, Math.max(0, now - begun) / (1000 * SECONDS));
        show(1 + share * (epochs - 1));
        if (share < 1) running = requestAnimationFrame(step);
      };
      running = requestAnimationFrame(step);
    }

    // the part of a race up to that epoch, which may lie between two
    function run(accuracies, epoch) {
      const whole = Math.floor(epoch);
      const points = accuracies.slice(0, whole).map((accuracy, n) => [n + 1, accuracy]);
      const [before, after] = accuracies.slice(whole - 1);
      if (epoch > whole) points.push([epoch, before + (epoch - whole) * (after - before)]);
      return points;
    }

    function show(epoch) {
      shown = epoch;
      width = Math.min(760, root.clientWidth || width);
      chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
      chart.replaceChildren(...axes());
      const over = epoch === epochs;
      const races = over ? seed + 1 : Math.max(0, seed);
      arms.forEach((arm, n) => {
        if (seed >= 0) chart.append(...curve(arm, run(arm.accuracies[seed], epoch)));
        chart.append(
          ...arm.accuracies
            .slice(0, races)
            .map((accuracies, k) => dot(arm, n, accuracies, over && k === seed)),
        );
      });
      go.textContent = seed < 0 ? "Race" : "Race again, another seed";
      if (seed < 0) say("Nobody has run yet.");
      else if (over) say(told());
    }

    // the result of one race
    function dot(arm, n, accuracies, latest) {
      const place = { cx: width - dots + COLUMN * (n + 1.25), cy: up(accuracies.at(-1)) };
      return svg("circle", {
        ...place,
        r: latest ? 5 : 3.5,
        fill: arm.color,
        opacity: latest ? 1 : 0.45,
      });
    }

    const text = (x, y, anchor, words) => svg("text", { x, y, "text-anchor": anchor }, words);

    function axes() {
      const lines = [];
      for (let accuracy = low; accuracy <= high; accuracy += 50) {
        const y = up(accuracy);
        lines.push(svg("line", { x1: LEFT, x2: width, y1: y, y2: y, class: "ex-line" }));
        lines.push(text(LEFT - 6, y + 4, "end", `${accuracy / 10}%`));
      }
      const below = (x, words) => text(x, HEIGHT - 8, "middle", words);
      for (let epoch = 1; epoch <= epochs; epoch++)
        lines.push(below(across(epoch), epoch === 1 ? "epoch 1" : epoch));
      return [...lines, below(width - dots / 2 + 4, "all races")];
    }

    const stroke = ({ color, dash }) => ({
      stroke: color,
      "stroke-width": 2.5,
      "stroke-dasharray": dash,
    });

    function curve(arm, points) {
      const path = points.map(([epoch, accuracy]) => [across(epoch), up(accuracy)]);
      const [cx, cy] = path.at(-1);
      const line = svg("polyline", { points: path.join(" "), fill: "none", ...stroke(arm) });
      return [line, svg("circle", { cx, cy, r: 5, fill: arm.color })];
    }

    function named(arm) {
      const line = svg("line", { x1: 0, x2: 34, y1: 6, y2: 6, ...stroke(arm) });
      const sample = svg("svg", { width: 34, height: 12, "aria-hidden": "true" }, line);
      return make("li", {}, sample, ` ${arm.short}`);
    }

    const last = (arm, k) => arm.accuracies[k].at(-1);

    function told() {
      const order = [...arms].sort((p, q) => last(q, seed) - last(p, seed));
      const result = order
        .map((arm) => `${arm.short} ${(last(arm, seed) / 10).toFixed(1)}%`)
        .join("; ");
      const seeds = Array.from({ length: seed + 1 }, (_, k) => k);
      const won = (arm) => (k) => arms.every((other) => last(other, k) <= last(arm, k));
      const first = arms.map((arm) => `${arm.short} ${seeds.filter(won(arm)).length}`).join("; ");
      return `Race ${seed + 1}. ${result}. How often each came first so far: ${first}.`;
    }

    root.replaceChildren(legend, chart, element, group("controls", go, labelled("runs", menu)));
    choose(questions[0]);
    addEventListener("resize", () => show(shown));
  };
}

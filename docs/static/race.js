/* Step 7 of the front page: the recorded runs as races, one seed after the other. */
"use strict";

(() => {
  const { make } = window.lesson;
  const { steps, data, message, button } = window.explorable;
  const SECONDS = 3; // that a race takes
  const HEIGHT = 300;
  const [LEFT, TOP, BOTTOM] = [40, 12, 28]; // room for the axes
  const COLUMN = 22; // of dots, one for each arm
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  function svg(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function race(root) {
    const { element, say } = message();
    const questions = Object.keys(data.races);
    let arms = data.races[questions[0]];
    let seed = -1; // of the race on show
    let running = 0;
    let shown = 0; // the epoch that the curves have come to
    const chart = svg("svg", { role: "img", class: "ex-race" });
    const legend = make("ul", { class: "ex-legend" });
    const go = button("", start);
    const menu = make(
      "select",
      { change: () => choose(menu.value) },
      ...questions.map((name) => make("option", {}, name)),
    );

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
      if (epoch > whole)
        points.push([
          epoch,
          accuracies[whole - 1] + (epoch - whole) * (accuracies[whole] - accuracies[whole - 1]),
        ]);
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

    function axes() {
      const lines = [];
      for (let accuracy = low; accuracy <= high; accuracy += 50) {
        lines.push(
          svg("line", {
            x1: LEFT,
            x2: width,
            y1: up(accuracy),
            y2: up(accuracy),
            class: "ex-line",
          }),
          svg(
            "text",
            { x: LEFT - 6, y: up(accuracy) + 4, "text-anchor": "end" },
            `${accuracy / 10}%`,
          ),
        );
      }
      for (let epoch = 1; epoch <= epochs; epoch++) {
        lines.push(
          svg(
            "text",
            { x: across(epoch), y: HEIGHT - 8, "text-anchor": "middle" },
            epoch === 1 ? "epoch 1" : epoch,
          ),
        );
      }
      return [
        ...lines,
        svg(
          "text",
          { x: width - dots / 2 + 4, y: HEIGHT - 8, "text-anchor": "middle" },
          "all races",
        ),
      ];
    }

    function curve(arm, points) {
      const path = points.map(([epoch, accuracy]) => [across(epoch), up(accuracy)]);
      const [cx, cy] = path.at(-1);
      const look = {
        fill: "none",
        stroke: arm.color,
        "stroke-width": 2.5,
        "stroke-dasharray": arm.dash,
      };
      return [
        svg("polyline", { points: path.join(" "), ...look }),
        svg("circle", { cx, cy, r: 5, fill: arm.color }),
      ];
    }

    function named(arm) {
      const sample = svg("svg", { width: 34, height: 12, "aria-hidden": "true" });
      sample.append(
        svg("line", {
          x1: 0,
          x2: 34,
          y1: 6,
          y2: 6,
          stroke: arm.color,
          "stroke-width": 2.5,
          "stroke-dasharray": arm.dash,
        }),
      );
      return make("li", {}, sample, ` ${arm.short}`);
    }

    const last = (arm, k) => arm.accuracies[k].at(-1);

    function told() {
      const order = [...arms].sort((p, q) => last(q, seed) - last(p, seed));
      const result = order
        .map((arm) => `${arm.short} ${(last(arm, seed) / 10).toFixed(1)}%`)
        .join("; ");
      const wins = arms.map(
        (arm) =>
          arm.accuracies
            .slice(0, seed + 1)
            .filter((_, k) => arms.every((other) => last(other, k) <= last(arm, k))).length,
      );
      const first = arms.map((arm, n) => `${arm.short} ${wins[n]}`).join("; ");
      return `Race ${seed + 1}. ${result}. How often each came first so far: ${first}.`;
    }

    root.replaceChildren(
      legend,
      chart,
      element,
      make("div", { class: "ex-controls" }, go, make("label", {}, "runs ", menu)),
    );
    chart.setAttribute(
      "aria-label",
      "Validation accuracy by epoch, a curve for each arm; beside it a dot for each race so far",
    );
    choose(questions[0]);
    addEventListener("resize", () => show(shown));
  }

  steps.race = race;
})();

/* Notebook 09's trained pair on a photo, in the page: as it was trained, and merged. */
"use strict";

{
  const { make, fill, total, paint, photoMenu } = window.lesson;
  const { read, merged, count, answer } = window.network;
  let pair; // a promise of its layers, once they are asked for

  function fetched(file) {
    const source = new URL(file, document.querySelector("script[src*='network.js']").src);
    pair ??= new Promise((done, failed) => {
      const script = make("script", { src: source });
      script.onload = () => done(read(window.trainedPair));
      script.onerror = () => {
        pair = undefined;
        failed(new Error(file));
      };
      document.head.append(script);
    });
    return pair;
  }

  function shares(logits) {
    const powers = logits.map((value) => Math.exp(value - Math.max(...logits)));
    return powers.map((value) => value / total(powers));
  }

  function live(root) {
    const state = JSON.parse(root.querySelector("script").textContent);
    const { words, breeds } = state;
    const message = make("p", { class: "lesson-message", role: "status" });
    const canvas = make("canvas", {
      role: "img",
      "aria-label": "the photo",
      class: "network-photo",
    });
    const table = root.querySelector("table");
    const chooser = photoMenu(state, show, say);

    function say(text) {
      message.textContent = text;
    }

    async function show() {
      const { picture } = chooser.photo;
      paint(canvas, picture);
      say(words.loading);
      try {
        const trained = await fetched(state.file);
        const ways = [trained, merged(trained)];
        const logits = ways.map((layers) => answer(layers, picture, state));
        list(ways.map(count), logits.map(shares));
        say(told(...logits));
      } catch {
        say(words.missing);
      }
    }

    // each breed with its share by the pair and by the merged network, the pair's first choice first
    function list([many, few], [p, q]) {
      const heads = ["breed", `the pair, ${many} layers`, `merged, ${few} layers`];
      const columns = heads.map((text) => make("th", { scope: "col" }, text));
      const row = (n) =>
        make("tr", {}, make("th", { scope: "row" }, breeds[n]), bar(p[n]), bar(q[n]));
      const order = [...breeds.keys()].sort((m, n) => p[n] - p[m]);
      const head = make("thead", {}, make("tr", {}, ...columns));
      table.replaceChildren(head, make("tbody", {}, ...order.map(row)));
    }

    function told(logits, others) {
      const best = (numbers) => breeds[numbers.indexOf(Math.max(...numbers))];
      const [breed, other] = [best(logits), best(others)];
      const apart = Math.max(...logits.map((value, n) => Math.abs(value - others[n])));
      const sentence = breed === other ? words.same : words.another;
      return fill(sentence, { breed, other, difference: apart.toExponential(0) });
    }

    function bar(share) {
      const text = `${(100 * share).toFixed(1)}%`;
      return make("td", { class: "network-share", style: `--share: ${share}` }, text);
    }

    const run = make("button", { type: "button", click: show }, words.run);
    root.replaceChildren(
      make("div", { class: "lesson-controls" }, ...chooser.elements, run),
      make("div", { class: "network" }, canvas, table),
      message,
    );
    paint(canvas, chooser.photo.picture);
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("[data-live=network]").forEach(live),
  );
}

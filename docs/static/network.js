/* Notebook 09's trained pair, run in the page: as it was trained, and merged.

A plain script after play.js. The network's layers and numbers are in a script of their own, which
network.py writes and this one fetches when a photo is chosen. A picture between two layers is
{channels, height, width, data}, channel by channel, row by row.
*/
"use strict";

window.network = (() => {
  // --- its numbers ---

  function bytes(base64) {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
  }

  function half(bits) {
    const size = bits & 0x7fff;
    const value =
      size < 0x400 ? size * 2 ** -24 : (1 + (size & 0x3ff) / 1024) * 2 ** ((size >> 10) - 15);
    return bits & 0x8000 ? -value : value;
  }

  // a function that gives the next so many of the numbers
  function inOrder(numbers) {
    let start = 0;
    return (count) => {
      start += count;
      return numbers.subarray(start - count, start);
    };
  }

  /* The layers with their numbers: convolutions as {kind, out, in, k, stride, pad, weight, shift}. */
  function read({ layers, kernels, vectors }) {
    const kernel = inOrder(Float64Array.from(new Uint16Array(bytes(kernels)), half));
    const vector = inOrder(Float64Array.from(new Float32Array(bytes(vectors))));
    const layer = ([kind, ...sizes]) => {
      if (kind === "block") return { kind, path: sizes[0].map(layer), skip: sizes[1].map(layer) };
      if (kind === "norm") return { kind, scale: vector(sizes[0]), shift: vector(sizes[0]) };
      if (kind === "linear")
        return { kind, weight: kernel(sizes[0] * sizes[1]), shift: vector(sizes[0]) };
      if (kind !== "conv") return { kind };
      const [out, into, side, stride, pad] = sizes;
      return {
        kind,
        out,
        into,
        side,
        stride,
        pad,
        weight: kernel(out * into * side * side),
        shift: new Float64Array(out),
      };
    };
    return layers.map(layer);
  }

  // --- what a layer does ---

  const LAYERS = {
    conv(x, { out, into, side, stride, pad, weight, shift }) {
      const from = padded(x, pad);
      const height = Math.floor((from.height - side) / stride) + 1;
      const width = Math.floor((from.width - side) / stride) + 1;
      const y = blank(out, height, width);
      for (let o = 0; o < out; o++) {
        y.data.fill(shift[o], o * height * width, (o + 1) * height * width);
        for (let i = 0; i < into; i++) {
          for (let tap = 0; tap < side * side; tap++) {
            const w = weight[(o * into + i) * side * side + tap];
            const row = Math.floor(tap / side);
            for (let h = 0; h < height; h++) {
              let at = (i * from.height + h * stride + row) * from.width + (tap % side);
              const to = (o * height + h) * width;
              for (let j = 0; j < width; j++, at += stride) y.data[to + j] += w * from.data[at];
            }
          }
        }
      }
      return y;
    },
    norm(x, { scale, shift }) {
      const size = x.height * x.width;
      return {
        ...x,
        data: x.data.map(
          (value, n) => scale[Math.floor(n / size)] * value + shift[Math.floor(n / size)],
        ),
      };
    },
    relu: (x) => ({ ...x, data: x.data.map((value) => Math.max(0, value)) }),
    block(x, { path, skip }) {
      const [a, b] = [forward(path, x), forward(skip, x)];
      return { ...a, data: a.data.map((value, n) => value + b.data[n]) };
    },
    maxpool: (x) => pooled(x, 3, 1, (values) => Math.max(...values)), // never below 0: a ReLU came before
    avgpool: (x) =>
      pooled(x, 2, 0, (values) => values.reduce((sum, value) => sum + value) / values.length),
    mean(x) {
      const size = x.height * x.width;
      const y = blank(x.channels, 1, 1);
      x.data.forEach((value, n) => {
        y.data[Math.floor(n / size)] += value / size;
      });
      return y;
    },
    flatten: (x) => x,
    linear(x, { weight, shift }) {
      const y = blank(shift.length, 1, 1);
      shift.forEach((start, o) => {
        y.data[o] = x.data.reduce(
          (sum, value, i) => sum + weight[o * x.channels + i] * value,
          start,
        );
      });
      return y;
    },
  };

  function blank(channels, height, width) {
    return { channels, height, width, data: new Float64Array(channels * height * width) };
  }

  function padded(x, pad) {
    if (!pad) return x;
    const y = blank(x.channels, x.height + 2 * pad, x.width + 2 * pad);
    for (let row = 0; row < x.channels * x.height; row++) {
      const line = x.data.subarray(row * x.width, (row + 1) * x.width);
      const channel = Math.floor(row / x.height);
      y.data.set(line, (channel * y.height + (row % x.height) + pad) * y.width + pad);
    }
    return y;
  }

  function pooled(x, side, pad, of) {
    const from = padded(x, pad);
    const y = blank(
      x.channels,
      Math.floor((from.height - side) / 2) + 1,
      Math.floor((from.width - side) / 2) + 1,
    );
    y.data.forEach((_, n) => {
      const j = n % y.width;
      const row = Math.floor(n / y.width);
      const start =
        (Math.floor(row / y.height) * from.height + 2 * (row % y.height)) * from.width + 2 * j;
      const values = [];
      for (let u = 0; u < side; u++)
        for (let v = 0; v < side; v++) values.push(from.data[start + u * from.width + v]);
      y.data[n] = of(values);
    });
    return y;
  }

  function forward(layers, x) {
    return layers.reduce((now, layer) => LAYERS[layer.kind](now, layer), x);
  }

  // --- the pair merged: chains of convolutions and their BatchNorm become one convolution ---

  function merged(layers) {
    const result = [];
    for (const layer of layers) {
      const before = result.at(-1);
      if (layer.kind === "block")
        result.push({ ...layer, path: merged(layer.path), skip: merged(layer.skip) });
      else if (before?.kind === "conv" && layer.kind === "conv")
        result.push(composed(result.pop(), layer));
      else if (before?.kind === "conv" && layer.kind === "norm")
        result.push(folded(result.pop(), layer));
      else result.push(layer);
    }
    return result;
  }

  // A[o, i, w] = sum over m and over u + v = w of C[o, m, u] B[m, i, v]; all padding is B's, all stride C's
  function composed(b, c) {
    const side = b.side + c.side - 1;
    const weight = new Float64Array(c.out * b.into * side * side);
    for (let o = 0; o < c.out; o++) {
      for (let m = 0; m < b.out; m++) {
        for (let u = 0; u < c.side * c.side; u++) {
          const factor = c.weight[(o * b.out + m) * c.side * c.side + u];
          for (let i = 0; i < b.into; i++) {
            for (let v = 0; v < b.side * b.side; v++) {
              const row = Math.floor(u / c.side) + Math.floor(v / b.side);
              const at = ((o * b.into + i) * side + row) * side + (u % c.side) + (v % b.side);
              weight[at] += factor * b.weight[(m * b.into + i) * b.side * b.side + v];
            }
          }
        }
      }
    }
    return { ...b, out: c.out, side, stride: c.stride, weight, shift: c.shift };
  }

  function folded(conv, { scale, shift }) {
    const each = conv.weight.length / conv.out;
    return {
      ...conv,
      weight: conv.weight.map((value, n) => scale[Math.floor(n / each)] * value),
      shift,
    };
  }

  // how many convolutions and BatchNorms there are
  function count(layers) {
    return layers.reduce((sum, { kind, path, skip }) => {
      if (kind === "block") return sum + count(path) + count(skip);
      return sum + (kind === "conv" || kind === "norm");
    }, 0);
  }

  // --- on the page ---

  let pair; // a promise of its layers, once they are asked for

  function fetched(file) {
    const source = new URL(file, document.querySelector("script[src*='network.js']").src);
    pair ??= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.onload = () => done(read(window.trainedPair));
      script.onerror = () => {
        pair = undefined;
        failed(new Error(file));
      };
      script.src = source;
      document.head.append(script);
    });
    return pair;
  }

  /* The ten numbers for a photo {height, width, planes} from 0 to 1. */
  function answer(layers, photo, { mean, std }) {
    const x = blank(3, photo.height, photo.width);
    photo.planes.forEach((plane, c) => {
      x.data.set(
        plane.map((value) => (value - mean[c]) / std[c]),
        c * plane.length,
      );
    });
    return [...forward(layers, x).data];
  }

  function shares(logits) {
    const powers = logits.map((value) => Math.exp(value - Math.max(...logits)));
    const sum = powers.reduce((total, value) => total + value);
    return powers.map((value) => value / sum);
  }

  function live(root) {
    const { make, paint, photoMenu } = window.lesson;
    const state = JSON.parse(root.querySelector("script").textContent);
    const { words, breeds } = state;
    const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    const message = make("p", { class: "lesson-message", role: "status" });
    const say = (text) => {
      message.textContent = text;
    };
    const canvas = make("canvas", {
      role: "img",
      "aria-label": "the photo",
      class: "network-photo",
    });
    const table = root.querySelector("table");
    const chooser = photoMenu(state, show, say);

    async function show() {
      paint(canvas, chooser.photo.picture);
      say(words.loading);
      try {
        const trained = await fetched(state.file);
        const ways = [trained, merged(trained)];
        const logits = ways.map((layers) => answer(layers, chooser.photo.picture, state));
        tell(ways, logits);
      } catch {
        say(words.missing);
      }
    }

    function tell(ways, logits) {
      const [first, second] = logits.map(
        (numbers) => breeds[numbers.indexOf(Math.max(...numbers))],
      );
      const difference = Math.max(
        ...logits[0].map((value, n) => Math.abs(value - logits[1][n])),
      ).toExponential(0);
      const [p, q] = logits.map(shares);
      const order = breeds.map((_, n) => n).sort((m, n) => p[n] - p[m]);
      const heads = [
        "breed",
        `the pair, ${count(ways[0])} layers`,
        `merged, ${count(ways[1])} layers`,
      ];
      const row = (n) =>
        make("tr", {}, make("th", { scope: "row" }, breeds[n]), bar(p[n]), bar(q[n]));
      table.replaceChildren(
        make(
          "thead",
          {},
          make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text))),
        ),
        make("tbody", {}, ...order.map(row)),
      );
      say(
        fill(first === second ? words.same : words.another, {
          breed: first,
          other: second,
          difference,
        }),
      );
    }

    function bar(share) {
      return make(
        "td",
        { class: "network-share", style: `--share: ${share}` },
        `${(100 * share).toFixed(1)}%`,
      );
    }

    root.replaceChildren(
      make(
        "div",
        { class: "lesson-controls" },
        ...chooser.elements,
        make("button", { type: "button", click: show }, words.run),
      ),
      make("div", { class: "network" }, canvas, table),
      message,
    );
    paint(canvas, chooser.photo.picture);
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("[data-live=network]").forEach(live),
  );
  return { read, merged, answer, count };
})();

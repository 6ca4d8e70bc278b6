/* What the front page's figures are made of, each computed beside the reader: a file for each step.

Plain scripts after play.js (lessonlib/playgrounds/live), without import or export, because a page
opened from the disk forbids both. What the figures start from is JSON in the page, made by
explorable.py. Each figure holds a still, which the function of its name in `steps` replaces.
*/
"use strict";

window.explorable = (() => {
  const { make, each, kernelGrid, correlate, format, sayer } = window.lesson;
  const data = JSON.parse(document.getElementById("explorable-data").textContent);
  const steps = {};

  const group = (name, ...children) => make("div", { class: `ex-${name}` }, ...children);
  const row = (...children) => group("row", ...children);
  const button = (text, click) => make("button", { type: "button", click }, text);
  const flat = (kernel) => kernel.flat();

  // a line that a screen reader reads once the hand rests
  function message() {
    const element = make("p", { class: "ex-message", role: "status" });
    return { element, say: sayer(element) };
  }

  /* A picture as a matrix of its numbers; grey: 0 is black and 9 is white, else blue and orange, and
  zeros of a large one stay empty. look([row, column]): the pixel that the hand is on.
  frame(row, column, rows) draws a square around some of them. */
  function picture(name, rows, { grey = false, look } = {}) {
    const entry = look && ((at) => at && look(at));
    const grid = kernelGrid({ name, kernel: rows, editable: false, entry });
    const square = group("frame");
    grid.element.classList.add("ex-picture");
    grid.element.append(square);
    const large = rows.length > 3;

    function show(pixels) {
      grid.set(pixels);
      each(pixels, (value, i, j) => {
        const cell = grid.cell(i, j);
        if (!grey) {
          cell.textContent = large && !value ? "" : format(value);
          return;
        }
        cell.style.background = `rgb(${Array(3).fill(Math.round((value / 9) * 255))})`;
        cell.style.color = value < 5 ? "#fff" : "#111";
      });
    }

    function frame(row, column, length = 3) {
      for (const [side, value] of Object.entries({ row, column, length }))
        square.style.setProperty(`--${side}`, value);
    }

    show(rows);
    return { element: grid.element, show, frame };
  }

  function slid(rows, kernel, padding = 0) {
    const x = {
      height: rows.length,
      width: rows[0].length,
      planes: [Float64Array.from(flat(rows))],
    };
    const { planes, width, height } = correlate(x, kernel, padding);
    const line = (i) => [...planes[0].subarray(i * width, (i + 1) * width)];
    return Array.from({ length: height }, (_, i) => line(i));
  }

  // the places in a square of that many rows, its first one at row i, column j
  function block(i, j, rows = 3) {
    const at = (n) => [i + Math.floor(n / rows), j + (n % rows)];
    return Array.from({ length: rows * rows }, (_, n) => at(n));
  }

  // B and C are one pair in all figures that show them
  const pair = { b: data.b, c: data.c, watchers: [] };

  function setPair(kernels) {
    Object.assign(pair, kernels);
    for (const follow of pair.watchers) follow();
  }

  function pairGrids(say, entry = () => undefined) {
    const grid = (name, which) =>
      kernelGrid({
        name,
        kernel: pair[which],
        say,
        change: (kernel) => setPair({ [which]: kernel }),
        entry: (at) => entry(which, at),
      });
    const [b, c] = [grid("B", "b"), grid("C", "c")];
    const follow = () => {
      if (b.kernel !== pair.b) b.set(pair.b);
      if (c.kernel !== pair.c) c.set(pair.c);
    };
    return { b, c, follow };
  }

  // every figure of the page, once all scripts have added their steps
  function start() {
    for (const root of document.querySelectorAll("[data-live]")) steps[root.dataset.live]?.(root);
    for (const hand of document.querySelectorAll(".ex-try")) hand.hidden = false;
  }

  document.addEventListener("DOMContentLoaded", start);
  const parts = { group, row, button, message, picture };
  return { steps, data, ...parts, flat, slid, block, pair, setPair, pairGrids };
})();

/* The playgrounds that compute in the page: kernel, placement, composition, stack.

A plain script, without import or export: a page opened from the disk forbids both. It adds one
global, `lesson`, and brings to life every element .lesson-playground that it finds; the element
holds a still picture and, as JSON, all presets, photos and words (lessonlib/playgrounds/live).

A kernel is an array of rows, [[1, 2], [3, 4]]. A picture is {height, width, planes}, each plane a
Float64Array of height * width, row by row, from 0 for black to 1 for white.

  lesson.correlate(picture, kernel, padding = 0)
      Another picture, as lessonlib.kernels.correlate makes it: the same products, added in the
      same order. padding: zeros around it, one number for all sides.
  lesson.compose(b, c)                   The one kernel that does what b and then c do.
  lesson.embed(kernel, size, row, column)  The kernel in zeros, size x size.
  lesson.shade(share)                    The colour of an entry: blue 1, white 0, orange -1.
  lesson.brightness(kernel)              {offset, divisor, rule}: show offset + value / divisor.
  lesson.paint(canvas, picture, look = {offset: 0, divisor: 1})
      One canvas pixel for one of the picture; enlarge it by CSS.
  lesson.number(text), lesson.format(value)
      Text to number, with a decimal comma too, NaN if it is none; number to three digits.
  lesson.kernelGrid({name, kernel, editable = true, change, entry, say}) gives
      {element, kernel, set(kernel), light(places), cell(row, column)}.
      A kernel as a matrix of coloured cells with the name over it; --cell sets their size. Editable,
      each cell is typed into, stepped by the arrow keys, dragged sideways, and takes a pasted matrix.
      change(kernel, done): at each new kernel; done is false while the hand is still moving.
      entry([row, column] or null): what the pointer or the focus is on.
      say(sentence): why something was refused.
      set() takes any size and calls nobody; light([[row, column], ...]) rings those entries.
  lesson.history(read, write) gives {keep(), undo(), steps}.
      read() is an array of values never written into; write(values) brings them back. keep() after
      each finished change; one that changes nothing is no step. undo() is false at the start.
  lesson.make(tag, attributes, ...children)  An element; a control gets what JupyterLab needs.
  lesson.styles()                        Put the style sheet into the page, once.
*/
"use strict";

window.lesson = (() => {
  const LARGEST = 99; // an entry beyond this only cuts the picture off
  const STEP = 0.25;
  const REACH = 10; // pixels that the hand moves for one step
  const CONTROLS = ["input", "select", "button", "textarea", "canvas"];

  // --- arithmetic, twice in this project: here and in lessonlib/kernels.py ---

  function correlate(picture, kernel, padding = 0) {
    const x = padding ? padded(picture, padding) : picture;
    const height = x.height - kernel.length + 1;
    const width = x.width - kernel[0].length + 1;
    return { height, width, planes: x.planes.map((plane) => slide(plane, x.width, kernel, height, width)) };
  }

  function slide(plane, across, kernel, height, width) {
    const y = new Float64Array(height * width);
    for (let i = 0; i < height; i++) {
      for (let u = 0; u < kernel.length; u++) {
        for (let v = 0; v < kernel[u].length; v++) {
          const weight = kernel[u][v];
          if (weight === 0) continue;
          const from = (i + u) * across + v;
          const to = i * width;
          for (let j = 0; j < width; j++) y[to + j] += weight * plane[from + j];
        }
      }
    }
    return y;
  }

  function padded(picture, padding) {
    const height = picture.height + 2 * padding;
    const width = picture.width + 2 * padding;
    const planes = picture.planes.map((plane) => {
      const wider = new Float64Array(height * width);
      for (let i = 0; i < picture.height; i++) {
        const row = plane.subarray(i * picture.width, (i + 1) * picture.width);
        wider.set(row, (i + padding) * width + padding);
      }
      return wider;
    });
    return { height, width, planes };
  }

  function zeros(height, width) {
    return Array.from({ length: height }, () => new Array(width).fill(0));
  }

  function compose(b, c) {
    const a = zeros(b.length + c.length - 1, b[0].length + c[0].length - 1);
    c.forEach((row, i) => row.forEach((weight, j) => // lays a copy of b at that place
      b.forEach((line, u) => line.forEach((value, v) => { a[i + u][j + v] += weight * value; }))));
    return a;
  }

  function embed(kernel, size, row, column) {
    const larger = zeros(size, size);
    kernel.forEach((line, i) => line.forEach((value, j) => { larger[row + i][column + j] = value; }));
    return larger;
  }

  function brightness(kernel) {
    const entries = kernel.flat();
    const total = entries.reduce((sum, value) => sum + value, 0);
    const size = entries.reduce((sum, value) => sum + Math.abs(value), 0);
    if (Math.abs(total) <= 0.1 * size) return { offset: 0.5, divisor: Math.max(2, size / 4), rule: "cancels" };
    if (total < 0) return { offset: 1, divisor: Math.max(1, -total), rule: "negative" };
    if (total > 1 + 1e-9) return { offset: 0, divisor: total, rule: "divided" };
    return { offset: 0, divisor: 1, rule: "cut" };
  }

  // --- numbers as text and colour ---

  function number(text) {
    const plain = text.trim().replace("\u2212", "-").replace(/^([^.,]*),([^.,]*)$/, "$1.$2");
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  }

  function format(value) {
    return String(Number(value.toPrecision(3)) || 0);
  }

  // blue for positive and orange for negative entries, told apart in the common colour blindnesses
  function shade(share) {
    const end = share > 0 ? [122, 177, 224] : [240, 178, 102];
    const strength = Math.min(Math.abs(share), 1);
    return `rgb(${end.map((part) => Math.round(255 + (part - 255) * strength)).join(",")})`;
  }

  function paint(canvas, picture, look = { offset: 0, divisor: 1 }) {
    if (canvas.width !== picture.width) canvas.width = picture.width;
    if (canvas.height !== picture.height) canvas.height = picture.height;
    const context = canvas.getContext("2d");
    const image = context.createImageData(picture.width, picture.height);
    const levels = image.data; // clamps, and rounds halves to even, as torch does
    picture.planes.forEach((plane, channel) => {
      for (let i = 0, to = channel; i < plane.length; i++, to += 4) {
        levels[to] = (look.offset + plane[i] / look.divisor) * 255;
      }
    });
    for (let to = 3; to < levels.length; to += 4) levels[to] = 255;
    context.putImageData(image, 0, 0);
  }

  // --- a kernel under the hand ---

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else element.setAttribute(name, value);
    }
    // else JupyterLab takes the keys: x would cut the cell
    if (CONTROLS.includes(tag) || "tabindex" in attributes) element.dataset.lmSuppressShortcuts = "true";
    element.append(...children);
    return element;
  }

  function refusal(text) {
    return `A kernel entry is a finite number between -${LARGEST} and ${LARGEST}, ${text} is not.`;
  }

  function kernelGrid({ name, kernel, editable = true, change, entry, say }) {
    const box = make("div", { class: "lesson-cells", role: editable ? "group" : "grid", "aria-label": name });
    const element = make("div", { class: "lesson-kernel" }, make("div", { class: "lesson-name" }, name), box);
    const grid = { element, kernel, set, light, cell, pick };
    let cells = [];

    function set(rows) {
      const resized = rows.length !== cells.length || rows[0].length !== cells[0].length;
      grid.kernel = rows;
      if (resized) build();
      show();
    }

    function build() {
      box.style.setProperty("--columns", grid.kernel[0].length);
      cells = grid.kernel.map((row, i) => row.map((_, j) => (editable ? field(i, j) : printed(i, j))));
      const rows = cells.map((row) => make("div", editable ? {} : { role: "row" }, ...row));
      box.replaceChildren(...rows);
    }

    function show() {
      const largest = Math.max(...grid.kernel.flat().map(Math.abs)) || 1;
      grid.kernel.forEach((row, i) => row.forEach((value, j) => {
        const place = cells[i][j];
        place.style.background = shade(value / largest);
        if (!editable) place.textContent = format(value);
        else if (!place.typing) place.value = format(value);
        if (editable) place.setAttribute("aria-valuenow", value);
      }));
    }

    function cell(row, column) {
      return cells[row][column];
    }

    function light(places) {
      const lit = new Set(places.map(String));
      cells.forEach((row, i) => row.forEach((place, j) => place.classList.toggle("lit", lit.has(`${i},${j}`))));
    }

    function pick(row, column, value, done) {
      const rows = grid.kernel.map((line) => [...line]);
      rows[row][column] = value;
      take(rows, done);
    }

    function take(rows, done) {
      grid.kernel = rows;
      show();
      change?.(rows, done);
    }

    function watched(place, i, j) {
      const on = () => entry?.([i, j]);
      const off = () => entry?.(null);
      for (const event of ["pointerenter", "focus"]) place.addEventListener(event, on);
      for (const event of ["pointerleave", "blur"]) place.addEventListener(event, off);
      return place;
    }

    function printed(i, j) {
      const place = make("span", { role: "gridcell", class: "lesson-cell" });
      if (!entry) return place;
      place.dataset.lmSuppressShortcuts = "true";
      place.tabIndex = i || j ? -1 : 0; // one stop of Tab for all; arrows go on from there
      place.addEventListener("keydown", (event) => {
        const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [];
        const next = cells[i + down]?.[j + right];
        if (down === undefined) return;
        event.preventDefault();
        if (!next) return;
        place.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
      });
      return watched(place, i, j);
    }

    function field(i, j) {
      // not type=number: that takes 1,5 for 15 and changes under the wheel
      const place = make("input", {
        class: "lesson-cell", role: "spinbutton", autocomplete: "off", spellcheck: "false",
        "aria-label": `${name}, row ${i + 1}, column ${j + 1}`,
        "aria-valuemin": -LARGEST, "aria-valuemax": LARGEST,
      });
      place.typing = false;
      let before = 0; // the value until the typing began
      let stepped = false;
      const now = () => grid.kernel[i][j];
      const begin = () => { if (!place.typing) before = now(); place.typing = true; };

      place.addEventListener("input", () => {
        begin();
        const value = number(place.value);
        if (Math.abs(value) <= LARGEST) pick(i, j, value, false);
      });
      place.addEventListener("blur", finish);
      place.addEventListener("paste", (event) => {
        const text = event.clipboardData.getData("text");
        const rows = matrix(text);
        if (!rows) return;
        event.preventDefault();
        const reason = misfit(rows);
        if (reason) say?.(`${reason} ${name} stays as it was.`);
        else take(rows.map((row) => row.map(number)), true);
      });
      place.addEventListener("keydown", (event) => {
        const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[event.key];
        if (steps) {
          event.preventDefault();
          finish();
          step(now(), steps);
        } else if (event.key === "Enter") {
          finish();
          place.select();
        } else if (event.key === "Escape" && place.typing) {
          place.typing = false;
          pick(i, j, before, true);
        }
      });
      place.addEventListener("keyup", (event) => {
        if (!stepped || !/^(Arrow(Up|Down)|Page)/.test(event.key)) return;
        stepped = false;
        change?.(grid.kernel, true);
      });

      function finish() {
        if (!place.typing) return;
        place.typing = false;
        const value = number(place.value);
        if (Math.abs(value) <= LARGEST) return pick(i, j, value, true);
        const text = place.value.trim() || "an empty field";
        pick(i, j, before, true);
        say?.(`${refusal(text)} The last good value, ${format(before)}, is back.`);
      }

      function step(from, steps) {
        const value = from + steps * STEP;
        if (Math.abs(value) > LARGEST) return say?.(`${refusal(format(value))} It stays ${format(now())}.`);
        stepped = true;
        pick(i, j, value, false);
      }

      // dragged sideways; up and down is left to the page, which scrolls (touch-action in the styles)
      let hand = null;
      place.addEventListener("mousedown", (event) => event.preventDefault()); // or it selects text
      place.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        finish();
        hand = { x: event.clientX, from: now(), moved: false };
        place.setPointerCapture(event.pointerId);
      });
      place.addEventListener("pointermove", (event) => {
        if (!hand) return;
        const steps = Math.round((event.clientX - hand.x) / REACH);
        if (!steps && !hand.moved) return;
        hand.moved = true;
        const wanted = hand.from + steps * STEP;
        const value = Math.max(-LARGEST, Math.min(LARGEST, wanted));
        if (value !== now()) pick(i, j, value, false);
        if (value !== wanted) say?.(`${refusal(format(wanted))} It stays ${format(value)}.`);
      });
      place.addEventListener("pointercancel", () => {
        if (hand?.moved) pick(i, j, hand.from, true);
        hand = null;
      });
      place.addEventListener("pointerup", () => {
        if (!hand) return;
        const { moved } = hand;
        hand = null;
        if (moved) return change?.(grid.kernel, true);
        place.focus();
        place.select();
      });
      return watched(place, i, j);
    }

    function misfit(rows) {
      const columns = new Set(rows.map((row) => row.length));
      const size = columns.size > 1 ? "of unequal rows" : `${rows.length}x${rows[0].length}`;
      const own = `${grid.kernel.length}x${grid.kernel[0].length}`;
      if (size !== own) return `The pasted table is ${size}, ${name} is ${own}.`;
      const bad = rows.flat().find((text) => !(Math.abs(number(text)) <= LARGEST));
      return bad === undefined ? "" : `${refusal(bad)} It stands in the pasted table.`;
    }

    build();
    show();
    return grid;
  }

  /* The texts of a pasted matrix, row by row; null if it is one number or none. Python's lists, rows
  from a spreadsheet, comma-separated values, rows set apart by semicolons. */
  function matrix(text) {
    const clean = text.trim();
    if (clean.includes("[")) {
      const rows = [...clean.matchAll(/\[([^[\]]*)\]/g)].map((found) => found[1].trim());
      return rows.length ? rows.map((row) => row.split(/\s*,\s*|\s+/).filter(Boolean)) : null;
    }
    const lines = clean.split(clean.includes("\n") ? /\s*\n\s*/ : /\s*;\s*/);
    const rows = lines.map((line) => line.split(/[\s;]/.test(line) ? /[\s;]+/ : ",").filter(Boolean));
    return rows.length > 1 || (rows[0].length > 1 && /\s/.test(clean)) ? rows : null;
  }

  function history(read, write) {
    const past = [read()];
    const same = (a, b) => a === b || (Array.isArray(a) && Array.isArray(b) && String(a) === String(b));
    return {
      get steps() { return past.length - 1; },
      keep() {
        const now = read();
        if (!now.every((value, i) => same(value, past.at(-1)[i]))) past.push(now);
      },
      undo() {
        if (past.length < 2) return false;
        past.pop();
        write(past.at(-1));
        return true;
      },
    };
  }

  const STYLES = `
.lesson-kernel { display: inline-block; }
.lesson-name { font-size: 14px; line-height: 1.6; }
.lesson-cells > div { display: grid; grid-template-columns: repeat(var(--columns), var(--cell, 56px)); }
.lesson-cell { box-sizing: border-box; width: calc(100% - 3px); height: calc(var(--cell, 56px) - 3px); margin: 0 3px 3px 0;
  padding: 0; border: 1px solid #0003; border-radius: 6px; color: #111; font: 16px/1 system-ui, sans-serif;
  font-variant-numeric: tabular-nums; text-align: center; display: grid; place-items: center; }
input.lesson-cell { cursor: ew-resize; touch-action: pan-y; appearance: none; box-shadow: none; }
.lesson-cell:focus-visible, .lesson-cell.lit { outline: 3px solid var(--lesson-ink, currentColor); outline-offset: -1px; }
`;

  function styles() {
    if (document.getElementById("lesson-styles")) return;
    document.head.append(make("style", { id: "lesson-styles" }, STYLES));
  }

  return { correlate, compose, embed, brightness, shade, paint, number, format, kernelGrid, history, make, styles };
})();

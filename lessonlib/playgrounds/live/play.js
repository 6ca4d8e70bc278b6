/* The playgrounds that compute in the page: kernel, placement, composition, stack.

A plain script, without import or export: a page opened from the disk forbids both. It adds one
global, `lesson`, and brings to life every element .lesson-playground that it finds; the element
holds a still picture and, as JSON, all presets, photos and words (lessonlib/playgrounds/live).

A kernel is an array of rows, [[1, 2], [3, 4]]. A picture is {height, width, planes}, each plane a
Float64Array of height * width, row by row, from 0 for black to 1 for white; one plane is grey.

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
  lesson.photoMenu(state, changed, say) gives {elements, photo: {name, picture}, set(photo)}.
      A menu of sample photos and a button for one's own; changed(true) after each choice. state:
      {side, photos, megapixels, words}, as lessonlib.playgrounds.live.with_photos makes it.
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
    return {
      height,
      width,
      planes: x.planes.map((plane) => slide(plane, x.width, kernel, height, width)),
    };
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

  function each(kernel, act) {
    for (const [i, row] of kernel.entries()) {
      for (const [j, value] of row.entries()) act(value, i, j);
    }
  }

  function compose(b, c) {
    const a = zeros(b.length + c.length - 1, b[0].length + c[0].length - 1);
    // each entry of c lays a copy of b at its place
    each(c, (weight, i, j) => {
      each(b, (value, u, v) => {
        a[i + u][j + v] += weight * value;
      });
    });
    return a;
  }

  function embed(kernel, size, row, column) {
    const larger = zeros(size, size);
    each(kernel, (value, i, j) => {
      larger[row + i][column + j] = value;
    });
    return larger;
  }

  function brightness(kernel) {
    const entries = kernel.flat();
    const total = entries.reduce((sum, value) => sum + value, 0);
    const size = entries.reduce((sum, value) => sum + Math.abs(value), 0);
    if (Math.abs(total) <= 0.1 * size)
      return { offset: 0.5, divisor: Math.max(2, size / 4), rule: "cancels" };
    if (total < 0) return { offset: 1, divisor: Math.max(1, -total), rule: "negative" };
    if (total > 1 + 1e-9) return { offset: 0, divisor: total, rule: "divided" };
    return { offset: 0, divisor: 1, rule: "cut" };
  }

  // --- numbers as text and colour ---

  function number(text) {
    const plain = text
      .trim()
      .replace("\u2212", "-")
      .replace(/^([^.,]*),([^.,]*)$/, "$1.$2");
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
    const image = imageOf(canvas, context);
    const levels = image.data; // clamps, and rounds halves to even, as torch does
    const { offset, divisor } = look;
    const [red, green = red, blue = red] = picture.planes;
    for (let i = 0, to = 0; i < red.length; i++, to += 4) {
      levels[to] = (offset + red[i] / divisor) * 255;
      levels[to + 1] = (offset + green[i] / divisor) * 255;
      levels[to + 2] = (offset + blue[i] / divisor) * 255;
    }
    context.putImageData(image, 0, 0);
  }

  const images = new WeakMap(); // of each canvas, to be written again in the next frame

  function imageOf(canvas, context) {
    const last = images.get(canvas);
    if (last?.width === canvas.width && last.height === canvas.height) return last;
    const image = context.createImageData(canvas.width, canvas.height);
    image.data.fill(255);
    images.set(canvas, image);
    return image;
  }

  // --- a kernel under the hand ---

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else element.setAttribute(name, value);
    }
    // else JupyterLab takes the keys: x would cut the cell
    if (CONTROLS.includes(tag) || "tabindex" in attributes)
      element.dataset.lmSuppressShortcuts = "true";
    element.append(...children);
    return element;
  }

  /* A number under the hand: arrow keys step it, a sideways drag moves it; up and down is left to the
  page, which scrolls (touch-action in the styles). now() is the value, move(value, done) takes a new
  one, settle() ends what is being typed. */
  function steer(place, { now, move, settle, say }) {
    let stepped = false;
    let hand = null;

    place.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[event.key];
      if (!steps) return;
      event.preventDefault();
      settle();
      const value = now() + steps * STEP;
      if (Math.abs(value) > LARGEST)
        return say?.(`${refusal(format(value))} It stays ${format(now())}.`);
      stepped = true;
      move(value, false);
    });
    place.addEventListener("keyup", (event) => {
      if (!stepped || !/^(Arrow(Up|Down)|Page)/.test(event.key)) return;
      stepped = false;
      move(now(), true);
    });

    place.addEventListener("mousedown", (event) => event.preventDefault()); // or it selects text
    place.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      settle();
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
      if (value !== now()) move(value, false);
      hand.stopped =
        value === wanted ? "" : `${refusal(format(wanted))} It stays ${format(value)}.`;
    });
    place.addEventListener("pointercancel", () => {
      if (hand?.moved) move(hand.from, true);
      hand = null;
    });
    place.addEventListener("pointerup", () => {
      if (!hand) return;
      const { moved, stopped } = hand;
      hand = null;
      if (moved) {
        move(now(), true);
        if (stopped) say?.(stopped);
        return;
      }
      place.focus();
      place.select();
    });
  }

  function restored(text, before) {
    return `${refusal(text.trim() || "an empty field")} The last good value, ${format(before)}, is back.`;
  }

  // why pasted rows cannot take the kernel's place; empty if they can
  function misfit(rows, kernel, name) {
    const columns = new Set(rows.map((row) => row.length));
    const size = columns.size > 1 ? "of unequal rows" : `${rows.length}x${rows[0].length}`;
    const own = `${kernel.length}x${kernel[0].length}`;
    const bad = rows.flat().find((text) => !(Math.abs(number(text)) <= LARGEST));
    const stays = `${name} stays as it was.`;
    if (size !== own) return `The pasted table is ${size}, ${name} is ${own}. ${stays}`;
    return bad === undefined ? "" : `${refusal(bad)} It stands in the pasted table. ${stays}`;
  }

  function refusal(text) {
    return `A kernel entry is a finite number between -${LARGEST} and ${LARGEST}, ${text} is not.`;
  }

  function kernelGrid({ name, kernel, editable = true, change, entry, say }) {
    const box = make("div", {
      class: "lesson-cells",
      role: editable ? "group" : "grid",
      "aria-label": name,
    });
    const element = make(
      "div",
      { class: "lesson-kernel" },
      make("div", { class: "lesson-name" }, name),
      box,
    );
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
      cells = grid.kernel.map((row, i) =>
        row.map((_, j) => (editable ? field(i, j) : printed(i, j))),
      );
      const rows = cells.map((row) => make("div", editable ? {} : { role: "row" }, ...row));
      box.replaceChildren(...rows);
    }

    function show() {
      const largest = Math.max(...grid.kernel.flat().map(Math.abs)) || 1;
      each(grid.kernel, (value, i, j) => {
        const place = cells[i][j];
        place.style.background = shade(value / largest);
        if (!editable) place.textContent = format(value);
        else if (!place.typing) place.value = format(value);
        if (editable) place.setAttribute("aria-valuenow", value);
      });
    }

    function cell(row, column) {
      return cells[row][column];
    }

    function light(places) {
      const lit = new Set(places.map(String));
      each(cells, (place, i, j) => {
        place.classList.toggle("lit", lit.has(`${i},${j}`));
      });
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
        const [down, right] =
          { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[
            event.key
          ] ?? [];
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
        class: "lesson-cell",
        role: "spinbutton",
        autocomplete: "off",
        spellcheck: "false",
        "aria-label": `${name}, row ${i + 1}, column ${j + 1}`,
        "aria-valuemin": -LARGEST,
        "aria-valuemax": LARGEST,
      });
      place.typing = false;
      let before = 0; // the value until the typing began
      const now = () => grid.kernel[i][j];

      place.addEventListener("input", () => {
        if (!place.typing) before = now();
        place.typing = true;
        const value = number(place.value);
        if (Math.abs(value) <= LARGEST) pick(i, j, value, false);
      });
      place.addEventListener("blur", finish);
      place.addEventListener("paste", (event) => {
        const rows = matrix(event.clipboardData.getData("text"));
        if (!rows) return;
        event.preventDefault();
        const reason = misfit(rows, grid.kernel, name);
        if (reason) say?.(reason);
        else
          take(
            rows.map((row) => row.map(number)),
            true,
          );
      });
      place.addEventListener("keydown", (event) => {
        if (event.key === "Enter") {
          finish();
          place.select();
        } else if (event.key === "Escape" && place.typing) {
          place.typing = false;
          pick(i, j, before, true);
        }
      });

      function finish() {
        if (!place.typing) return;
        place.typing = false;
        const value = number(place.value);
        if (Math.abs(value) <= LARGEST) return pick(i, j, value, true);
        const answer = restored(place.value, before);
        pick(i, j, before, true);
        say?.(answer);
      }

      steer(place, { now, settle: finish, say, move: (value, done) => pick(i, j, value, done) });
      return watched(place, i, j);
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
    const rows = lines.map((line) =>
      line.split(/[\s;]/.test(line) ? /[\s;]+/ : ",").filter(Boolean),
    );
    return rows.length > 1 || (rows[0].length > 1 && /\s/.test(clean)) ? rows : null;
  }

  function history(read, write) {
    const past = [read()];
    const same = (a, b) =>
      a === b || (Array.isArray(a) && Array.isArray(b) && String(a) === String(b));
    return {
      get steps() {
        return past.length - 1;
      },
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

  // --- what a playground is made of ---

  function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  function asCode(kernel) {
    return `torch.tensor([${kernel.map((row) => `[${row.join(", ")}]`).join(", ")}], dtype=torch.float64)`;
  }

  function labelled(text, control) {
    return make("label", {}, `${text} `, control);
  }

  function button(text, title, click) {
    return make("button", { type: "button", title, click }, text);
  }

  // of several buttons the one that is chosen
  function press(buttons, chosen) {
    for (const [n, one] of buttons.entries()) one.setAttribute("aria-pressed", n === chosen);
  }

  /* The frame around a playground: a row of controls, Undo, a line for messages, lines of code.
  values(): what the learner has set; restore(values) brings it back; draw() shows it; code(). */
  function frame(root, state, { controls, body, values, restore, draw, code }) {
    const { words } = state;
    const message = make("div", { class: "lesson-message", role: "status" });
    const text = make("textarea", {
      class: "lesson-code",
      readonly: "",
      hidden: "",
      "aria-label": words.code,
    });
    const past = history(values, restore);
    let waiting = 0;

    const undo = button(words.undo, words.undone, () => {
      if (past.undo()) show();
    });
    const more = button(words.code, words.coded, () => {
      text.hidden = !text.hidden;
      show();
    });

    // said once the hand rests: calm for the eye, and a screen reader does not read every number
    function say(sentence) {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        message.textContent = sentence;
      }, 150);
    }

    function show() {
      say(draw());
      undo.setAttribute("aria-disabled", past.steps === 0);
      more.setAttribute("aria-expanded", !text.hidden);
      if (text.hidden) return;
      text.value = code();
      text.rows = text.value.split("\n").length;
    }

    function changed(done) {
      if (done) past.keep();
      show();
    }

    const last = make("div", { class: "lesson-last" }, message, undo, more);
    root.replaceChildren(
      make("div", { class: "lesson-controls" }, ...controls),
      ...body,
      last,
      text,
    );
    return { say, changed };
  }

  // a sample photo or one's own; `photo` is {name, picture}
  function photoMenu(state, changed, say) {
    const { words } = state;
    const samples = Object.entries(state.photos).map(([name, bytes]) => ({
      name,
      picture: decoded(bytes, state.side),
    }));
    const menu = make("select", {
      change: () => choose(samples[menu.selectedIndex] ?? chooser.photo),
    });
    const file = make("input", {
      type: "file",
      accept: "image/*",
      hidden: "",
      change: () => read(file.files[0]),
    });
    const own = button(words.own, words.owned, () => file.click());
    const chooser = { elements: [labelled(words.photo, menu), own, file], photo: samples[0], set };

    function set(photo) {
      chooser.photo = photo;
      const names = samples.map((sample) => sample.name);
      if (!samples.includes(photo)) names.push(photo.name);
      menu.replaceChildren(...names.map((name) => make("option", {}, name)));
      menu.selectedIndex = names.indexOf(photo.name);
    }

    function choose(photo) {
      set(photo);
      changed(true);
    }

    function read(chosen) {
      file.value = ""; // so that the same file is news again after an undo
      if (!chosen) return;
      const image = new Image();
      image.onerror = () => say(words.no_picture);
      image.onload = () => {
        const megapixels = (image.naturalWidth * image.naturalHeight) / 1e6;
        if (megapixels > state.megapixels)
          say(fill(words.too_large, { megapixels: Math.round(megapixels) }));
        else choose({ name: words.own, picture: middle(image, state.side) });
        URL.revokeObjectURL(image.src);
      };
      image.src = URL.createObjectURL(chosen);
    }

    set(samples[0]);
    return chooser;
  }

  function decoded(base64, side) {
    const bytes = atob(base64);
    const planes = [0, 1, 2].map((channel) =>
      Float64Array.from({ length: side * side }, (_, i) => bytes.charCodeAt(3 * i + channel) / 255),
    );
    return { height: side, width: side, planes };
  }

  // the middle square of an image, on white where it is transparent
  function middle(image, side) {
    const canvas = make("canvas", { width: side, height: side });
    const context = canvas.getContext("2d");
    const edge = Math.min(image.naturalWidth, image.naturalHeight);
    const left = (image.naturalWidth - edge) / 2;
    const top = (image.naturalHeight - edge) / 2;
    context.fillStyle = "white";
    context.fillRect(0, 0, side, side);
    context.imageSmoothingQuality = "high";
    context.drawImage(image, left, top, edge, edge, 0, 0, side, side);
    const levels = context.getImageData(0, 0, side, side).data;
    const planes = [0, 1, 2].map((channel) =>
      Float64Array.from({ length: side * side }, (_, i) => levels[4 * i + channel] / 255),
    );
    return { height: side, width: side, planes };
  }

  // kernels with a name; `held()` are those that the grids hold, `choose(kernels)` puts them in
  function presetMenu(words, named, held, choose) {
    const menu = make("select", {
      change: () => {
        choose(named[menu.value]);
        follow();
      },
    });
    const names = Object.keys(named).map((name) => make("option", {}, name));
    menu.append(make("option", { disabled: "" }, words.custom), ...names);

    function follow() {
      const now = String(held());
      menu.value = Object.keys(named).find((name) => String(named[name]) === now) ?? words.custom;
    }

    return { element: labelled(words.preset, menu), follow };
  }

  /* Pictures in one row, the sign between them. All lie in squares of `side` pixels, a smaller one in
  the middle of its own; `look(row, column)` is told which pixel of a square the hand is on. */
  function views(titles, side, look) {
    const all = titles.map(({ sign, title, alt }, i) => {
      const canvas = make("canvas", { role: "img", "aria-label": alt });
      const ring = make("div", { class: "lesson-ring" });
      const square = make("div", { class: "lesson-square" }, canvas, ring);
      const parts = [make("div", { class: "lesson-name" }, title), square];
      if (sign) parts.unshift(make("div", { class: "lesson-sign", "aria-hidden": "true" }, sign));
      const element = make("div", { class: "lesson-view" }, ...parts);
      const percent = (pixels) => `${(100 * pixels) / side}%`;

      function at(event) {
        const { left, top, width, height } = square.getBoundingClientRect();
        look(((event.clientY - top) / height) * side, ((event.clientX - left) / width) * side);
      }
      if (look)
        for (const event of ["pointermove", "pointerdown"]) square.addEventListener(event, at);
      if (!look) ring.hidden = true;
      if (look && i === 0) canvas.tabIndex = 0; // one stop of Tab for the whole row

      let last;
      return {
        element,
        canvas,
        show(picture, look) {
          if (picture === last) return; // the photo mostly
          if (picture.width !== last?.width) {
            canvas.style.width = percent(picture.width);
            canvas.style.margin = percent((side - picture.width) / 2);
          }
          paint(canvas, picture, look);
          last = picture;
        },
        ring(row, column, size) {
          Object.assign(ring.style, {
            top: percent(row),
            left: percent(column),
            width: percent(size),
            height: percent(size),
          });
        },
      };
    });
    return {
      all,
      element: make("div", { class: "lesson-row" }, ...all.map((view) => view.element)),
    };
  }

  /* The pixel that is looked at, and its window in each picture. sizes(): for each picture the window
  that the pixel of the last one is made from; moved(byKeys) after the hand has moved it. */
  function spot(titles, side, sizes, moved) {
    let centre = [side / 2, side / 2];
    const row = views(titles, side, (y, x) => to(y, x));
    row.all[0].canvas.addEventListener("keydown", (event) => {
      const [down, right] = {
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
      }[event.key] ?? [0, 0];
      if (!down && !right) return;
      event.preventDefault();
      to(centre[0] + down, centre[1] + right, true);
    });

    function to(y, x, byKeys = false) {
      const before = String(place());
      centre = [y, x];
      if (String(place()) !== before) moved(byKeys);
    }

    // the row and column of that pixel in the last picture
    function place() {
      const [largest] = sizes();
      const shift = (largest - 1) / 2;
      const found = centre.map((value) =>
        Math.max(0, Math.min(side - largest, Math.floor(value - shift))),
      );
      centre = found.map((value) => value + shift + 0.5);
      return found;
    }

    function ring() {
      const all = sizes();
      const [i, j] = place();
      row.all.forEach((view, n) => {
        const inset = (all[0] - all[n]) / 2; // of the window in the largest, both centred
        view.ring(i + inset, j + inset, all[n]);
      });
    }

    return { ...row, place, ring };
  }

  // the window of one output, entry by entry times the kernel, and the sum
  function lens(words) {
    const seen = make("div", { class: "lesson-mini" });
    const times = make("div", { class: "lesson-mini" });
    const count = make("div", { class: "lesson-name" });
    const sum = make("div", { class: "lesson-sign" });
    const window = make("div", { class: "lesson-name" }, words.window);
    const element = make(
      "div",
      { class: "lesson-lens", "aria-hidden": "true" },
      make("div", { class: "lesson-kernel" }, window, seen),
      make("div", { class: "lesson-sign" }, words.times),
      make("div", { class: "lesson-kernel" }, count, times),
      sum,
    );
    let cells = [];

    function build(size) {
      count.textContent = fill(words.products, { count: size * size });
      cells = [seen, times].map((box) => {
        const spans = Array.from({ length: size * size }, () => make("span"));
        box.style.setProperty("--columns", size);
        box.replaceChildren(...spans);
        return spans;
      });
    }

    // the mean of the planes: the kernel acts on each alike, so it acts on their mean
    function show(picture, kernel, row, column) {
      const size = kernel.length;
      if (cells[0]?.length !== size * size) build(size);
      const products = [];
      each(kernel, (weight, u, v) => {
        const at = (row + u) * picture.width + column + v;
        const value =
          picture.planes.reduce((total, plane) => total + plane[at], 0) / picture.planes.length;
        const level = Math.round(255 * Math.max(0, Math.min(1, value)));
        const span = cells[0][u * size + v];
        span.textContent = value.toFixed(2);
        span.style.background = `rgb(${level},${level},${level})`;
        span.style.color = level > 120 ? "#111" : "#fff";
        products.push(weight * value);
      });
      const largest = Math.max(...products.map(Math.abs)) || 1;
      products.forEach((product, n) => {
        cells[1][n].textContent = Number(product.toFixed(2)) || 0;
        cells[1][n].style.background = shade(product / largest);
      });
      const total = products.reduce((all, product) => all + product, 0);
      const found = {
        row: row + 1,
        column: column + 1,
        count: products.length,
        sum: format(Number(total.toFixed(4))),
      };
      sum.textContent = fill(words.sum, found);
      return fill(words.pixel, found);
    }

    // rings the windows of the pixel that the hand is on, and shows the first; gives it in words
    function look(spotted, picture, kernel) {
      spotted.ring();
      return show(picture, kernel, ...spotted.place());
    }

    return { element, look };
  }

  // --- the playgrounds ---

  function kernelPlayground(root, state) {
    const { words } = state;
    const sizes = Object.keys(state.presets);
    const first = Object.fromEntries(
      sizes.map((size) => [size, Object.values(state.presets[size])[0]]),
    );
    let size = sizes[0];
    let kernels = first;
    const changed = (done) => box.changed(done);
    const say = (sentence) => box.say(sentence);
    const photo = photoMenu(state, changed, say);
    const toggles = sizes.map((name) =>
      button(name, fill(words.sized, { size: name }), () => {
        size = name;
        changed(true);
      }),
    );
    const grid = kernelGrid({ name: words.kernel, kernel: kernels[size], say, change: hold });
    const presets = sizes.map((name) =>
      presetMenu(
        words,
        state.presets[name],
        () => kernels[name],
        (kernel) => hold(kernel, true),
      ),
    );
    const shelf = make("span");
    const row = spot(state.views, state.side, () => [grid.kernel.length, 1], look);
    const glass = lens(words);

    function hold(kernel, done) {
      kernels = { ...kernels, [size]: kernel };
      changed(done);
    }

    function look(byKeys) {
      const sentence = glass.look(row, photo.photo.picture, kernels[size]);
      if (byKeys) say(sentence);
    }

    function draw() {
      const kernel = kernels[size];
      if (grid.kernel !== kernel) grid.set(kernel);
      press(toggles, sizes.indexOf(size));
      const preset = presets[sizes.indexOf(size)];
      if (preset.element.parentElement !== shelf) shelf.replaceChildren(preset.element);
      preset.follow();
      const shown = brightness(kernel);
      row.all[0].show(photo.photo.picture);
      row.all[1].show(correlate(photo.photo.picture, kernel), shown);
      look();
      const total = format(
        Number(
          kernel
            .flat()
            .reduce((sum, value) => sum + value, 0)
            .toFixed(9),
        ),
      );
      return fill(words.summary, { total, rule: words[shown.rule] });
    }

    row.element.children[0].after(grid.element);
    const box = frame(root, state, {
      controls: [
        ...photo.elements,
        make("span", { role: "group", "aria-label": words.size }, ...toggles),
        shelf,
      ],
      body: [row.element, glass.element],
      values: () => [photo.photo, size, ...sizes.map((name) => kernels[name])],
      restore([picture, chosen, ...held]) {
        photo.set(picture);
        size = chosen;
        kernels = Object.fromEntries(sizes.map((name, n) => [name, held[n]]));
      },
      draw,
      code: () => fill(state.code, { photo: photoCode(state, photo), K: asCode(kernels[size]) }),
    });
    return box;
  }

  function photoCode(state, { photo }) {
    return photo.name in state.photos ? fill(state.sample, photo) : state.own;
  }

  function placementPlayground(root, state) {
    const { words } = state;
    const places = Object.keys(state.places);
    let place = places[0];
    let times = 1;
    let kernel = Object.values(state.presets)[0];
    const changed = (done) => box.changed(done);
    const say = (sentence) => box.say(sentence);
    const photo = photoMenu(state, changed, say);
    const grid = kernelGrid({
      name: words.kernel,
      kernel,
      say,
      change: (rows, done) => {
        kernel = rows;
        changed(done);
      },
    });
    const inside = kernelGrid({ name: words.inside, kernel: larger(), editable: false });
    const corners = places.map((name) =>
      button(name, fill(words.placed, { place: name }), () => {
        place = name;
        changed(true);
      }),
    );
    const layers = slider(words.times, 1, state.most, (value, done) => {
      times = value;
      changed(done);
    });
    const row = spot(
      state.views,
      state.side,
      () => [1, 1],
      () => ring(),
    );

    function larger() {
      return embed(kernel, 3, ...state.places[place]);
    }

    // what the pixel under the hand is made from: as many pixels more as there are layers
    function ring() {
      const [i, j] = row.place();
      const [down, right] = state.places[place].map((corner) => (corner - 1) * times);
      row.all[0].ring(i + down, j + right, times + 1);
      row.all[1].ring(i, j, 1);
    }

    function draw() {
      if (grid.kernel !== kernel) grid.set(kernel);
      inside.set(larger());
      layers.set(times);
      press(corners, places.indexOf(place));
      let picture = photo.photo.picture;
      for (let n = 0; n < times; n++) picture = correlate(picture, larger(), 1);
      row.all[0].show(photo.photo.picture);
      row.all[1].show(picture, brightness(kernel));
      ring();
      const [down, right] = state.places[place];
      const pixels = `${times / 2} ${times > 2 ? words.pixels : words.one_pixel}`;
      return fill(words.summary, {
        place,
        pixels,
        half: times / 2,
        vertical: words.vertical[down],
        sideways: words.sideways[right],
      });
    }

    row.element.prepend(make("div", { class: "lesson-column" }, grid.element, inside.element));
    const box = frame(root, state, {
      controls: [
        ...photo.elements,
        make("span", { role: "group", "aria-label": words.place }, ...corners),
        layers.element,
      ],
      body: [row.element],
      values: () => [photo.photo, place, times, kernel],
      restore([picture, chosen, count, held]) {
        photo.set(picture);
        place = chosen;
        times = count;
        kernel = held;
      },
      draw,
      code: () => fill(state.code, { photo: photoCode(state, photo), K: asCode(larger()), times }),
    });
    return box;
  }

  // a slider with its number; one drag is one finished change
  function slider(name, least, most, change) {
    const shown = make("output");
    const handle = make("input", {
      type: "range",
      min: least,
      max: most,
      input: () => change(Number(handle.value), false),
      change: () => change(Number(handle.value), true),
    });
    function set(value) {
      if (Number(handle.value) !== value) handle.value = value;
      shown.value = value;
    }
    return { element: make("label", {}, `${name} `, handle, " ", shown), set };
  }

  function compositionPlayground(root, state) {
    const { words } = state;
    let [b, c] = state.presets[state.first];
    const changed = (done) => box.changed(done);
    const say = (sentence) => box.say(sentence);
    const photo = photoMenu(state, changed, say);
    const made = make("div", { class: "lesson-made", "aria-live": "polite" }, words.point);
    const B = kernelGrid({
      name: words.b,
      kernel: b,
      say,
      entry: (at) => light("b", at),
      change: (rows, done) => {
        b = rows;
        changed(done);
      },
    });
    const C = kernelGrid({
      name: words.c,
      kernel: c,
      say,
      entry: (at) => light("c", at),
      change: (rows, done) => {
        c = rows;
        changed(done);
      },
    });
    const A = kernelGrid({
      name: words.a,
      kernel: compose(b, c),
      editable: false,
      entry: (at) => light("a", at),
    });
    const preset = presetMenu(
      words,
      state.presets,
      () => [b, c],
      (pair) => {
        [b, c] = pair;
        changed(true);
      },
    );
    const row = spot(state.views, state.side, () => [A.kernel.length, c.length, 1, 1], look);
    const glass = lens(words);
    let lit = null;

    // the entries that make this one, or that it goes into, and in words how
    function light(which, at) {
      lit = at && [which, at];
      const found = lit ? partners(which, at) : { a: [], b: [], c: [], sentence: words.point };
      A.light(found.a);
      B.light(found.b);
      C.light(found.c);
      made.textContent = found.sentence;
    }

    function partners(which, [i, j]) {
      const grid = { a: A, b: B, c: C }[which];
      const terms = [];
      each(b, (left, u, v) => {
        each(c, (right, p, q) => {
          const entries = { a: [u + p, v + q], b: [u, v], c: [p, q] };
          if (String(entries[which]) === String([i, j])) terms.push({ ...entries, left, right });
        });
      });
      const places = {
        a: terms.map((term) => term.a),
        b: terms.map((term) => term.b),
        c: terms.map((term) => term.c),
      };
      const own = `${which}${i}${j}`;
      if (which !== "a")
        return { ...places, sentence: fill(words.goes_into, { entry: own, count: terms.length }) };
      const letters = terms.map((term) => `b${term.b.join("")} c${term.c.join("")}`).join(" + ");
      const numbers = terms
        .map((term) => `${bracket(term.left)}·${bracket(term.right)}`)
        .join(" + ");
      return {
        ...places,
        sentence: `${own} = ${letters} = ${numbers} = ${format(grid.kernel[i][j])}`,
      };
    }

    function bracket(value) {
      return value < 0 ? `(${format(value)})` : format(value);
    }

    function look(byKeys) {
      const sentence = glass.look(row, photo.photo.picture, A.kernel);
      if (byKeys) say(sentence);
    }

    function draw() {
      if (B.kernel !== b) B.set(b);
      if (C.kernel !== c) C.set(c);
      const a = compose(b, c);
      A.set(a);
      preset.follow();
      const picture = photo.photo.picture;
      const after = correlate(picture, b);
      const two = correlate(after, c);
      const one = correlate(picture, a);
      row.all[0].show(picture);
      row.all[1].show(after, brightness(b));
      row.all[2].show(two, brightness(a));
      row.all[3].show(one, brightness(a));
      look();
      if (lit) light(...lit);
      const { largest, difference } = apart(two, one);
      return fill(words.summary, {
        difference: difference.toExponential(1),
        largest: format(largest),
      });
    }

    const sign = (text) => make("div", { class: "lesson-sign" }, text);
    const kernels = [B.element, sign(words.then), C.element, sign(words.are), A.element];
    const box = frame(root, state, {
      controls: [...photo.elements, preset.element],
      body: [
        make("div", { class: "lesson-row lesson-kernels" }, ...kernels),
        made,
        row.element,
        glass.element,
      ],
      values: () => [photo.photo, b, c],
      restore([picture, ...held]) {
        photo.set(picture);
        [b, c] = held;
      },
      draw,
      code: () =>
        fill(state.code, {
          photo: photoCode(state, photo),
          B: asCode(b),
          C: asCode(c),
          A: asCode(compose(b, c)),
        }),
    });
    return box;
  }

  // the largest difference between two pictures, and the largest value of the second
  function apart(picture, other) {
    let difference = 0;
    let largest = 0;
    picture.planes.forEach((plane, n) => {
      const second = other.planes[n];
      for (let i = 0; i < plane.length; i++) {
        difference = Math.max(difference, Math.abs(plane[i] - second[i]));
        largest = Math.max(largest, Math.abs(second[i]));
      }
    });
    return { difference, largest };
  }

  function stackPlayground(root, state) {
    const { words } = state;
    let layers = state.layers; // [size, stride] of each
    const canvas = make("canvas", {
      role: "img",
      "aria-label": words.alt,
      width: state.pixels,
      height: 1,
    });
    const sliders = layers.map((_, n) => [
      slider(fill(words.size, { n: n + 1 }), 1, state.largest, (value, done) =>
        hold(n, 0, value, done),
      ),
      slider(fill(words.stride, { n: n + 1 }), 1, state.longest, (value, done) =>
        hold(n, 1, value, done),
      ),
    ]);

    function hold(n, which, value, done) {
      layers = layers.map((layer, k) => (k === n ? layer.with(which, value) : layer));
      box.changed(done);
    }

    // along how many paths one output reaches each pixel of what it sees
    function paths() {
      let count = [1];
      for (const [size, stride] of layers.toReversed()) {
        const wider = new Array((count.length - 1) * stride + size).fill(0);
        count.forEach((ways, i) => {
          for (let k = 0; k < size; k++) wider[i * stride + k] += ways;
        });
        count = wider;
      }
      return count;
    }

    function draw() {
      const seen = paths();
      const field = seen.length;
      each(sliders, (one, n, which) => one.set(layers[n][which]));
      paintRow(canvas, seen, state.pixels);
      let outputs = state.pixels;
      for (const [, stride] of layers) outputs = Math.floor((outputs - 1) / stride) + 1; // padded by size - 1
      const weights = layers.reduce((sum, [size]) => sum + (size > 1 ? size * size : 0), 0);
      return fill(words.summary, {
        field,
        pixels: state.pixels,
        outputs,
        weights,
        one: field * field,
      });
    }

    const box = frame(root, state, {
      controls: [make("span", {}, words.title)],
      body: [
        make("div", { class: "lesson-stack" }, ...sliders.flat().map((one) => one.element)),
        make("div", { class: "lesson-line" }, canvas),
      ],
      values: () => [layers],
      restore([held]) {
        layers = held;
      },
      draw,
      code: () =>
        fill(state.code, {
          sizes: `[${layers.map(([size]) => size).join(", ")}]`,
          strides: `[${layers.map(([, stride]) => stride).join(", ")}]`,
        }),
    });
    return box;
  }

  // the middle of the row, the darker the more paths lead there
  function paintRow(canvas, seen, pixels) {
    const middle = seen.slice(Math.max(0, Math.floor((seen.length - pixels) / 2))).slice(0, pixels);
    const start = Math.floor((pixels - middle.length) / 2);
    const most = Math.max(...seen);
    const planes = [1, 0.55, 0.3].map((depth) => {
      const plane = new Float64Array(pixels).fill(1);
      middle.forEach((ways, i) => {
        plane[start + i] = 1 - (depth * ways) / most;
      });
      return plane;
    });
    paint(canvas, { height: 1, width: pixels, planes });
  }

  const STYLES = `
.lesson-playground { --lesson-ink: var(--jp-content-font-color1, var(--color-foreground-primary, CanvasText));
  --lesson-edge: var(--jp-border-color1, var(--color-background-border, #bbb));
  container-type: inline-size; color: var(--lesson-ink); font-size: 14px; line-height: 1.5; padding: 4px 0 8px; }
.lesson-playground > img { max-width: 100%; background: white; }
.lesson-playground [hidden] { display: none; }

.lesson-controls { display: flex; flex-wrap: wrap; gap: 8px 20px; align-items: center; margin-bottom: 12px; }
.lesson-controls > :not([hidden]) { display: inline-flex; flex-wrap: wrap; align-items: center; gap: 6px; }
.lesson-playground :is(button, select) { height: 34px; padding: 0 12px; border: 1px solid var(--lesson-edge); border-radius: 6px;
  background: transparent; color: inherit; font: inherit; width: auto; margin: 0; box-shadow: none; white-space: nowrap; }
.lesson-playground option { color: #111; background: white; }
.lesson-playground button { cursor: pointer; }
.lesson-playground button[aria-disabled=true] { opacity: 0.5; cursor: default; }
.lesson-playground button:is([aria-pressed=true], [aria-expanded=true]) { border-color: currentColor; box-shadow: inset 0 0 0 1px currentColor; }
.lesson-playground :is(button, select, input, canvas, textarea):focus-visible { outline: 3px solid var(--lesson-ink); outline-offset: 1px; }
.lesson-playground canvas:focus-visible { outline-offset: -3px; }
.lesson-playground label { font: inherit; margin: 0; }
.lesson-playground input[type=range] { width: 120px; accent-color: #3a76ad; margin: 0; }
.lesson-playground output { min-width: 1.5em; padding: 0; }

.lesson-kernel { flex: none; }
.lesson-name { line-height: 24px; }
.lesson-cells > div { display: grid; grid-template-columns: repeat(var(--columns), var(--cell, 52px)); }
.lesson-cell { box-sizing: border-box; width: calc(100% - 3px); height: calc(var(--cell, 52px) - 3px); margin: 0 3px 3px 0;
  padding: 0; border: 1px solid #0003; border-radius: 6px; color: #111; font-family: inherit; font-size: 16px; line-height: 1;
  font-variant-numeric: tabular-nums; text-align: center; display: grid; place-items: center; }
input.lesson-cell { cursor: ew-resize; touch-action: pan-y; appearance: none; box-shadow: none; }
.lesson-cell:focus-visible, .lesson-cell.lit { outline: 3px solid var(--lesson-ink, currentColor); outline-offset: -1px; }

.lesson-row { display: flex; align-items: center; gap: 7px; }
.lesson-kernels { flex-wrap: wrap; gap: 14px; }
.lesson-column { display: flex; flex-direction: column; gap: 8px; }
.lesson-made { min-height: 42px; font-variant-numeric: tabular-nums; }
.lesson-sign { align-self: center; }
.lesson-view { min-width: 0; display: grid; grid-template: ". title" auto "sign square" auto / auto minmax(0, 240px); }
.lesson-view > .lesson-name { grid-area: title; white-space: nowrap; }
.lesson-view > .lesson-sign { grid-area: sign; margin-right: 7px; }
.lesson-square { grid-area: square; position: relative; width: 240px; max-width: 100%; aspect-ratio: 1; overflow: hidden;
  touch-action: pan-y; cursor: crosshair; }
.lesson-square canvas { display: block; image-rendering: pixelated; }
.lesson-ring { position: absolute; box-sizing: content-box; margin: -2px; border: 2px solid #fff; outline: 1px solid #000; pointer-events: none; }

.lesson-lens { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; margin-top: 8px; font-variant-numeric: tabular-nums; }
.lesson-mini { display: grid; grid-template-columns: repeat(var(--columns), 42px); gap: 1px; line-height: 28px; text-align: center; color: #111; }
.lesson-lens .lesson-sign { margin-top: 24px; }
.lesson-last { display: flex; align-items: start; gap: 6px; margin-top: 10px; }
.lesson-message { flex: 1; min-height: 42px; margin-right: 20px; }
.lesson-code { display: block; box-sizing: border-box; width: 100%; margin-top: 8px; font: 13px/1.5 monospace; color: inherit; background: transparent;
  border: 1px solid var(--lesson-edge); border-radius: 6px; padding: 8px; white-space: pre; overflow-x: auto; resize: vertical; }
.lesson-stack { display: grid; grid-template-columns: repeat(2, auto); gap: 6px 32px; justify-content: start; margin-bottom: 12px; }
.lesson-stack label { display: flex; align-items: center; gap: 8px; }
.lesson-line canvas { width: 100%; max-width: 768px; height: 56px; image-rendering: pixelated; border: 1px solid var(--lesson-edge); box-sizing: border-box; }

[data-jp-theme-light=false] .lesson-chart { filter: invert(.93) hue-rotate(180deg); }

/* pictures two by two, each with its sign before its name */
@container (max-width: 800px) {
  .lesson-row:not(.lesson-kernels) { flex-wrap: wrap; gap: 10px 16px; }
  .lesson-view { grid-template: "sign title" auto "square square" auto / auto minmax(0, 1fr); flex: 0 1 240px; }
  .lesson-view > .lesson-sign { margin-right: 0.4em; }
}
@container (max-width: 520px) {
  .lesson-view { flex: 0 0 calc(50% - 8px); max-width: 240px; }
  .lesson-view > .lesson-name { white-space: normal; }
  .lesson-lens { gap: 8px; }
  .lesson-kernels { --cell: 46px; }
  .lesson-column { flex-direction: row; flex-wrap: wrap; gap: 8px 24px; }
  .lesson-mini { grid-template-columns: repeat(var(--columns), 36px); font-size: 12px; }
  .lesson-stack { gap: 6px 12px; }
  .lesson-stack input[type=range] { width: 80px; }
  .lesson-last { flex-wrap: wrap; }
  .lesson-message { flex: 0 0 100%; min-height: 63px; margin: 0; }
  .lesson-row { align-items: end; }
  .lesson-made { min-height: 63px; }
}
`;

  function styles() {
    if (document.getElementById("lesson-styles")) return;
    document.head.append(make("style", { id: "lesson-styles" }, STYLES));
  }

  const PLAYGROUNDS = {
    kernel: kernelPlayground,
    placement: placementPlayground,
    composition: compositionPlayground,
    stack: stackPlayground,
  };

  // brings every still in the page to life that is not alive yet
  function start() {
    styles();
    for (const root of document.querySelectorAll(".lesson-playground:not([data-live])")) {
      const state = JSON.parse(root.querySelector("script[type='application/json']").textContent);
      root.dataset.live = state.kind;
      PLAYGROUNDS[state.kind](root, state).changed(true);
    }
  }

  // --- the same hand for playgrounds of ipywidgets, in boxes of the class .lesson-widgets ---

  const MEGABYTES = 9; // at 10 the server drops the connection

  /* Watches the page, as widgets come and go: no key of a control goes to JupyterLab, a number field
  is steered as in a kernelGrid and leaves the wheel to the page, too large a file is answered. */
  function adopt() {
    const { dataset } = document.documentElement;
    if (dataset.lessonHand) return;
    dataset.lessonHand = "on";
    styles();
    const controls = ".lesson-widgets :is(select, input, button, textarea, [tabindex])";
    for (const event of ["focusin", "pointerover"]) {
      document.addEventListener(
        event,
        ({ target }) => {
          const control = target.closest?.(controls);
          if (!control) return;
          control.dataset.lmSuppressShortcuts = "true";
          if (control.type === "number") takeOver(control);
        },
        true,
      );
    }
    document.addEventListener("click", ({ target }) => watchChooser(target), true);
  }

  /* The file input that an upload button of ipywidgets is about to open stands nowhere in the page;
  this finds it as it is clicked, and answers for a file that is too large before ipywidgets hears. */
  function watchChooser(target) {
    const upload = target.closest?.(".lesson-widgets .widget-upload");
    if (!upload) return;
    const { click } = HTMLInputElement.prototype;
    HTMLInputElement.prototype.click = function () {
      HTMLInputElement.prototype.click = click;
      if (!watched.has(this)) this.addEventListener("change", tooLarge, true);
      watched.set(this, upload);
      click.call(this);
    };
    setTimeout(() => {
      HTMLInputElement.prototype.click = click;
    });
  }

  const watched = new WeakMap(); // the button of each file input

  function tooLarge(event) {
    const megabytes = (this.files[0]?.size ?? 0) / 1e6;
    if (megabytes <= MEGABYTES) return;
    event.stopImmediatePropagation();
    const limit = `and this takes up to ${MEGABYTES}: choose a smaller photo.`;
    const sentence = `That file has ${Math.round(megabytes)} MB ${limit}`;
    answer(watched.get(this), `${sentence} The photo stays as it was.`);
  }

  // in the line for messages of the playground that the control stands in
  function answer(control, sentence) {
    const lines = control.closest(".lesson-widgets").querySelectorAll("[role=status]");
    lines[lines.length - 1].textContent = sentence;
  }

  function takeOver(place) {
    place.type = "text"; // a number field takes 1,5 for 15 and changes under the wheel
    place.setAttribute("role", "spinbutton");
    place.style.touchAction = "pan-y";
    const now = () => number(place.value);
    let before = now();
    place.addEventListener("focus", () => {
      before = now();
    });
    place.addEventListener("input", () => {
      if (/^[^.,]*,[^.,]*$/.test(place.value)) place.value = place.value.replace(",", ".");
    });
    place.addEventListener("change", () => {
      if (Number.isNaN(now()))
        answer(place, restored(place.value, before)); // ipywidgets puts it back
      else before = now();
    });
    place.addEventListener("paste", (event) => {
      const rows = matrix(event.clipboardData.getData("text"));
      const fields = [...(place.closest(".widget-gridbox")?.querySelectorAll("input") ?? [])];
      if (!rows || !fields.length) return;
      event.preventDefault();
      const own = zeros(Math.sqrt(fields.length), Math.sqrt(fields.length));
      const name = place.closest(".widget-vbox").querySelector(".widget-label").textContent;
      const reason = misfit(rows, own, name);
      if (reason) return answer(place, reason);
      for (const [n, text] of rows.flat().entries()) enter(fields[n], number(text));
    });
    const move = (value, done) => {
      if (!done || value !== now()) enter(place, value);
    };
    steer(place, { now, move, settle: () => {}, say: (sentence) => answer(place, sentence) });
  }

  // as if it were typed
  function enter(field, value) {
    field.value = value;
    for (const event of ["input", "change"])
      field.dispatchEvent(new Event(event, { bubbles: true }));
  }

  return {
    correlate,
    compose,
    embed,
    brightness,
    shade,
    paint,
    number,
    format,
    kernelGrid,
    photoMenu,
    history,
    make,
    styles,
    start,
    adopt,
  };
})();

if (document.readyState === "loading")
  document.addEventListener("DOMContentLoaded", window.lesson.start);
else window.lesson.start();

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
  lesson.paint(canvas, picture, look = {offset: 0, divisor: 1})
      One canvas pixel for one of the picture; enlarge it by CSS.
  lesson.format(value)                   A number in three digits.
  lesson.kernelGrid({name, kernel, editable = true, change, entry, say}) gives
      {element, kernel, set(kernel), light(places), cell(row, column)}.
      A kernel as a matrix of coloured cells with the name over it; --cell sets their size. Editable,
      each cell is typed into, stepped by the arrow keys, dragged sideways, and takes a pasted matrix.
      change(kernel, done): at each new kernel; done is false while the hand is still moving.
      entry([row, column] or null): what the pointer or the focus is on.
      say(sentence): why something was refused.
      set() takes any size and calls nobody; light([[row, column], ...]) rings those entries.
  lesson.photoMenu(state, changed, say) gives {elements, photo: {name, picture}, set(photo)}.
      A menu of sample photos and a button for one's own; changed() after each choice. state:
      {side, photos, megapixels, words}, as lessonlib.playgrounds.live.with_photos makes it.
  lesson.make(tag, attributes, ...children)  An element; a control gets what JupyterLab needs.
  lesson.start(), lesson.adopt()         The hand for playgrounds of this page, of ipywidgets.
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

  function total(values) {
    return values.reduce((sum, value) => sum + value, 0);
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
    const sum = total(entries);
    const size = total(entries.map(Math.abs));
    if (Math.abs(sum) <= 0.1 * size)
      return { offset: 0.5, divisor: Math.max(2, size / 4), rule: "cancels" };
    if (sum < 0) return { offset: 1, divisor: Math.max(1, -sum), rule: "negative" };
    if (sum > 1 + 1e-9) return { offset: 0, divisor: sum, rule: "divided" };
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

  function box(name, ...children) {
    return make("div", { class: `lesson-${name}` }, ...children);
  }

  const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  // move(down, right) at each arrow key
  function arrows(place, move) {
    place.addEventListener("keydown", (event) => {
      if (!(event.key in ARROWS)) return;
      event.preventDefault();
      move(...ARROWS[event.key]);
    });
  }

  /* A number under the hand: arrow keys step it, a sideways drag moves it; up and down is left to the
  page, which scrolls (touch-action in the styles). now() is the value, move(value, done) takes a new
  one, settle() ends what is being typed. */
  function steer(place, { now, move, settle, say }) {
    let stepped = false;
    let hand = null;

    // as near to it as an entry may be, and a sentence where that is not there
    function reach(wanted) {
      const value = Math.max(-LARGEST, Math.min(LARGEST, wanted));
      if (value !== now()) move(value, false);
      return value === wanted ? "" : `${refusal(format(wanted))} It stays ${format(value)}.`;
    }

    place.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 4, PageDown: -4 }[event.key];
      if (!steps) return;
      event.preventDefault();
      settle();
      const before = now();
      const refused = reach(before + steps * STEP);
      stepped ||= now() !== before;
      if (refused) say(refused);
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
      hand.moved ||= steps !== 0;
      if (hand.moved) hand.refused = reach(hand.from + steps * STEP);
    });
    place.addEventListener("pointercancel", () => {
      if (hand?.moved) move(hand.from, true);
      hand = null;
    });
    place.addEventListener("pointerup", () => {
      if (!hand) return;
      const { moved, refused } = hand;
      hand = null;
      if (moved) {
        move(now(), true);
        if (refused) say(refused);
      } else {
        place.focus();
        place.select();
      }
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
    const bad = rows.flat().find((text) => !fits(number(text)));
    const stays = `${name} stays as it was.`;
    if (size !== own) return `The pasted table is ${size}, ${name} is ${own}. ${stays}`;
    return bad === undefined ? "" : `${refusal(bad)} It stands in the pasted table. ${stays}`;
  }

  function refusal(text) {
    return `A kernel entry is a finite number between -${LARGEST} and ${LARGEST}, ${text} is not.`;
  }

  const fits = (value) => Math.abs(value) <= LARGEST;
  const ignore = () => {};

  function kernelGrid({ name, kernel, editable = true, change = ignore, entry, say = ignore }) {
    const role = editable ? "group" : "grid";
    const table = make("div", { class: "lesson-cells", role, "aria-label": name });
    const grid = { element: box("kernel", box("name", name), table), kernel, set, light, cell };
    let cells = [];

    function set(rows) {
      const resized = rows.length !== cells.length || rows[0].length !== cells[0].length;
      grid.kernel = rows;
      if (resized) build();
      show();
    }

    function build() {
      table.style.setProperty("--columns", grid.kernel[0].length);
      cells = grid.kernel.map((row, i) => row.map((_, j) => (editable ? field : printed)(i, j)));
      const rows = cells.map((row) => make("div", editable ? {} : { role: "row" }, ...row));
      table.replaceChildren(...rows);
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

    function take(rows, done) {
      grid.kernel = rows;
      show();
      change(rows, done);
    }

    function watched(place, i, j) {
      const on = () => entry?.([i, j]);
      const off = () => entry?.(null);
      for (const event of ["pointerenter", "focus"]) place.addEventListener(event, on);
      for (const event of ["pointerleave", "blur"]) place.addEventListener(event, off);
      return place;
    }

    function printed(i, j) {
      if (!entry) return make("span", { role: "gridcell", class: "lesson-cell" });
      // one stop of Tab for all; arrows go on from there
      const tabindex = i || j ? -1 : 0;
      const place = make("span", { role: "gridcell", class: "lesson-cell", tabindex });
      arrows(place, (down, right) => {
        const next = cells[i + down]?.[j + right];
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
      const move = (value, done) => take(grid.kernel.with(i, grid.kernel[i].with(j, value)), done);

      function settle() {
        if (!place.typing) return;
        place.typing = false;
        const value = number(place.value);
        if (fits(value)) return move(value, true);
        const answer = restored(place.value, before);
        move(before, true);
        say(answer);
      }

      place.addEventListener("input", () => {
        if (!place.typing) before = now();
        place.typing = true;
        const value = number(place.value);
        if (fits(value)) move(value, false);
      });
      place.addEventListener("blur", settle);
      place.addEventListener("paste", (event) => {
        const rows = matrix(event.clipboardData.getData("text"));
        if (!rows) return;
        event.preventDefault();
        const reason = misfit(rows, grid.kernel, name);
        if (reason) return say(reason);
        const pasted = rows.map((row) => row.map(number));
        take(pasted, true);
      });
      place.addEventListener("keydown", ({ key }) => {
        if (key === "Enter") {
          settle();
          place.select();
        } else if (key === "Escape" && place.typing) {
          place.typing = false;
          move(before, true);
        }
      });
      steer(place, { now, move, settle, say });
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

  // --- what a playground is made of ---

  function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  function asCode(kernel) {
    return `torch.tensor([${kernel.map((row) => `[${row.join(", ")}]`).join(", ")}], dtype=torch.float64)`;
  }

  function labelled(text, ...controls) {
    return make("label", {}, `${text} `, ...controls);
  }

  function button(text, title, click) {
    return make("button", { type: "button", title, click }, text);
  }

  function same(a, b) {
    return a === b || (Array.isArray(a) && String(a) === String(b));
  }

  /* Undo, a line for messages and lines of code around what build(hand, state) makes: {controls, body,
  draw, code}. What the learner has set is hand.now, by name. A control puts new values there by
  hand.set(values, done), where done is false while the hand is still moving, and gives
  hand.follow() what shows them again; hand.slot(name) is {get(), set(value, done)} of one value.
  draw() shows the rest and gives the sentence for the message; code() the values for the lines of
  code. */
  function playground(root, state, build) {
    const { words } = state;
    const now = {};
    const followers = [];
    const message = make("div", { class: "lesson-message", role: "status" });
    const text = make("textarea", {
      class: "lesson-code",
      readonly: "",
      hidden: "",
      "aria-label": words.code,
    });
    const undo = button(words.undo, words.undone, () => {
      if (past.length === 1) return;
      past.pop();
      Object.assign(now, past.at(-1));
      show();
    });
    const more = button(words.code, words.coded, () => {
      text.hidden = !text.hidden;
      show();
    });
    let waiting = 0;

    // said once the hand rests: calm for the eye, and a screen reader does not read every number
    function say(sentence) {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        message.textContent = sentence;
      }, 150);
    }

    function set(values, done = true) {
      Object.assign(now, values);
      const last = past.at(-1);
      if (done && !Object.keys(now).every((name) => same(now[name], last[name])))
        past.push({ ...now });
      show();
    }

    function show() {
      for (const follow of followers) follow();
      say(draw());
      undo.setAttribute("aria-disabled", past.length === 1);
      more.setAttribute("aria-expanded", !text.hidden);
      if (text.hidden) return;
      text.value = fill(state.code, code());
      text.rows = text.value.split("\n").length;
    }

    const follow = (show) => followers.push(show);
    const slot = (name) => ({
      get: () => now[name],
      set: (value, done) => set({ [name]: value }, done),
    });
    const { controls, body, draw, code } = build({ now, words, say, set, follow, slot }, state);
    const past = [{ ...now }];
    root.replaceChildren(
      box("controls", ...controls),
      ...body,
      box("last", message, undo, more),
      text,
    );
    show();
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
      changed();
    }

    function read(chosen) {
      file.value = ""; // so that the same file is news again after an undo
      if (!chosen) return;
      const image = new Image();
      image.onerror = () => say(words.no_picture);
      image.onload = () => {
        const megapixels = (image.naturalWidth * image.naturalHeight) / 1e6;
        if (megapixels === 0) say(words.no_picture);
        else if (megapixels > state.megapixels)
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
    return square(side, (at, channel) => bytes.charCodeAt(3 * at + channel));
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
    return square(side, (at, channel) => levels[4 * at + channel]);
  }

  // a picture from its levels, 0 to 255
  function square(side, level) {
    const planes = [0, 1, 2].map((channel) =>
      Float64Array.from({ length: side * side }, (_, at) => level(at, channel) / 255),
    );
    return { height: side, width: side, planes };
  }

  // --- controls of a slot, {get(), set(value, done)} ---

  function photoOf(hand, state) {
    const menu = photoMenu(state, () => hand.set({ photo: menu.photo }), hand.say);
    hand.now.photo = menu.photo;
    hand.follow(() => {
      if (menu.photo !== hand.now.photo) menu.set(hand.now.photo);
    });
    return menu.elements;
  }

  function gridOf(hand, name, { get, set }, entry) {
    const grid = kernelGrid({ name, kernel: get(), say: hand.say, change: set, entry });
    hand.follow(() => {
      if (grid.kernel !== get()) grid.set(get());
    });
    return grid;
  }

  // kernels with a name, or tuples of them; named() may be others after a change
  function presetMenu(hand, named, { get, set }) {
    const menu = make("select", { change: () => set(named()[menu.value]) });
    let listed;
    hand.follow(() => {
      if (listed !== named()) {
        listed = named();
        const options = Object.keys(listed).map((name) => make("option", {}, name));
        menu.replaceChildren(make("option", { disabled: "" }, hand.words.custom), ...options);
      }
      const found = Object.keys(listed).find((name) => same(listed[name], get()));
      menu.value = found ?? hand.words.custom;
    });
    return labelled(hand.words.preset, menu);
  }

  // one of several buttons is pressed; title: what it does, with a place for the button's value
  function choice(hand, name, values, title, { get, set }) {
    const buttons = values.map((value) => button(value, fill(title, { value }), () => set(value)));
    hand.follow(() => {
      for (const [n, value] of values.entries())
        buttons[n].setAttribute("aria-pressed", value === get());
    });
    return make("span", { role: "group", "aria-label": name }, ...buttons);
  }

  // a slider from 1 with its number; one drag is one finished change
  function slider(hand, name, most, { get, set }) {
    const shown = make("output");
    const handle = make("input", {
      type: "range",
      min: 1,
      max: most,
      input: () => set(Number(handle.value), false),
      change: () => set(Number(handle.value), true),
    });
    hand.follow(() => {
      handle.value = get();
      shown.value = get();
    });
    return labelled(name, handle, " ", shown);
  }

  /* Pictures in one row, the sign between them; all lie in squares of `side` pixels, a smaller one in
  the middle of its own. A ring in each is the window that the pixel under the hand is made from:
  sizes() gives its side in each picture, moved(byKeys) is called when it is another one. */
  function pictures({ views, side }, sizes, moved) {
    const percent = (pixels) => `${(100 * pixels) / side}%`;
    let centre = [side / 2, side / 2];
    const all = views.map(view);

    function view({ sign, title, alt }, n) {
      const canvas = make("canvas", { role: "img", "aria-label": alt });
      if (n === 0) {
        canvas.tabIndex = 0; // one stop of Tab for the whole row
        arrows(canvas, (down, right) => to(centre[0] + down, centre[1] + right, true));
      }
      const ring = box("ring");
      const frame = box("square", canvas, ring);
      const parts = [box("name", title), frame];
      if (sign) parts.unshift(make("div", { class: "lesson-sign", "aria-hidden": "true" }, sign));
      for (const event of ["pointermove", "pointerdown"])
        frame.addEventListener(event, ({ clientX, clientY }) => {
          const { left, top, width, height } = frame.getBoundingClientRect();
          to(((clientY - top) / height) * side, ((clientX - left) / width) * side);
        });
      return { canvas, ring, element: box("view", ...parts), last: null };
    }

    function to(y, x, byKeys = false) {
      const before = String(place());
      centre = [y, x];
      if (String(place()) !== before) moved(byKeys);
    }

    // the row and column of the pixel in the last picture
    function place() {
      const [largest] = sizes();
      const shift = (largest - 1) / 2;
      const found = centre.map((value) =>
        Math.max(0, Math.min(side - largest, Math.floor(value - shift))),
      );
      centre = found.map((value) => value + shift + 0.5);
      return found;
    }

    function show(n, picture, look) {
      const { canvas, last } = all[n];
      if (picture === last) return; // the photo mostly
      if (picture.width !== last?.width) {
        canvas.style.width = percent(picture.width);
        canvas.style.margin = percent((side - picture.width) / 2);
      }
      paint(canvas, picture, look);
      all[n].last = picture;
    }

    function ring(n, row, column, size) {
      const [top, left, width] = [row, column, size].map(percent);
      Object.assign(all[n].ring.style, { top, left, width, height: width });
    }

    // the windows in all pictures, each in the middle of the largest
    function rings() {
      const [i, j] = place();
      sizes().forEach((size, n, [largest]) => {
        const inset = (largest - size) / 2;
        ring(n, i + inset, j + inset, size);
      });
    }

    const element = box("row", ...all.map((one) => one.element));
    return { element, show, place, ring, rings };
  }

  /* The pictures, and below them what the pixel under the hand is made of: the window of the photo,
  entry by entry times kernel(), and the sum. */
  function underGlass(hand, state, sizes, kernel) {
    const { words } = hand;
    const row = pictures(state, sizes, look);
    const seen = box("mini");
    const times = box("mini");
    const count = box("name");
    const sum = box("sign");
    const glass = box(
      "lens",
      box("kernel", box("name", words.window), seen),
      box("sign", words.times),
      box("kernel", count, times),
      sum,
    );
    glass.setAttribute("aria-hidden", "true");
    let cells = [];

    function build(size) {
      count.textContent = fill(words.products, { count: size * size });
      cells = [seen, times].map((part) => {
        const spans = Array.from({ length: size * size }, () => make("span"));
        part.style.setProperty("--columns", size);
        part.replaceChildren(...spans);
        return spans;
      });
    }

    function look(byKeys = false) {
      row.rings();
      const { picture } = hand.now.photo;
      const [row0, column0] = row.place();
      const size = kernel().length;
      if (cells[0]?.length !== size * size) build(size);
      const products = [];
      each(kernel(), (weight, u, v) => {
        const value = meanAt(picture, row0 + u, column0 + v);
        const level = Math.round(255 * Math.max(0, Math.min(1, value)));
        const span = cells[0][u * size + v];
        span.textContent = value.toFixed(2);
        span.style.background = `rgb(${level},${level},${level})`;
        span.style.color = level > 120 ? "#111" : "#fff";
        products.push(weight * value);
      });
      const largest = Math.max(...products.map(Math.abs)) || 1;
      products.forEach((product, n) => {
        cells[1][n].textContent = Number(product.toFixed(2)) ? product.toFixed(2) : "0";
        cells[1][n].style.background = shade(product / largest);
      });
      const found = {
        row: row0 + 1,
        column: column0 + 1,
        count: products.length,
        sum: format(Number(total(products).toFixed(4))),
      };
      sum.textContent = fill(words.sum, found);
      if (byKeys) hand.say(fill(words.pixel, found));
    }

    return { row, glass, look };
  }

  // the kernel acts on each plane alike, so it acts on their mean
  function meanAt(picture, row, column) {
    const at = row * picture.width + column;
    return total(picture.planes.map((plane) => plane[at])) / picture.planes.length;
  }

  // --- the playgrounds ---

  function kernelPlayground(hand, state) {
    const { now, words } = hand;
    const sizes = Object.keys(state.presets);
    const photo = photoOf(hand, state);
    for (const size of sizes) [now[size]] = Object.values(state.presets[size]);
    [now.size] = sizes;
    const kernel = () => now[now.size];
    const slot = { get: kernel, set: (rows, done) => hand.set({ [now.size]: rows }, done) };

    const toggles = choice(hand, words.size, sizes, words.sized, hand.slot("size"));
    const grid = gridOf(hand, words.kernel, slot);
    const menu = presetMenu(hand, () => state.presets[now.size], slot);
    const { row, glass, look } = underGlass(hand, state, () => [kernel().length, 1], kernel);
    row.element.children[0].after(grid.element);

    function draw() {
      const { picture } = now.photo;
      const shown = brightness(kernel());
      row.show(0, picture);
      row.show(1, correlate(picture, kernel()), shown);
      look();
      const sum = format(Number(total(kernel().flat()).toFixed(9)));
      return fill(words.summary, { total: sum, rule: words[shown.rule] });
    }

    return {
      controls: [...photo, toggles, menu],
      body: [row.element, glass],
      draw,
      code: () => ({ photo: photoCode(state, now), K: asCode(kernel()) }),
    };
  }

  function photoCode(state, { photo }) {
    return photo.name in state.photos ? fill(state.sample, photo) : state.own;
  }

  function placementPlayground(hand, state) {
    const { now, words } = hand;
    const photo = photoOf(hand, state);
    const places = Object.keys(state.places);
    [now.place] = places;
    [now.kernel] = Object.values(state.presets);
    now.times = 1;
    const larger = () => embed(now.kernel, 3, ...state.places[now.place]);

    const grid = gridOf(hand, words.kernel, hand.slot("kernel"));
    const inside = kernelGrid({ name: words.inside, kernel: larger(), editable: false });
    const corners = choice(hand, words.place, places, words.placed, hand.slot("place"));
    const layers = slider(hand, words.times, state.most, hand.slot("times"));
    const row = pictures(state, () => [1, 1], ring);
    row.element.prepend(box("column", grid.element, inside.element));

    // what the pixel under the hand is made from: as many pixels more as there are layers
    function ring() {
      const [i, j] = row.place();
      const [down, right] = state.places[now.place].map((corner) => (corner - 1) * now.times);
      row.ring(0, i + down, j + right, now.times + 1);
      row.ring(1, i, j, 1);
    }

    function draw() {
      inside.set(larger());
      const { times, place } = now;
      let { picture } = now.photo;
      row.show(0, picture);
      for (let n = 0; n < times; n++) picture = correlate(picture, larger(), 1);
      row.show(1, picture, brightness(now.kernel));
      ring();
      const [down, right] = state.places[place];
      return fill(words.summary, {
        place,
        pixels: `${times / 2} ${times > 2 ? words.pixels : words.one_pixel}`,
        half: times / 2,
        vertical: words.vertical[down],
        sideways: words.sideways[right],
      });
    }

    return {
      controls: [...photo, corners, layers],
      body: [row.element],
      draw,
      code: () => ({ photo: photoCode(state, now), K: asCode(larger()), times: now.times }),
    };
  }

  function compositionPlayground(hand, state) {
    const { now, words } = hand;
    const photo = photoOf(hand, state);
    [now.b, now.c] = state.presets[state.first];
    const made = make("div", { class: "lesson-made", "aria-live": "polite" }, words.point);
    const A = kernelGrid({
      name: words.a,
      kernel: compose(now.b, now.c),
      editable: false,
      entry: (at) => light("a", at),
    });
    const [B, C] = ["b", "c"].map((which) =>
      gridOf(hand, words[which], hand.slot(which), (at) => light(which, at)),
    );
    const pair = { get: () => [now.b, now.c], set: ([b, c]) => hand.set({ b, c }) };
    const menu = presetMenu(hand, () => state.presets, pair);
    const sizes = () => [A.kernel.length, now.c.length, 1, 1];
    const { row, glass, look } = underGlass(hand, state, sizes, () => A.kernel);
    let lit = null;

    // the entries that make this one, or that it goes into, and in words how
    function light(which, at) {
      lit = at && [which, at];
      const terms = lit ? partners(which, at) : [];
      A.light(terms.map((term) => term.a));
      B.light(terms.map((term) => term.b));
      C.light(terms.map((term) => term.c));
      made.textContent = lit ? equation(which, at, terms) : words.point;
    }

    function partners(which, at) {
      const terms = [];
      each(now.b, (_, u, v) => {
        each(now.c, (_, p, q) => terms.push({ a: [u + p, v + q], b: [u, v], c: [p, q] }));
      });
      return terms.filter((term) => same(term[which], at));
    }

    function equation(which, [i, j], terms) {
      const entry = `${which}${i}${j}`;
      if (which !== "a") return fill(words.goes_into, { entry, count: terms.length });
      const letters = terms.map(({ b, c }) => `b${b.join("")} c${c.join("")}`);
      const numbers = terms.map(
        ({ b: [u, v], c: [p, q] }) => `${bracket(now.b[u][v])}·${bracket(now.c[p][q])}`,
      );
      const value = format(A.kernel[i][j]);
      return `${entry} = ${letters.join(" + ")} = ${numbers.join(" + ")} = ${value}`;
    }

    function bracket(value) {
      return value < 0 ? `(${format(value)})` : format(value);
    }

    function draw() {
      const { photo, b, c } = now;
      const a = compose(b, c);
      A.set(a);
      const after = correlate(photo.picture, b);
      const two = correlate(after, c);
      const one = correlate(photo.picture, a);
      row.show(0, photo.picture);
      row.show(1, after, brightness(b));
      row.show(2, two, brightness(a));
      row.show(3, one, brightness(a));
      look();
      if (lit) light(...lit);
      const { largest, difference } = apart(two, one);
      return fill(words.summary, {
        difference: difference.toExponential(1),
        largest: format(largest),
      });
    }

    const kernels = [
      B.element,
      box("sign", words.then),
      C.element,
      box("sign", words.are),
      A.element,
    ];
    return {
      controls: [...photo, menu],
      body: [
        make("div", { class: "lesson-row lesson-kernels" }, ...kernels),
        made,
        row.element,
        glass,
      ],
      draw,
      code: () => ({
        photo: photoCode(state, now),
        B: asCode(now.b),
        C: asCode(now.c),
        A: asCode(A.kernel),
      }),
    };
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

  function stackPlayground(hand, state) {
    const { now, words } = hand;
    const { pixels } = state;
    now.layers = state.layers; // [size, stride] of each
    const canvas = make("canvas", { role: "img", "aria-label": words.alt });
    const kinds = [
      [words.size, state.largest],
      [words.stride, state.longest],
    ];
    const sliders = now.layers.flatMap((_, n) =>
      kinds.map(([name, most], which) =>
        slider(hand, fill(name, { n: n + 1 }), most, at(n, which)),
      ),
    );

    function at(n, which) {
      const set = (value, done) =>
        hand.set({ layers: now.layers.with(n, now.layers[n].with(which, value)) }, done);
      return { get: () => now.layers[n][which], set };
    }

    const column = (which) => `[${now.layers.map((layer) => layer[which]).join(", ")}]`;

    // along how many paths one output reaches each pixel of what it sees
    function paths() {
      let count = [1];
      for (const [size, stride] of now.layers.toReversed()) {
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
      paintRow(canvas, seen, pixels);
      let outputs = pixels;
      for (const [, stride] of now.layers) outputs = Math.floor((outputs - 1) / stride) + 1; // padded by size - 1
      return fill(words.summary, {
        field: seen.length,
        pixels,
        outputs,
        weights: total(now.layers.map(([size]) => (size > 1 ? size * size : 0))),
        one: seen.length ** 2,
      });
    }

    return {
      controls: [make("span", {}, words.title)],
      body: [box("stack", ...sliders), box("line", canvas)],
      draw,
      code: () => ({ sizes: column(0), strides: column(1) }),
    };
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
.lesson-playground > img { max-width: 100%; }
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
.lesson-view > .lesson-sign { grid-area: sign; margin-right: 7px; font-size: 20px; }
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
  .lesson-view > .lesson-sign { margin-right: 0.4em; font-size: inherit; }
}
@container (max-width: 520px) {
  .lesson-view { flex: 0 0 calc(50% - 8px); max-width: 240px; }
  .lesson-view > .lesson-name { white-space: normal; }
  .lesson-lens { gap: 8px; }
  .lesson-lens > .lesson-sign:last-child { margin: 0; }
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
      playground(root, state, PLAYGROUNDS[state.kind]);
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
    steer(place, { now, move, settle: ignore, say: (sentence) => answer(place, sentence) });
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
    shade,
    paint,
    format,
    kernelGrid,
    photoMenu,
    make,
    start,
    adopt,
  };
})();

if (document.readyState === "loading")
  document.addEventListener("DOMContentLoaded", window.lesson.start);
else window.lesson.start();

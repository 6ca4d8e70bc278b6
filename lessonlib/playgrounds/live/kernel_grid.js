/* A kernel as a matrix of coloured cells. */
{
  const { ENTRY, fits, number, format, shade, restored, matrix, misfit } = window.lesson;
  const { each, make, box, on, arrows, steer } = window.lesson;
  const ignore = () => {};

  /* kernelGrid({name, kernel}) gives {element, kernel, set(kernel), light(places), cell(row, column)}:
  the matrix with its name over it; --cell sets the size of its cells. Editable, each cell is typed
  into, stepped by the arrow keys, dragged sideways, and takes a pasted matrix.
  change(kernel, done): at each new kernel; done is false while the hand is still moving.
  entry([row, column] or null): what the pointer or the focus is on.
  say(sentence): why something was refused, by the limits of an entry; label(row, column): its name.
  set() takes any size and calls nobody; light([[row, column], ...]) rings those entries. */
  function kernelGrid(options) {
    const { name, kernel, editable = true, change = ignore, entry, say = ignore } = options;
    const {
      limits = ENTRY,
      label = (row, column) => `${name}, row ${row + 1}, column ${column + 1}`,
    } = options;
    const role = editable ? "group" : "grid";
    const table = make("div", { class: "lesson-cells", role, "aria-label": name });
    const cell = (row, column) => cells[row][column];
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
      const values = grid.kernel.flat().map(Math.abs);
      const largest = limits.whole ? limits.most : Math.max(...values) || 1;
      each(grid.kernel, (value, i, j) => {
        const place = cells[i][j];
        place.style.background = shade(value / largest);
        if (!editable) place.textContent = format(value);
        else if (!place.typing) place.value = format(value);
        if (editable) place.setAttribute("aria-valuenow", value);
      });
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
      on(place, "pointerenter focus", () => entry?.([i, j]));
      on(place, "pointerleave blur", () => entry?.(null));
      return place;
    }

    function printed(i, j) {
      const place = make("span", { role: "gridcell", class: "lesson-cell" });
      if (!entry) return place;
      // one stop of Tab for all; arrows go on from there
      place.tabIndex = i || j ? -1 : 0;
      place.dataset.lmSuppressShortcuts = "true";
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
        "aria-label": label(i, j),
        "aria-valuemin": limits.least,
        "aria-valuemax": limits.most,
      });
      place.typing = false;
      let before = 0; // the value until the typing began
      const now = () => grid.kernel[i][j];
      const move = (value, done) => take(grid.kernel.with(i, grid.kernel[i].with(j, value)), done);

      function settle() {
        if (!place.typing) return;
        place.typing = false;
        const value = number(place.value);
        if (fits(value, limits)) return move(value, true);
        const answer = restored(place.value, before, limits);
        move(before, true);
        say(answer);
      }

      on(place, "input", () => {
        if (!place.typing) before = now();
        place.typing = true;
        const value = number(place.value);
        if (fits(value, limits)) move(value, false);
      });
      on(place, "blur", settle);
      on(place, "paste", (event) => {
        let rows = matrix(event.clipboardData.getData("text"));
        if (!rows) return;
        event.preventDefault();
        if (rows.length === 1 && grid.kernel[0].length === 1) rows = rows[0].map((text) => [text]);
        const reason = misfit(rows, grid.kernel, name, limits);
        if (reason) return say(reason);
        const pasted = rows.map((row) => row.map(number));
        take(pasted, true);
      });
      on(place, "keydown", ({ key }) => {
        if (key === "Enter") {
          settle();
          place.select();
        } else if (key === "Escape" && place.typing) {
          place.typing = false;
          move(before, true);
        }
      });
      steer(place, { now, move, settle, say, limits });
      return watched(place, i, j);
    }

    set(kernel);
    return grid;
  }

  Object.assign(window.lesson, { kernelGrid });
}

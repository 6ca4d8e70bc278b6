/* The same hand for playgrounds of ipywidgets, in boxes of the class .lesson-widgets. */
{
  const { number, restored, matrix, misfit, zeros, on, dress, steer } = window.lesson;
  const MEGABYTES = 9; // at 10 the server drops the connection
  const chosen = new WeakMap(); // the button of each file input

  /* Watches the page, as widgets come and go: no key of a control goes to JupyterLab, a number field
  is steered as in a kernelGrid and leaves the wheel to the page, too large a file is answered. */
  function adopt() {
    const { dataset } = document.documentElement;
    if (dataset.lessonHand) return;
    dataset.lessonHand = "on";
    dress();
    const controls = ".lesson-widgets :is(select, input, button, textarea, [tabindex])";
    const meet = ({ target }) => {
      const control = target.closest?.(controls);
      if (!control) return;
      control.dataset.lmSuppressShortcuts = "true";
      if (control.type === "number") takeOver(control);
    };
    document.addEventListener("focusin", meet, true);
    document.addEventListener("pointerover", meet, true);
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
      if (!chosen.has(this)) this.addEventListener("change", tooLarge, true);
      chosen.set(this, upload);
      click.call(this);
    };
    setTimeout(() => {
      HTMLInputElement.prototype.click = click;
    });
  }

  function tooLarge(event) {
    const megabytes = (this.files[0]?.size ?? 0) / 1e6;
    if (megabytes <= MEGABYTES) return;
    event.stopImmediatePropagation();
    const limit = `and this takes up to ${MEGABYTES}: choose a smaller photo.`;
    const sentence = `That file has ${Math.round(megabytes)} MB ${limit}`;
    answer(chosen.get(this), `${sentence} The photo stays as it was.`);
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
    on(place, "focus", () => {
      before = now();
    });
    on(place, "input", () => {
      if (/^[^.,]*,[^.,]*$/.test(place.value)) place.value = place.value.replace(",", ".");
    });
    on(place, "change", () => {
      if (Number.isNaN(now()))
        answer(place, restored(place.value, before)); // ipywidgets puts it back
      else before = now();
    });
    on(place, "paste", (event) => {
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

  Object.assign(window.lesson, { adopt });
}

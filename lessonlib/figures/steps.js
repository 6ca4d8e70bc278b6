// One still at a time, in the room of the largest, so that nothing below moves.
(() => {
  for (const box of document.querySelectorAll(".lesson-steps:not([data-live])")) {
    box.dataset.live = "";
    const figures = [...box.querySelectorAll("figure")];
    const captions = figures.map((figure) => figure.querySelector("figcaption"));
    const words = captions.map((caption) => caption.textContent);
    const stage = document.createElement("div");
    stage.style.cssText = "display:grid;align-items:start;cursor:pointer";
    for (const figure of figures) figure.style.gridArea = "1/1";
    for (const caption of captions) caption.remove();
    stage.append(...figures);

    const button = (name, by) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = name;
      made.style.cssText = "min-height:44px;padding:0 1em;font:inherit";
      made.addEventListener("click", () => show(at + by));
      return made;
    };
    const slider = document.createElement("input");
    slider.type = "range";
    slider.min = 1;
    slider.max = figures.length;
    slider.setAttribute("aria-label", "Step");
    slider.style.cssText = "flex:1;min-width:4em;max-width:16em;min-height:44px";
    const said = document.createElement("output");
    said.style.cssText = "display:block;min-height:3em";
    const row = document.createElement("div");
    row.style.cssText = "display:flex;gap:.5em;align-items:center;max-width:36em";
    row.append(button("Previous", -1), slider, button("Next", 1));
    box.replaceChildren(stage, row, said);

    let at = 0;
    const show = (step) => {
      at = (step + figures.length) % figures.length; // round and round
      figures.forEach((figure, i) => {
        figure.style.visibility = i === at ? "visible" : "hidden";
      });
      slider.value = at + 1;
      said.textContent = `${at + 1} of ${figures.length}: ${words[at]}`;
    };
    slider.addEventListener("input", () => show(slider.value - 1));
    stage.addEventListener("click", () => show(at + 1));
    show(0);
  }
})();

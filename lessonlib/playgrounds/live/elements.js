/* Elements of a page, and the keys that move between them. */
{
  const CONTROLS = ["input", "select", "button", "textarea", "canvas"];
  const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  // an element; of its attributes the functions hear events
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

  function svg(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const box = (name, ...children) => make("div", { class: `lesson-${name}` }, ...children);
  const sign = (text) => make("div", { class: "lesson-sign", "aria-hidden": "true" }, text);
  const labelled = (text, ...controls) => make("label", {}, `${text} `, ...controls);
  const button = (text, title, click) => make("button", { type: "button", title, click }, text);

  // options of a menu
  const options = (names) => names.map((name) => make("option", {}, name));

  // hear(event) at each of these events
  function on(element, events, hear) {
    for (const event of events.split(" ")) element.addEventListener(event, hear);
  }

  // move(down, right) at each arrow key
  function arrows(place, move) {
    place.addEventListener("keydown", (event) => {
      if (!(event.key in ARROWS)) return;
      event.preventDefault();
      move(...ARROWS[event.key]);
    });
  }

  // a function that shows a sentence once the hand rests: calm for the eye, and a screen reader does
  // not read every number
  function sayer(element) {
    let waiting = 0;
    return (sentence) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        element.textContent = sentence;
      }, 150);
    };
  }

  // the styles of all playgrounds, once in a page
  function dress() {
    if (!document.getElementById("lesson-styles"))
      document.head.append(make("style", { id: "lesson-styles" }, window.lesson.styles));
  }

  Object.assign(window.lesson, { make, svg, box, sign, labelled, button, options, on, arrows });
  Object.assign(window.lesson, { sayer, dress });
}

/* Step 1: a kernel slides over a picture. */
"use strict";

{
  const { kernelGrid, format, bracketed, sign } = window.lesson;
  const { steps, data, group, row, button, message, picture, flat, slid } = window.explorable;
  const START = [2, 4];

  steps.slide = (root) => {
    const { element, say } = message();
    let at = START;
    let walking = 0;
    const x = picture("the picture", data.dog, { grey: true });
    const k = kernelGrid({ name: "the kernel", kernel: data.sobel, say, change: draw });
    const products = picture("nine products", data.sobel);
    const y = picture("the result", slid(data.dog, data.sobel), { look: point });
    const walk = button("Slide", () => (walking ? rest() : set()));
    const again = button("Start again", () => {
      k.set(data.sobel);
      look(START);
    });

    function point(cell) {
      rest();
      look(cell);
    }

    function look(cell) {
      at = cell;
      draw();
    }

    function draw() {
      const [i, j] = at;
      const all = k.kernel.map((line, u) =>
        line.map((weight, v) => weight * data.dog[i + u][j + v]),
      );
      const result = slid(data.dog, k.kernel);
      y.show(result);
      products.show(all);
      x.frame(i, j);
      y.frame(i, j, 1);
      const sum = `${flat(all).map(bracketed).join(" + ")} = ${format(result[i][j])}`;
      say(`Row ${i + 1}, column ${j + 1}: ${sum}`);
    }

    function set() {
      walk.textContent = "Stop";
      walking = setInterval(() => {
        const next = (at[0] * 8 + at[1] + 1) % 64;
        look([Math.floor(next / 8), next % 8]);
      }, 220);
    }

    function rest() {
      clearInterval(walking);
      walking = 0;
      walk.textContent = "Slide";
    }

    const factors = group("column", k.element, products.element);
    root.replaceChildren(
      row(x.element, sign("×"), factors, sign("="), y.element),
      group("controls", walk, again),
      element,
    );
    draw();
  };
}

/* What the pixel under the hand is made of, below the pictures. */
{
  const { total, each, format, fill, shade, make, box, pictures } = window.lesson;

  /* {row, glass, look()}: the pictures; below them the window of the photo, entry by entry times
  kernel(), and the sum; and what shows them anew. sizes(): as pictures takes it. */
  function underGlass(hand, state, sizes, kernel) {
    const { words } = hand;
    const row = pictures(state, sizes, look);
    const seen = box("mini");
    const times = box("mini");
    const count = box("name");
    const sum = box("sign");
    const pixels = box("kernel", box("name", words.window), seen);
    const glass = box("lens", pixels, box("sign", words.times), box("kernel", count, times), sum);
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

  Object.assign(window.lesson, { underGlass });
}

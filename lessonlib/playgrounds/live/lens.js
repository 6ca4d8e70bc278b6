/* What the pixel under the hand is made of, below the pictures. */
{
  const { total, each, format, fill, shade, make, box, pictures } = window.lesson;

  /* {row, glass, look()}: the pictures; below them the window of the photo, entry by entry times
  kernel(), and the sum; and what shows them anew. sizes(): as pictures takes it. */
  function underGlass(hand, state, sizes, kernel) {
    const { words } = hand;
    const row = pictures(state, sizes, look);
    const pixels = box("mini");
    const times = box("mini");
    const count = box("name");
    const sum = box("sign");
    const before = box("kernel", box("name", words.window), pixels);
    const glass = box("lens", before, box("sign", words.times), box("kernel", count, times), sum);
    glass.setAttribute("aria-hidden", "true");
    let cells = [];
    let values = []; // of the window
    let shown = []; // the window that they are of: the picture, its place and size

    function build(size) {
      count.textContent = fill(words.products, { count: size * size });
      cells = [pixels, times].map((part) => {
        const spans = Array.from({ length: size * size }, () => make("span"));
        part.style.setProperty("--columns", size);
        part.replaceChildren(...spans);
        return spans;
      });
    }

    function showWindow(...wanted) {
      if (wanted.every((part, n) => part === shown[n])) return; // only the kernel is another
      const [picture, row0, column0, size] = wanted;
      if (size !== shown[3]) build(size);
      shown = wanted;
      values = [];
      each(kernel(), (_, u, v) => values.push(meanAt(picture, row0 + u, column0 + v)));
      for (const [n, value] of values.entries()) {
        const level = Math.round(255 * Math.max(0, Math.min(1, value)));
        const span = cells[0][n];
        span.textContent = value.toFixed(2);
        span.style.background = `rgb(${level},${level},${level})`;
        span.style.color = level > 120 ? "#111" : "#fff";
      }
    }

    function look(byKeys = false) {
      row.rings();
      const [row0, column0] = row.place();
      showWindow(hand.now.photo.picture, row0, column0, kernel().length);
      const weights = kernel().flat();
      const products = weights.map((weight, n) => weight * values[n]);
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

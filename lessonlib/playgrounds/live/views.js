/* Pictures, alone or in a row with a window in each. */
{
  const { make, box, sign, on, arrows } = window.lesson;
  const images = new WeakMap(); // of each canvas, to be written again in the next frame

  // one canvas pixel for one of the picture, enlarged by CSS; look: see brightness
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

  function imageOf(canvas, context) {
    const last = images.get(canvas);
    if (last?.width === canvas.width && last.height === canvas.height) return last;
    const image = context.createImageData(canvas.width, canvas.height);
    image.data.fill(255);
    images.set(canvas, image);
    return image;
  }

  /* Pictures in one row, the sign between them; all lie in squares of `side` pixels, a smaller one in
  the middle of its own. A ring in each is the window that the pixel under the hand is made from:
  sizes() gives its side in each picture, moved(byKeys) is called when it is another one. */
  function pictures({ views, side }, sizes, moved) {
    const percent = (pixels) => `${(100 * pixels) / side}%`;
    let centre = [side / 2, side / 2];
    const all = views.map(view);

    function view({ sign: between, title, alt }, n) {
      const canvas = make("canvas", { role: "img", "aria-label": alt });
      if (n === 0) {
        canvas.tabIndex = 0; // one stop of Tab for the whole row
        arrows(canvas, (down, right) => to(centre[0] + down, centre[1] + right, true));
      }
      const ring = box("ring");
      const frame = box("square", canvas, ring);
      on(frame, "pointermove pointerdown", ({ clientX, clientY }) => {
        const { left, top, width, height } = frame.getBoundingClientRect();
        to(((clientY - top) / height) * side, ((clientX - left) / width) * side);
      });
      const parts = [box("name", title), frame];
      if (between) parts.unshift(sign(between));
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

  Object.assign(window.lesson, { paint, pictures });
}

/* Playground: layers of any kernel size and stride, and what one output sees. */
{
  const { total, fill, make, box, slider, paint } = window.lesson;

  window.lesson.playgrounds.stack = (hand, state) => {
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
  };

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
}

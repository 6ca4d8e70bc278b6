/* Playground: two kernels in series, the one kernel that they make, and a photo by both routes. */
{
  const { correlate, compose, terms, brightness, format, bracketed, asCode } = window.lesson;
  const { fill, make, box, kernelGrid, photoOf, photoCode, gridOf, presetMenu } = window.lesson;
  const { underGlass } = window.lesson;

  window.lesson.playgrounds.composition = (hand, state) => {
    const { now, words } = hand;
    const photo = photoOf(hand, state);
    [now.b, now.c] = state.presets[state.first];
    const made = make("div", { class: "lesson-made", "aria-live": "polite" }, words.point);
    const entry = (which) => (at) => light(which, at);
    const [B, C] = ["b", "c"].map((which) =>
      gridOf(hand, words[which], hand.slot(which), { entry: entry(which) }),
    );
    const A = kernelGrid({
      name: words.a,
      kernel: compose(now.b, now.c),
      editable: false,
      entry: entry("a"),
    });
    const pair = { get: () => [now.b, now.c], set: ([b, c]) => hand.set({ b, c }) };
    const menu = presetMenu(hand, () => state.presets, pair);
    const sizes = () => [A.kernel.length, now.c.length, 1, 1];
    const { row, glass, look } = underGlass(hand, state, sizes, () => A.kernel);
    let lit = null;

    // the entries that make this one, or that it goes into, and in words how
    function light(which, at) {
      lit = at && [which, at];
      const found = at ? terms(now.b, now.c, which, at) : [];
      for (const [name, grid] of Object.entries({ a: A, b: B, c: C }))
        grid.light(found.map((term) => term[name]));
      made.textContent = at ? equation(which, at, found) : words.point;
    }

    function equation(which, [i, j], found) {
      const entry = `${which}${i}${j}`;
      if (which !== "a") return fill(words.goes_into, { entry, count: found.length });
      const letters = found.map(({ b, c }) => `b${b.join("")} c${c.join("")}`);
      const products = found.map(
        ({ b: [u, v], c: [p, q] }) => `${bracketed(now.b[u][v])}·${bracketed(now.c[p][q])}`,
      );
      const value = format(A.kernel[i][j]);
      return `${entry} = ${letters.join(" + ")} = ${products.join(" + ")} = ${value}`;
    }

    function draw() {
      const { b, c } = now;
      const { picture } = now.photo;
      const a = compose(b, c);
      A.set(a);
      const after = correlate(picture, b);
      const two = correlate(after, c);
      const one = correlate(picture, a);
      row.show(0, picture);
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

    const signs = [words.then, words.are].map((word) => box("sign", word));
    const kernels = box("row", B.element, signs[0], C.element, signs[1], A.element);
    kernels.classList.add("lesson-kernels");
    return {
      controls: [...photo, menu],
      body: [kernels, made, row.element, glass],
      draw,
      code: () => ({
        photo: photoCode(state, now),
        B: asCode(now.b),
        C: asCode(now.c),
        A: asCode(A.kernel),
      }),
    };
  };

  // the largest difference between two pictures, and the largest value of the second
  function apart(picture, other) {
    let difference = 0;
    let largest = 0;
    // no closure over these two: that would take four times as long
    for (const [n, plane] of picture.planes.entries()) {
      const second = other.planes[n];
      for (let i = 0; i < plane.length; i++) {
        difference = Math.max(difference, Math.abs(plane[i] - second[i]));
        largest = Math.max(largest, Math.abs(second[i]));
      }
    }
    return { difference, largest };
  }
}

/* The lesson's arithmetic, which stands twice in this project: here and in Python (lessonlib/kernels.py,
lessonlib/playgrounds/colors.py). A test holds the pixels of both together.

A kernel is an array of rows, [[1, 2], [3, 4]]. A picture is {height, width, planes}, each plane a
Float64Array of height * width, row by row, from 0 for black to 1 for white; one plane is grey. */
{
  const total = (values) => values.reduce((sum, value) => sum + value, 0);
  const zeros = (height, width) => Array.from({ length: height }, () => Array(width).fill(0));

  // act(value, row, column) for each entry
  function each(kernel, act) {
    for (const [i, row] of kernel.entries()) {
      for (const [j, value] of row.entries()) act(value, i, j);
    }
  }

  // another picture: the same products as in Python, added in the same order; padding: zeros around
  function correlate(picture, kernel, padding = 0) {
    const x = padding ? padded(picture, padding) : picture;
    const height = x.height - kernel.length + 1;
    const width = x.width - kernel[0].length + 1;
    const planes = x.planes.map((plane) => slide(plane, x.width, kernel, height, width));
    return { height, width, planes };
  }

  function slide(plane, across, kernel, height, width) {
    const y = new Float64Array(height * width);
    const taps = [];
    each(kernel, (weight, u, v) => {
      if (weight !== 0) taps.push([weight, u * across + v]);
    });
    while (taps.length % 4) taps.push([0, 0]);
    for (let n = 0; n < taps.length; n += 4) addFour(y, plane, across, width, taps.slice(n, n + 4));
    return y;
  }

  // four taps [weight, offset] in one go, in their order: so y is read and written a quarter as often
  function addFour(y, plane, across, width, [[a, i], [b, j], [c, k], [d, l]]) {
    for (let to = 0, row = 0; to < y.length; row += across) {
      const end = to + width;
      for (let at = row; to < end; to++, at++)
        y[to] =
          y[to] + a * plane[at + i] + b * plane[at + j] + c * plane[at + k] + d * plane[at + l];
    }
  }

  function padded(picture, padding) {
    const height = picture.height + 2 * padding;
    const width = picture.width + 2 * padding;
    const planes = picture.planes.map((plane) => {
      const wider = new Float64Array(height * width);
      for (let i = 0; i < picture.height; i++) {
        const row = plane.subarray(i * picture.width, (i + 1) * picture.width);
        wider.set(row, (i + padding) * width + padding);
      }
      return wider;
    });
    return { height, width, planes };
  }

  // the one kernel that does what b and then c do: each entry of c lays a copy of b at its place
  function compose(b, c) {
    const a = zeros(b.length + c.length - 1, b[0].length + c[0].length - 1);
    each(c, (weight, i, j) => {
      each(b, (value, u, v) => {
        a[i + u][j + v] += weight * value;
      });
    });
    return a;
  }

  // the products in compose(b, c) with a factor, or their sum, at the place `at` of `which`: "a", "b" or
  // "c"; each as its places [row, column] in all three
  function terms(b, c, which, at) {
    const all = [];
    each(b, (_, u, v) => {
      each(c, (_, p, q) => all.push({ a: [u + p, v + q], b: [u, v], c: [p, q] }));
    });
    return all.filter((term) => String(term[which]) === String(at));
  }

  // the kernel in zeros, size x size
  function embed(kernel, size, row, column) {
    const larger = zeros(size, size);
    each(kernel, (value, i, j) => {
      larger[row + i][column + j] = value;
    });
    return larger;
  }

  // how a picture is shown that the kernel made, offset + value / divisor, and the rule's name
  function brightness(kernel) {
    const entries = kernel.flat();
    const sum = total(entries);
    const size = total(entries.map(Math.abs));
    if (Math.abs(sum) <= 0.1 * size)
      return { offset: 0.5, divisor: Math.max(2, size / 4), rule: "cancels" };
    if (sum < 0) return { offset: 1, divisor: Math.max(1, -sum), rule: "negative" };
    if (sum > 1 + 1e-9) return { offset: 0, divisor: sum, rule: "divided" };
    return { offset: 0, divisor: 1, rule: "cut" };
  }

  Object.assign(window.lesson, { total, zeros, each, correlate, compose, terms });
  Object.assign(window.lesson, { embed, brightness });
}

/* The product of two 2x2 nearest to a 3x3, for step 5. */
"use strict";

{
  const { flat, block } = window.explorable;

  /* The product b * c nearest to a 3x3, by Newton's method from several directions of b, as
  lessonlib.algebra.nearest_product, to which a test holds it. */
  function nearestProduct(kernel) {
    const scale = Math.max(...flat(kernel).map(Math.abs)) || 1;
    const target = flat(kernel).map((value) => value / scale);
    const [best] = peaks(target)
      .map((f) => fitted(target, f, 60))
      .sort((p, q) => p.error - q.error);
    const rows = Array.from(product(best.f), (value) => value * scale);
    return {
      kernel: [0, 3, 6].map((from) => rows.slice(from, from + 3)),
      residual: scale * Math.sqrt(best.error),
    };
  }

  // entry u of b times entry v of c lands on w in the 3x3, all counted row by row
  const LANDS = block(0, 0, 2).flatMap(([i, j], u) =>
    block(0, 0, 2).map(([k, l], v) => ({ u, v, w: 3 * (i + k) + j + l })),
  );

  // directions of b all over the sphere in four dimensions (Roberts's sequence, Hopf's coordinates)
  const directions = Array.from({ length: 200 }, (_, n) => {
    const [p, q, r] = [0.8191725, 0.6710436, 0.5497005].map((step) => (0.5 + n * step) % 1);
    const [near, far] = [Math.sqrt(1 - p), Math.sqrt(p)];
    const [u, v] = [2 * Math.PI * q, 2 * Math.PI * r];
    return [near * Math.cos(u), near * Math.sin(u), far * Math.cos(v), far * Math.sin(v)];
  });

  // b and c to start from: the best of all directions, and the next best ones apart from those
  function peaks(target) {
    const all = directions.map((b) => {
      const f = Float64Array.of(...b, ...partner(target, b));
      return { b, f, error: missed(target, f).error };
    });
    all.sort((p, q) => p.error - q.error);
    const chosen = [];
    for (const one of all) {
      if (chosen.length === 8) break;
      if (chosen.every(({ b }) => Math.abs(dot(b, one.b)) < 0.85)) chosen.push(one);
    }
    return chosen.map(({ f }) => f);
  }

  function product(f) {
    const a = new Float64Array(9);
    for (const { u, v, w } of LANDS) a[w] += f[u] * f[4 + v];
    return a;
  }

  // the c for which b * c is nearest
  function partner(target, b) {
    const normal = new Float64Array(16);
    const right = new Float64Array(4);
    for (const one of LANDS) {
      right[one.v] += b[one.u] * target[one.w];
      for (const other of LANDS) {
        if (one.w === other.w) normal[4 * one.v + other.v] += b[one.u] * b[other.u];
      }
    }
    for (let n = 0; n < 4; n++) normal[5 * n] += 1e-9;
    return solved(normal, right);
  }

  // Newton's steps for |b * c - target|^2 from f, b and c in one, damped until they lead down
  function fitted(target, f, steps) {
    let { r, error } = missed(target, f);
    let damping = 1e-2;
    for (let step = 0; step < steps && damping < 1e9 && error > 1e-26; step++) {
      const { normal, slope } = curvature(f, r);
      for (let n = 0; n < 8; n++) normal[9 * n] += damping;
      const move = solved(normal, slope);
      const next = move && f.map((value, n) => value - move[n]);
      const there = move && missed(target, next);
      if (!move || there.error >= error) {
        damping = Math.max(1e-10, 10 * damping);
        continue;
      }
      const arrived = damping < 1e-4 && error - there.error < 1e-14 * error;
      damping /= 30;
      f = next;
      ({ r, error } = there);
      if (arrived) break;
    }
    return { f, error };
  }

  function missed(target, f) {
    const r = product(f);
    let error = 0;
    for (let w = 0; w < 9; w++) {
      r[w] -= target[w];
      error += r[w] * r[w];
    }
    return { r, error };
  }

  // the second and the first derivative of half the squared error
  function curvature(f, r) {
    const by = Array.from({ length: 8 }, () => new Float64Array(9)); // the derivative of the product
    for (const { u, v, w } of LANDS) {
      by[u][w] += f[4 + v];
      by[4 + v][w] += f[u];
    }
    const normal = new Float64Array(64);
    const slope = new Float64Array(8);
    for (let n = 0; n < 8; n++) {
      slope[n] = dot(by[n], r);
      for (let m = 0; m < 8; m++) normal[8 * n + m] = dot(by[n], by[m]);
    }
    for (const { u, v, w } of LANDS) {
      normal[8 * u + 4 + v] += r[w];
      normal[8 * (4 + v) + u] += r[w];
    }
    return { normal, slope };
  }

  function dot(p, q) {
    let sum = 0;
    for (let n = 0; n < p.length; n++) sum += p[n] * q[n];
    return sum;
  }

  // x with matrix x = right, by Gauss, in place; null unless the symmetric matrix bends upwards
  function solved(matrix, right) {
    const size = right.length;
    for (let n = 0; n < size; n++) {
      if (!(matrix[size * n + n] > 0)) return null;
      for (let m = n + 1; m < size; m++) {
        const factor = matrix[size * m + n] / matrix[size * n + n];
        for (let k = n; k < size; k++) matrix[size * m + k] -= factor * matrix[size * n + k];
        right[m] -= factor * right[n];
      }
    }
    for (let n = size - 1; n >= 0; n--) {
      for (let k = n + 1; k < size; k++) right[n] -= matrix[size * n + k] * right[k];
      right[n] /= matrix[size * n + n];
    }
    return right;
  }

  window.explorable.nearestProduct = nearestProduct;
}

/* The pair merged: chains of convolutions and their BatchNorm become one convolution. */
"use strict";

{
  function merged(layers) {
    const result = [];
    for (const layer of layers) {
      const before = result.at(-1);
      if (layer.kind === "block")
        result.push({ ...layer, path: merged(layer.path), skip: merged(layer.skip) });
      else if (before?.kind === "conv" && layer.kind === "conv")
        result.push(composed(result.pop(), layer));
      else if (before?.kind === "conv" && layer.kind === "norm")
        result.push(folded(result.pop(), layer));
      else result.push(layer);
    }
    return result;
  }

  // A[o, i, w] = sum over m and over u + v = w of C[o, m, u] B[m, i, v]; all padding is B's, all stride C's
  function composed(b, c) {
    const side = b.side + c.side - 1;
    const weight = new Float64Array(c.out * b.into * side * side);
    for (let o = 0; o < c.out; o++) {
      for (let m = 0; m < b.out; m++) {
        for (let u = 0; u < c.side * c.side; u++) {
          const factor = c.weight[(o * b.out + m) * c.side * c.side + u];
          for (let i = 0; i < b.into; i++) {
            for (let v = 0; v < b.side * b.side; v++) {
              const row = Math.floor(u / c.side) + Math.floor(v / b.side);
              const at = ((o * b.into + i) * side + row) * side + (u % c.side) + (v % b.side);
              weight[at] += factor * b.weight[(m * b.into + i) * b.side * b.side + v];
            }
          }
        }
      }
    }
    return { ...b, out: c.out, side, stride: c.stride, weight, shift: c.shift };
  }

  function folded(conv, { scale, shift }) {
    const each = conv.weight.length / conv.out;
    return {
      ...conv,
      weight: conv.weight.map((value, n) => scale[Math.floor(n / each)] * value),
      shift,
    };
  }

  // how many convolutions and BatchNorms there are
  function count(layers) {
    return layers.reduce((sum, { kind, path, skip }) => {
      if (kind === "block") return sum + count(path) + count(skip);
      return sum + (kind === "conv" || kind === "norm");
    }, 0);
  }

  Object.assign(window.network, { merged, count });
}

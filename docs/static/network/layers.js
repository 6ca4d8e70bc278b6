/* What each layer does. A picture between two layers is {channels, height, width, data}, channel by
channel, row by row. */
"use strict";

{
  const LAYERS = {
    conv(x, { out, into, side, stride, pad, weight, shift }) {
      const from = padded(x, pad);
      const height = Math.floor((from.height - side) / stride) + 1;
      const width = Math.floor((from.width - side) / stride) + 1;
      const y = blank(out, height, width);
      for (let o = 0; o < out; o++) {
        y.data.fill(shift[o], o * height * width, (o + 1) * height * width);
        for (let i = 0; i < into; i++) {
          for (let tap = 0; tap < side * side; tap++) {
            const w = weight[(o * into + i) * side * side + tap];
            const row = Math.floor(tap / side);
            for (let h = 0; h < height; h++) {
              let at = (i * from.height + h * stride + row) * from.width + (tap % side);
              const to = (o * height + h) * width;
              for (let j = 0; j < width; j++, at += stride) y.data[to + j] += w * from.data[at];
            }
          }
        }
      }
      return y;
    },
    norm(x, { scale, shift }) {
      const size = x.height * x.width;
      const channel = (n) => Math.floor(n / size);
      const data = x.data.map((value, n) => scale[channel(n)] * value + shift[channel(n)]);
      return { ...x, data };
    },
    relu: (x) => ({ ...x, data: x.data.map((value) => Math.max(0, value)) }),
    block(x, { path, skip }) {
      const [a, b] = [forward(path, x), forward(skip, x)];
      return { ...a, data: a.data.map((value, n) => value + b.data[n]) };
    },
    maxpool: (x) => pooled(x, 3, 1, (values) => Math.max(...values)), // never below 0: a ReLU came before
    avgpool: (x) =>
      pooled(x, 2, 0, (values) => values.reduce((sum, value) => sum + value) / values.length),
    mean(x) {
      const size = x.height * x.width;
      const y = blank(x.channels, 1, 1);
      x.data.forEach((value, n) => {
        y.data[Math.floor(n / size)] += value / size;
      });
      return y;
    },
    flatten: (x) => x,
    linear(x, { weight, shift }) {
      const y = blank(shift.length, 1, 1);
      shift.forEach((start, o) => {
        const term = (sum, value, i) => sum + weight[o * x.channels + i] * value;
        y.data[o] = x.data.reduce(term, start);
      });
      return y;
    },
  };

  function blank(channels, height, width) {
    return { channels, height, width, data: new Float64Array(channels * height * width) };
  }

  function padded(x, pad) {
    if (!pad) return x;
    const y = blank(x.channels, x.height + 2 * pad, x.width + 2 * pad);
    for (let row = 0; row < x.channels * x.height; row++) {
      const line = x.data.subarray(row * x.width, (row + 1) * x.width);
      const channel = Math.floor(row / x.height);
      y.data.set(line, (channel * y.height + (row % x.height) + pad) * y.width + pad);
    }
    return y;
  }

  function pooled(x, side, pad, of) {
    const from = padded(x, pad);
    const half = (size) => Math.floor((size - side) / 2) + 1;
    const y = blank(x.channels, half(from.height), half(from.width));
    y.data.forEach((_, n) => {
      const j = n % y.width;
      const row = Math.floor(n / y.width);
      const start =
        (Math.floor(row / y.height) * from.height + 2 * (row % y.height)) * from.width + 2 * j;
      const values = [];
      for (let u = 0; u < side; u++)
        for (let v = 0; v < side; v++) values.push(from.data[start + u * from.width + v]);
      y.data[n] = of(values);
    });
    return y;
  }

  function forward(layers, x) {
    return layers.reduce((now, layer) => LAYERS[layer.kind](now, layer), x);
  }

  // the ten numbers for a photo {height, width, planes} from 0 to 1
  function answer(layers, photo, { mean, std }) {
    const x = blank(3, photo.height, photo.width);
    photo.planes.forEach((plane, c) => {
      const even = plane.map((value) => (value - mean[c]) / std[c]);
      x.data.set(even, c * plane.length);
    });
    return [...forward(layers, x).data];
  }

  window.network.answer = answer;
}

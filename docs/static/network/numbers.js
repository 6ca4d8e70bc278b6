/* The numbers of notebook 09's trained pair, from the script that network.py writes. Plain scripts after
play.js; each adds to window.network. */
"use strict";

window.network = {};

{
  function bytes(base64) {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;
  }

  function half(bits) {
    const size = bits & 0x7fff;
    const value =
      size < 0x400 ? size * 2 ** -24 : (1 + (size & 0x3ff) / 1024) * 2 ** ((size >> 10) - 15);
    return bits & 0x8000 ? -value : value;
  }

  // a function that gives the next so many of the numbers
  function inOrder(numbers) {
    let start = 0;
    return (count) => {
      start += count;
      return numbers.subarray(start - count, start);
    };
  }

  /* The layers with their numbers: convolutions as {kind, out, into, side, stride, pad, weight, shift}. */
  function read({ layers, kernels, vectors }) {
    const kernel = inOrder(Float64Array.from(new Uint16Array(bytes(kernels)), half));
    const vector = inOrder(Float64Array.from(new Float32Array(bytes(vectors))));
    const layer = ([kind, ...sizes]) => {
      if (kind === "block") return { kind, path: sizes[0].map(layer), skip: sizes[1].map(layer) };
      if (kind === "norm") return { kind, scale: vector(sizes[0]), shift: vector(sizes[0]) };
      if (kind === "linear")
        return { kind, weight: kernel(sizes[0] * sizes[1]), shift: vector(sizes[0]) };
      if (kind !== "conv") return { kind };
      const [out, into, side, stride, pad] = sizes;
      const weight = kernel(out * into * side * side);
      return { kind, out, into, side, stride, pad, weight, shift: new Float64Array(out) };
    };
    return layers.map(layer);
  }

  window.network.read = read;
}

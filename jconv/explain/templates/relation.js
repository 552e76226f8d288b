// The arithmetic of the page. It mirrors jconv/geometry and is tested against it,
// entry by entry. Along one axis three indices belong together exactly where
//
//     stride * o + kernelDilation * k = inputDilation * i + low.
//
// An index of several axes is an array; arrays of values are flat, in row-major order.
const Relation = (() => {
  "use strict";

  const ROLES = ["output", "kernel", "input"];
  const SIZE = { input: "nInput", kernel: "nKernel", output: "nOutput" };

  /** The axis that a user describes; no output where no window fits. */
  function axis(given) {
    const { nInput, nKernel, padLow = 0, padHigh = 0 } = given;
    const { stride = 1, kernelDilation = 1, inputDilation = 1 } = given;
    const reach = kernelDilation * (nKernel - 1);
    const room = dilated({ nInput, inputDilation }) + padLow + padHigh;
    const windows = Math.floor((room - Math.abs(reach) - 1) / stride) + 1;
    return {
      nInput, nKernel, nOutput: Math.max(0, windows),
      stride, kernelDilation, inputDilation, low: padLow + Math.min(0, reach),
    };
  }

  const dilated = (a) => (a.nInput ? a.inputDilation * (a.nInput - 1) + 1 : 0);
  const reach = (a) => a.kernelDilation * (a.nKernel - 1);
  const span = (a) => Math.abs(reach(a)) + 1;
  const padLow = (a) => a.low - Math.min(0, reach(a));
  const padHigh = (a) =>
    a.stride * (a.nOutput - 1) + span(a) - dilated(a) - padLow(a);

  const holds = (a, o, k, i) =>
    a.stride * o + a.kernelDilation * k === a.inputDilation * i + a.low;

  /** All {output, kernel, input} of one axis in which one role's index is fixed. */
  function solutions(a, fixed, index) {
    const found = [];
    const range = (role) =>
      role === fixed ? [index] : [...Array(a[SIZE[role]]).keys()];
    for (const i of range("input"))
      for (const o of range("output"))
        for (const k of range("kernel"))
          if (holds(a, o, k, i)) found.push({ output: o, kernel: k, input: i });
    return found;
  }

  /** The products that an entry of a role is the sum of, per axis and then joined. */
  function terms(axes, out, index) {
    let joined = [{ output: [], kernel: [], input: [] }];
    axes.forEach((a, n) => {
      const here = solutions(a, out, index[n]);
      joined = joined.flatMap((term) =>
        here.map((each) =>
          Object.fromEntries(ROLES.map((role) => [role, [...term[role], each[role]]]))));
    });
    return joined;
  }

  const shape = (axes, role) => axes.map((a) => a[SIZE[role]]);
  const count = (sizes) => sizes.reduce((product, n) => product * n, 1);
  const flat = (index, sizes) => index.reduce((at, n, a) => at * sizes[a] + n, 0);

  /** All indices of an array, in row-major order. */
  function indices(sizes) {
    let found = [[]];
    for (const n of sizes)
      found = found.flatMap((index) => [...Array(n).keys()].map((i) => [...index, i]));
    return found;
  }

  /** One contraction: the role `out` from the values of the other two. */
  function contract(axes, out, values) {
    const [first, second] = ROLES.filter((role) => role !== out);
    return indices(shape(axes, out)).map((index) =>
      terms(axes, out, index).reduce(
        (sum, term) =>
          sum +
          values[first][flat(term[first], shape(axes, first))] *
            values[second][flat(term[second], shape(axes, second))],
        0));
  }

  /** The ordinary convolution along one axis that computes a role of it. */
  function ordinary(a, out) {
    const flip = a.kernelDilation < 0;
    const d = Math.abs(a.kernelDilation);
    if (out === "output")
      return {
        axis: { ...a, kernelDilation: d, low: flip ? a.low - reach(a) : a.low },
        flipKernel: flip, flipResult: false,
      };
    if (out === "input")
      return {
        axis: {
          nInput: a.nOutput, nKernel: a.nKernel, nOutput: a.nInput,
          stride: a.inputDilation, kernelDilation: d, inputDilation: a.stride,
          low: (flip ? 0 : reach(a)) - a.low,
        },
        flipKernel: !flip, flipResult: false,
      };
    return {
      axis: {
        nInput: a.nInput, nKernel: a.nOutput, nOutput: a.nKernel,
        stride: d, kernelDilation: a.stride, inputDilation: a.inputDilation,
        low: a.low - (flip ? reach(a) : 0),
      },
      flipKernel: false, flipResult: flip,
    };
  }

  const IMAGE = { output: "input", input: "output", kernel: "input" };
  const KERNEL = { output: "kernel", input: "kernel", kernel: "output" };

  /** Reverse a flat array along the axes that are marked. */
  function flipped(array, sizes, marked) {
    return indices(sizes).map(
      (index) => array[flat(index.map((n, a) => (marked[a] ? sizes[a] - 1 - n : n)), sizes)]);
  }

  /** The role `out`, computed by its ordinary convolution instead of the relation. */
  function byConvolution(axes, out, values) {
    const rules = axes.map((a) => ordinary(a, out));
    const inner = rules.map((rule) => rule.axis);
    const kernel = flipped(
      values[KERNEL[out]], shape(axes, KERNEL[out]), rules.map((rule) => rule.flipKernel));
    const result = contract(inner, "output", { input: values[IMAGE[out]], kernel });
    return flipped(result, shape(axes, out), rules.map((rule) => rule.flipResult));
  }

  return {
    axis, dilated, span, padLow, padHigh, terms, shape, count, flat, indices,
    contract, ordinary, byConvolution, IMAGE, KERNEL,
  };
})();

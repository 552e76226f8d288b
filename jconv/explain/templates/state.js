// What the page shows: a geometry, numbers, the role computed and the entry looked at.
const State = (() => {
  "use strict";

  const given = JSON.parse(document.getElementById("initial").textContent);
  const PARAMETERS = ["n", "k", "s", "lo", "hi", "d", "e"];
  const TABS = { y: "output", dx: "input", dw: "kernel", pool: "pool" };
  const NUMBERS = {
    input: [1, 3, 3, 2, 0, 4, 1, 5, 2, 2, 3, 1, 0],
    kernel: [1, 2, -1, 3, 1, -2, 2],
    output: [2, 1, 3, -1, 2, 1, 4, 1, 3, -2, 1],
  };

  const state = {
    tab: "y",
    rank: given.rank,
    mode: given.mode,
    linked: true,
    axes: given.axes.map((each) => ({ ...each })),
    at: null,
    edits: { input: {}, kernel: {}, output: {} },
  };
  if (state.axes.length === 1) state.axes.push({ ...state.axes[0] });

  const limits = () => given.limits[state.rank];

  /** Bring every parameter within what the page can draw. */
  function clamp() {
    for (const each of state.axes)
      for (const name of PARAMETERS) {
        const [low, high] = limits()[name];
        const whole = Number.isFinite(each[name]) ? Math.round(each[name]) : low;
        each[name] = Math.min(high, Math.max(low, whole));
      }
  }

  /** The relation of each axis; a pool has neither holes nor a direction. */
  function axes() {
    const pool = state.tab === "pool";
    return state.axes.slice(0, state.rank).map((each) =>
      Relation.axis({
        nInput: each.n, nKernel: each.k, stride: each.s,
        padLow: each.lo, padHigh: each.hi,
        kernelDilation: pool ? each.d : state.mode * each.d,
        inputDilation: pool ? 1 : each.e,
      }));
  }

  /** A number of an operand: what the reader typed, or its own at the start. */
  function value(role, index) {
    const key = index.join(",");
    const typed = state.edits[role][key];
    if (typed !== undefined) return typed;
    const own = NUMBERS[role];
    return own[index.reduce((at, n) => 4 * at + n, 0) % own.length];
  }

  const values = (role) => Relation.indices(Relation.shape(axes(), role)).map((index) => value(role, index));

  const out = () => TABS[state.tab];

  /** The role whose entries can be looked at. */
  const looked = () => (state.tab === "pool" ? "output" : out());

  /** The index along an axis that most products meet, as near the middle as can be. */
  function busiest(a, n, all) {
    const size = Relation.shape([a], looked())[0];
    const score = (index) => {
      const found = Relation.terms([all[n]], looked(), [index]).length;
      return found - Math.abs(index - (size - 1) / 2) / (size + 1);
    };
    return [...Array(size).keys()].reduce((best, index) => (score(index) > score(best) ? index : best), 0);
  }

  /** The entry looked at, inside the array; by default a busy one near the middle. */
  function at() {
    const sizes = Relation.shape(axes(), looked());
    if (Relation.count(sizes) === 0) return null;
    const index = state.at && state.at.length === sizes.length ? state.at : axes().map(busiest);
    return index.map((n, a) => Math.max(0, Math.min(n, sizes[a] - 1)));
  }

  /** The address of this view, to be kept or sent. */
  function hash() {
    const parts = [`tab=${state.tab}`, `rank=${state.rank}`, `mode=${state.mode}`];
    for (const name of PARAMETERS)
      parts.push(`${name}=${state.axes.slice(0, state.rank).map((each) => each[name]).join(",")}`);
    if (state.at) parts.push(`at=${state.at.join(",")}`);
    return parts.join("&");
  }

  function read(address) {
    const found = new URLSearchParams(address.replace(/^#/, ""));
    const ints = (text) => text.split(",").map(Number).filter(Number.isFinite);
    if (found.get("tab") in TABS) state.tab = found.get("tab");
    if (["1", "2"].includes(found.get("rank"))) state.rank = Number(found.get("rank"));
    if (["1", "-1"].includes(found.get("mode"))) state.mode = Number(found.get("mode"));
    for (const name of PARAMETERS) {
      const numbers = found.has(name) ? ints(found.get(name)) : [];
      if (numbers.length) state.axes.forEach((each, a) => (each[name] = numbers[a] ?? numbers[0]));
    }
    if (found.has("at")) state.at = ints(found.get("at"));
    const [first, second] = state.axes;
    state.linked = PARAMETERS.every((name) => first[name] === second[name]);
    clamp();
  }

  read(location.hash);
  return { because: given.because, state, limits, clamp, axes, value, values, out, looked, at, hash, read, PARAMETERS };
})();

// Pools: the same windows without weights. Padding never wins and is never counted.
const Pool = (() => {
  "use strict";

  /** The inputs that each window holds, as flat positions in row-major order. */
  function windows(axes) {
    const sizes = Relation.shape(axes, "input");
    return Relation.indices(Relation.shape(axes, "output")).map((index) =>
      Relation.terms(axes, "output", index).map((term) => Relation.flat(term.input, sizes)));
  }

  /** Largest entry of each window, and all positions that hold it. */
  function maxima(axes, x) {
    return windows(axes).map((window) => {
      const value = Math.max(...window.map((i) => x[i]));
      return { value, winners: window.filter((i) => x[i] === value) };
    });
  }

  /** What a tie rule gives each winner of a window: pairs of position and share. */
  function shares(winners, ties) {
    if (ties === "first") return winners.slice(0, 1).map((i) => [i, 1]);
    const share = ties === "split" ? 1 / winners.length : 1;
    return winners.map((i) => [i, share]);
  }

  function maxBackward(axes, x, dy, ties) {
    const dx = x.map(() => 0);
    maxima(axes, x).forEach(({ winners }, o) => {
      for (const [i, share] of shares(winners, ties)) dx[i] += share * dy[o];
    });
    return dx;
  }

  /** How many entries each window counts: those it holds, or its whole size. */
  function counts(axes, countPadding) {
    const whole = Relation.count(Relation.shape(axes, "kernel"));
    return windows(axes).map((window) => (countPadding ? whole : window.length));
  }

  function means(axes, x, countPadding) {
    const divisors = counts(axes, countPadding);
    return windows(axes).map((window, o) =>
      window.length ? window.reduce((sum, i) => sum + x[i], 0) / divisors[o] : 0);
  }

  function meanBackward(axes, x, dy, countPadding) {
    const dx = x.map(() => 0);
    const divisors = counts(axes, countPadding);
    windows(axes).forEach((window, o) => {
      for (const i of window) dx[i] += dy[o] / divisors[o];
    });
    return dx;
  }

  return { windows, maxima, shares, maxBackward, counts, means, meanBackward };
})();

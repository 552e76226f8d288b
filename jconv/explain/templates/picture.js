// Where the products of an entry come from: three arrays and the relation between them.
const Picture = (() => {
  "use strict";

  const ROLES = ["input", "kernel", "output"];
  const WORDS = {
    output: { input: "input <i>x</i>", kernel: "kernel <i>w</i>", output: "output <i>y</i>" },
    input: {
      input: "derivative in the input, <i>dx</i>", kernel: "kernel <i>w</i>",
      output: "cotangent of the output, <i>δ</i>",
    },
    kernel: {
      input: "input <i>x</i>", kernel: "derivative in the kernel, <i>dw</i>",
      output: "cotangent of the output, <i>δ</i>",
    },
  };

  const colour = (role) => (role === "output" && State.out() !== "output" ? "cotangent" : role);

  /** Indices that meet the entry looked at: role -> flat index -> its partner. */
  function partners(axes, out) {
    const found = { input: new Map(), kernel: new Map(), output: new Map() };
    const at = State.at();
    if (!at) return found;
    const [first, second] = Say.FACTORS[out];
    const name = (role, index) => Say.OPERAND[role] + Say.place(axes, role, index);
    const add = (role, other, term) =>
      found[role].set(Relation.flat(term[role], Relation.shape(axes, role)),
        { role: colour(other), name: name(other, term[other]) });
    for (const term of Relation.terms(axes, out, at)) {
      add(first, second, term);
      add(second, first, term);
    }
    return found;
  }

  /** One entry, whichever part its role plays. */
  function entry(host, x, y, axes, role, index, results, meets) {
    const out = State.out();
    const at = Relation.flat(index, Relation.shape(axes, role));
    const number = Say.sub(at + 1);
    if (role === out) {
      const name = Say.SHORT[out] + number;
      return Draw.result(host, x, y, role, index, name, results[at]);
    }
    const name = Say.OPERAND[role] + number;
    const drawn = Draw.operand(host, x, y, role, index, name, meets[role].has(at));
    drawn.classList.replace(`fill-${role}`, `fill-${colour(role)}`);
    return drawn;
  }

  /** The first and the last position along an axis, padding included. */
  function positions(each, a) {
    const dilated = Relation.dilated(a);
    return [Math.min(0, -each.lo), Math.max(dilated, dilated + each.hi)];
  }

  /** A line: inputs above, outputs under the middle of their windows. */
  function line(host, axes, results) {
    const [a] = axes;
    const out = State.out();
    const at = State.at();
    const meets = partners(axes, out);
    const words = WORDS[out];
    const [begin, end] = positions(State.state.axes[0], a);
    const width = Math.max(end - begin, a.nKernel, 5);
    const u = Draw.unit(host, width, 54);
    const above = Draw.stage(host, width, 2.05, u);
    const shift = (width - a.nKernel) / 2;
    Draw.label(above, shift, 0, "kernel", words.kernel);
    for (let k = 0; k < a.nKernel; k++)
      entry(above, shift + k, 0.62, axes, "kernel", [k], results, meets).classList.add(`tap-${k}`);
    const [under, h] = [3.9, 5.5];
    const main = Draw.stage(host, width, h, u);
    const lines = Draw.curves(main, width, h);
    Draw.label(main, 0, 0, "input", words.input);
    for (let p = begin; p < end; p++) {
      const i = p / a.inputDilation;
      const present = Number.isInteger(i) && i >= 0 && i < a.nInput;
      if (present) entry(main, p - begin, 0.62, axes, "input", [i], results, meets);
      else Draw.still(main, p - begin, 0.62, "ghost", "input", "");
    }
    const column = (o) => a.stride * o - Relation.padLow(a) + (Relation.span(a) - 1) / 2 - begin;
    for (let o = 0; o < a.nOutput; o++) {
      entry(main, column(o), under, axes, "output", [o], results, meets);
      for (const term of Relation.terms(axes, "output", [o])) {
        const [i, k] = [term.input[0], term.kernel[0]];
        const on = at && term[out][0] === at[0];
        const from = [a.inputDilation * i - begin + 0.5, 1.62];
        const to = [column(o) + 0.5, under];
        lines.curve(from, to, `tap-${k}${on ? " on" : ""}`);
        if (on && out !== "kernel")
          lines.word(Draw.along(from, to, out === "input" ? 0.66 : 0.34), `w${Say.sub(k + 1)}`, `tap-${k}`);
      }
    }
    Draw.label(main, a.nOutput ? Math.max(0, column(0)) : 0, under + 1.05, colour("output"), words.output);
  }

  /** Three grids: the entries that meet carry the name of what they meet. */
  function grids(host, axes, results) {
    const meets = partners(axes, State.out());
    const words = WORDS[State.out()];
    const spans = axes.map((a, n) => positions(State.state.axes[n], a));
    const wide = spans[1][1] - spans[1][0];
    const all = wide + axes[1].nKernel + axes[1].nOutput + 3;
    const u = host.clientWidth < 620 ? Draw.unit(host, Math.max(wide, axes[1].nOutput), 40) : Draw.unit(host, all, 58);
    const row = Draw.make("div", "grids");
    host.append(row);
    for (const role of ROLES) {
      const block = Draw.make("div", "block");
      block.append(Draw.make("div", `caption role-${colour(role)}`, words[role]));
      row.append(block);
      const sizes = Relation.shape(axes, role);
      const ranges = role === "input" ? spans : sizes.map((n) => [0, n]);
      const [h, w] = ranges.map(([begin, end]) => end - begin);
      const board = Draw.stage(block, Math.max(w, 1), Math.max(h, 1), u);
      for (let r = ranges[0][0]; r < ranges[0][1]; r++)
        for (let c = ranges[1][0]; c < ranges[1][1]; c++) {
          const spot = [c - ranges[1][0], r - ranges[0][0]];
          const steps = role === "input" ? axes.map((a) => a.inputDilation) : [1, 1];
          const index = [r / steps[0], c / steps[1]];
          const present = index.every((n, a) => Number.isInteger(n) && n >= 0 && n < sizes[a]);
          if (!present) Draw.still(board, ...spot, "ghost", role, "");
          else {
            const drawn = entry(board, ...spot, axes, role, index, results, meets);
            const met = meets[role].get(Relation.flat(index, sizes));
            if (met) drawn.append(Draw.make("em", `role-${met.role}`, met.name));
          }
        }
    }
  }

  function build(host, axes, results) {
    host.replaceChildren();
    (axes.length === 1 ? line : grids)(host, axes, results);
  }

  return { build, colour };
})();

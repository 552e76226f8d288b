// The same result as an ordinary convolution: spread, pad, flip, slide.
const Slide = (() => {
  "use strict";

  let last = null;

  const colour = (role) => (role === "output" && State.out() !== "output" ? "cotangent" : role);

  /** The ordinary axes, and how the wanted index is found in their result. */
  function rules(axes, out) {
    return axes.map((a) => {
      const rule = Relation.ordinary(a, out);
      const inner = rule.axis;
      const dilated = Relation.dilated(inner);
      const low = Relation.padLow(inner);
      return {
        ...rule, inner, low, high: Relation.padHigh(inner),
        begin: Math.min(0, -low), end: Math.max(dilated, dilated + Relation.padHigh(inner)),
        step: (n) => (rule.flipResult ? inner.nOutput - 1 - n : n),
        tap: (k) => (rule.flipKernel ? inner.nKernel - 1 - k : k),
      };
    });
  }

  const source = (rule, p) => {
    const i = p / rule.inner.inputDilation;
    return Number.isInteger(i) && i >= 0 && i < rule.inner.nInput ? i : null;
  };

  function named(axes, role, index) {
    const value = Say.number(State.value(role, index));
    return [value, Say.OPERAND[role] + Say.place(axes, role, index)];
  }

  function line(host, axes, out, results) {
    const [rule] = rules(axes, out);
    const [image, kernel] = [Relation.IMAGE[out], Relation.KERNEL[out]];
    const { inner, begin, end } = rule;
    const u = Draw.unit(host, Math.max(end - begin, 5), 54);
    const board = Draw.stage(host, end - begin, 5, u);
    const at = State.at();
    const start = at ? inner.stride * rule.step(at[0]) - rule.low - begin : 0;
    for (let p = begin; p < end; p++) {
      const i = source(rule, p);
      const offset = p - begin - start;
      const on = at && offset >= 0 && offset < Relation.span(inner) && offset % inner.kernelDilation === 0;
      if (i === null) Draw.still(board, p - begin, 0, `zero${on ? " on" : ""}`, colour(image), "0");
      else Draw.still(board, p - begin, 0, on ? "on" : "", colour(image), ...named(axes, image, [i]));
    }
    if (at) {
      const slider = Draw.make("div", "slider");
      for (let k = 0; k < inner.nKernel; k++)
        Draw.still(slider, inner.kernelDilation * k, 0, "on", colour(kernel), ...named(axes, kernel, [rule.tap(k)]));
      board.append(Draw.place(slider, start, 1.45));
      glide(slider, start, u);
      const lines = Draw.curves(board, end - begin, 5);
      const centre = start + (Relation.span(inner) - 1) / 2 + 0.5;
      for (let k = 0; k < inner.nKernel; k++) {
        const x = start + inner.kernelDilation * k + 0.5;
        lines.curve([x, 0.95], [x, 1.5], "meet on");
        lines.curve([x, 2.4], [centre, 3.42], "meet on");
      }
    }
    for (let n = 0; n < inner.nOutput; n++) {
      const index = [rule.step(n)];
      const x = inner.stride * n - rule.low - begin + (Relation.span(inner) - 1) / 2;
      Draw.result(board, x, 3.4, out, index, Say.SHORT[out] + Say.sub(index[0] + 1), results[index[0]], "echo");
    }
    Draw.label(board, 0, 4.45, out, `${Say.SHORT[out]}: every place of the kernel gives one entry`);
  }

  function grids(host, axes, out, results) {
    const found = rules(axes, out);
    const [image, kernel] = [Relation.IMAGE[out], Relation.KERNEL[out]];
    const [down, across] = found;
    const w = across.end - across.begin;
    const outs = Relation.shape(axes, out);
    const narrow = host.clientWidth < 620;
    const u = Draw.unit(host, narrow ? Math.max(w, outs[1]) : w + outs[1] + 2, narrow ? 40 : 50);
    const row = Draw.make("div", "grids");
    host.append(row);
    const block = (words, role) => {
      const element = Draw.make("div", "block");
      element.append(Draw.make("div", `caption role-${role}`, words));
      row.append(element);
      return element;
    };
    const under = block("the kernel at its place", colour(image));
    const board = Draw.stage(under, w, down.end - down.begin, u);
    const at = State.at();
    const start = at ? found.map((rule, a) => rule.inner.stride * rule.step(at[a]) - rule.low) : [0, 0];
    for (let r = down.begin; r < down.end; r++)
      for (let c = across.begin; c < across.end; c++) {
        const index = [source(down, r), source(across, c)];
        const spot = [c - across.begin, r - down.begin];
        const taps = found.map((rule, a) => {
          const offset = [r, c][a] - start[a];
          const k = offset / rule.inner.kernelDilation;
          return Number.isInteger(k) && k >= 0 && k < rule.inner.nKernel ? rule.tap(k) : null;
        });
        const on = at && !taps.includes(null);
        const drawn = index.includes(null)
          ? Draw.still(board, ...spot, `zero${on ? " on" : ""}`, colour(image), "0")
          : Draw.still(board, ...spot, on ? "on" : "", colour(image), ...named(axes, image, index));
        if (on) {
          drawn.classList.add(`under-${colour(kernel)}`);
          drawn.append(Draw.make("em", `role-${colour(kernel)}`, Say.OPERAND[kernel] + Say.place(axes, kernel, taps)));
        }
      }
    const after = block(`${Say.SHORT[out]}: one entry for each place`, out);
    const answers = Draw.stage(after, outs[1], outs[0], u);
    for (const index of Relation.indices(outs)) {
      const n = Relation.flat(index, outs);
      Draw.result(answers, index[1], index[0], out, index, Say.SHORT[out] + Say.sub(n + 1), results[n], "echo");
    }
  }

  /** Let the kernel move from where it was. */
  function glide(element, x, u) {
    const { at, ...rest } = State.state;
    const view = JSON.stringify([rest, u]);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (last && last.view === view && last.x !== x && !still)
      element.animate([{ transform: `translateX(${(last.x - x) * u}px)` }, { transform: "none" }],
        { duration: 260, easing: "cubic-bezier(.3,.7,.2,1)" });
    last = { x, view };
  }

  function build(host, axes, out, results) {
    host.replaceChildren();
    (axes.length === 1 ? line : grids)(host, axes, out, results);
  }

  return { build, rules };
})();

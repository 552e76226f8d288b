// Pools side by side: three rules for ties, and two ways to count.
const PoolView = (() => {
  "use strict";

  const TIES = [
    ["first", "The first takes all", "Ties go to the first largest entry of the window."],
    ["all", "Each takes all", "Every largest entry receives the whole cotangent."],
    ["split", "Shared equally", "The largest entries share the cotangent."],
  ];
  const MEANS = [
    [false, "Mean of what is there", "The divisor is the number of entries that the window holds."],
    [true, "Mean with padding counted", "The divisor is the window's size, wherever it stands."],
  ];

  /** Outputs of a line, each under the middle of its window. */
  function centred(host, a, [begin, end], u, draw) {
    const stage = Draw.stage(host, end - begin, 1, u);
    for (let o = 0; o < a.nOutput; o++)
      draw(stage, a.stride * o - Relation.padLow(a) + (Relation.span(a) - 1) / 2 - begin, 0, [o], o);
  }

  /** Cells of an array, with the positions around it where nothing is. */
  function board(host, ranges, sizes, u, draw) {
    const [h, w] = ranges.length === 1 ? [1, ranges[0][1] - ranges[0][0]] : ranges.map(([a, b]) => b - a);
    const stage = Draw.stage(host, Math.max(w, 1), Math.max(h, 1), u);
    const spans = ranges.map(([a, b]) => [...Array(b - a).keys()].map((n) => n + a));
    const all = spans.length === 1 ? spans[0].map((n) => [n]) : spans[0].flatMap((r) => spans[1].map((c) => [r, c]));
    for (const index of all) {
      const spot = index.map((n, a) => n - ranges[a][0]);
      const [y, x] = spot.length === 1 ? [0, spot[0]] : spot;
      const present = index.every((n, a) => n >= 0 && n < sizes[a]);
      if (present) draw(stage, x, y, index, Relation.flat(index, sizes));
      else Draw.still(stage, x, y, "ghost", "input", "");
    }
  }

  const whole = (sizes) => sizes.map((n) => [0, n]);
  const add = (list) => list.reduce((sum, n) => sum + n, 0);

  function conserved(total, wanted) {
    const same = Math.abs(total - wanted) < 1e-9;
    const words = same
      ? `✓ Σ <i>dx</i> = Σ <i>δ</i> = ${Say.number(total)}`
      : `✗ Σ <i>dx</i> = ${Say.number(total)}, but Σ <i>δ</i> = ${Say.number(wanted)}`;
    return Draw.make("p", `sum ${same ? "kept" : "lost"}`, words);
  }

  function card(host, title, words) {
    const element = Draw.make("article", "card", `<h4>${title}</h4><p>${words}</p>`);
    host.append(element);
    return element;
  }

  const strip = (host, words, role) => {
    host.append(Draw.make("div", `caption role-${role}`, words));
    return host;
  };

  /** The picture, the cards, and the equation of the output looked at. */
  function build(host, cards, equation) {
    host.replaceChildren();
    cards.replaceChildren();
    const axes = State.axes();
    const [inputs, outputs] = ["input", "output"].map((role) => Relation.shape(axes, role));
    const x = State.values("input");
    const dy = State.values("output");
    const at = State.at();
    const o = at ? Relation.flat(at, outputs) : -1;
    const maxima = Pool.maxima(axes, x);
    const window = new Set(at ? Pool.windows(axes)[o] : []);
    const ranges = axes.map((a, n) => {
      const { lo, hi } = State.state.axes[n];
      return [Math.min(0, -lo), Math.max(a.nInput, a.nInput + hi)];
    });
    const last = ranges.length - 1;
    const wide = ranges[last][1] - ranges[last][0];
    const side = axes.length === 2 && host.clientWidth > 620;
    const u = Draw.unit(host, side ? wide + 2 * outputs[1] + 3 : wide, axes.length === 1 ? 46 : 40);
    const row = Draw.make("div", axes.length === 2 ? "grids" : "rows");
    host.append(row);
    const block = () => { const element = Draw.make("div", "block"); row.append(element); return element; };
    board(strip(block(), "input <i>x</i>", "input"), ranges, inputs, u, (stage, c, r, index, i) => {
      const drawn = Draw.operand(stage, c, r, "input", index, "x" + Say.sub(i + 1), window.has(i));
      if (at && maxima[o].winners.includes(i)) drawn.classList.add("winner");
    });
    const answers = (words, role, draw) => {
      const host = strip(block(), words, role);
      if (axes.length === 1) centred(host, axes[0], ranges[0], u, draw);
      else board(host, whole(outputs), outputs, u, draw);
    };
    answers("largest entry of each window, <i>y</i>", "output",
      (stage, c, r, index, n) =>
        Draw.result(stage, c, r, "output", index, "y" + Say.sub(n + 1), maxima[n].value));
    answers("cotangent of the output, <i>δ</i>", "cotangent",
      (stage, c, r, index, n) =>
        Draw.operand(stage, c, r, "output", index, "δ" + Say.sub(n + 1), n === o).classList.replace("fill-output", "fill-cotangent"));
    for (const [ties, title, words] of TIES)
      derivative(card(cards, title, words), axes, Pool.maxBackward(axes, x, dy, ties), dy,
        new Set(at ? Pool.shares(maxima[o].winners, ties).map(([i]) => i) : []), unit(cards, inputs[last], 3));
    for (const [padding, title, words] of MEANS) {
      const frame = card(cards, title, words);
      const element = Draw.make("div", "three");
      frame.append(element);
      const counts = Pool.counts(axes, padding);
      const means = Pool.means(axes, x, padding);
      const small = unit(cards, Math.max(inputs[last], outputs[last]), 2);
      const part = () => { const each = Draw.make("div"); element.append(each); return each; };
      board(strip(part(), "how many are counted", "soft"), whole(outputs), outputs, small, (stage, c, r, index, n) =>
        Draw.still(stage, c, r, n === o ? "on" : "", "soft", String(counts[n])));
      board(strip(part(), "mean, <i>y</i>", "output"), whole(outputs), outputs, small, (stage, c, r, index, n) =>
        Draw.still(stage, c, r, n === o ? "on" : "", "output", Say.number(means[n])));
      derivative(part(), axes, Pool.meanBackward(axes, x, dy, padding), dy, window, small);
    }
    equation.innerHTML = at ? sentence(axes, x, dy, maxima[o], Pool.windows(axes)[o], o) : "";
  }

  /** The size of a cell in a card, of which there are so many in a row. */
  const unit = (cards, wide, row) => {
    const columns = cards.clientWidth > 760 ? row : cards.clientWidth > 560 ? 2 : 1;
    return Math.max(24, Math.min(38, Math.floor((cards.clientWidth / columns - 58) / wide)));
  };

  function derivative(host, axes, dx, dy, on, u) {
    const sizes = Relation.shape(axes, "input");
    board(strip(host, "derivative in the input, <i>dx</i>", "input"), whole(sizes), sizes, u,
      (stage, c, r, index, i) => Draw.still(stage, c, r, on.has(i) ? "on" : "", "input", Say.number(dx[i])));
    host.closest(".card").append(conserved(add(dx), add(dy)));
  }

  function sentence(axes, x, dy, found, window, o) {
    const n = Say.sub(o + 1);
    const name = (i) => Say.span("input", "x" + Say.sub(i + 1));
    const y = Say.span("output", "y" + n);
    const delta = Say.span("cotangent", "δ" + n);
    if (!window.length) return `<div class="symbols">${y} sees no input at all.</div>`;
    const list = window.map(name).join(", ");
    const winners = found.winners.map(name).join(" and ");
    const tie = found.winners.length > 1
      ? `${winners} are equal: one of them, each of them, or all together receive ${delta}.`
      : `${winners} is the largest and receives ${delta} = ${Say.number(dy[o])}, whatever the rule for ties.`;
    const full = Relation.count(Relation.shape(axes, "kernel"));
    const mean = `each of the ${window.length} receives ${delta}&nbsp;/&nbsp;${window.length}` +
      (full === window.length ? "" : `, or ${delta}&nbsp;/&nbsp;${full} with padding counted`);
    return `<div class="symbols">${y} = max(${list}) = ${Say.span("output", Say.number(found.value))}</div>` +
      `<div class="note">${tie} In the mean, ${mean}.</div>`;
  }

  return { build };
})();

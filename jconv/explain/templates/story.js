// The words around the pictures: question, reason, and what is slid over what.
const Story = (() => {
  "use strict";

  const QUESTION = {
    y: ["What is one output of a convolution?",
      "Choose an output. Its window covers a few inputs; each meets one weight, and the products add up."],
    dx: ["How does the loss depend on one input?",
      "Choose an input. The derivative comes back along every line by which that input went out, through the weight of that line."],
    dw: ["How does the loss depend on one weight?",
      "Choose a weight. It was used once for every output; where it was, <i>δ</i> meets <i>x</i>, and the products add up."],
    pool: ["Where does the derivative of a pool go?",
      "Choose an output. A pool looks through the same windows, but without weights: it keeps the largest entry, or the mean."],
  };

  /** One word or number for all axes, or one per axis. */
  const per = (list) => (new Set(list).size === 1 ? String(list[0]) : list.join(" × "));
  /** Low and high padding, as briefly as the axes allow. */
  function padding(rules) {
    const pairs = rules.map(({ low, high }) => [Say.number(low), Say.number(high)]);
    const same = pairs.every((pair) => pair.join() === pairs[0].join());
    const even = pairs.every(([low, high]) => low === high);
    if (even) return per(pairs.map(([low]) => low));
    return same ? pairs[0].join(" and ") : pairs.map((pair) => `(${pair.join(", ")})`).join(" × ");
  }

  /** What stands where in the ordinary convolution, as [name, value] pairs. */
  function chips(axes, out) {
    const rules = Slide.rules(axes, out);
    const inner = rules.map((rule) => rule.inner);
    const names = { input: "<i>x</i>", kernel: "<i>w</i>", output: "<i>δ</i>" };
    const flip = rules.map((rule) => rule.flipKernel);
    const turned = flip.every(Boolean) ? (axes.length === 2 ? ", turned by half a turn" : ", reversed")
      : flip.some(Boolean) ? ", reversed along one axis" : "";
    const zeros = inner.map((a) => a.inputDilation - 1);
    return [
      ["slide", names[Relation.KERNEL[out]] + turned],
      ["over", names[Relation.IMAGE[out]]],
      ["zeros between its entries", per(zeros)],
      ["padding", padding(rules)],
      ["stride", per(inner.map((a) => a.stride))],
      ["kernel dilation", per(inner.map((a) => a.kernelDilation))],
      ...(rules.some((rule) => rule.flipResult) ? [["result", "read backwards"]] : []),
    ];
  }

  /** Why that is so: the sentences of jconv/explain/because.py that apply. */
  function because(axes, out) {
    const [stride, holes, dilation] = ["stride", "inputDilation", "kernelDilation"]
      .map((name) => axes.map((a) => Math.abs(a[name])));
    const backwards = axes.some((a) => a.kernelDilation < 0);  // then along every axis
    const above = (list) => Math.max(...list) > 1;
    const chosen = [out === "input" && backwards ? "input, kernel backwards" : out];
    if (out !== "output" && above(stride)) chosen.push(`${out}, stride`);
    if (out === "input" && above(holes)) chosen.push("input, holes");
    if (out === "kernel" && above(dilation)) chosen.push("kernel, dilation");
    if (out === "kernel" && backwards) chosen.push("kernel, kernel backwards");
    const zeros = per(stride.map((s) => s - 1));
    const filled = {
      stride: per(stride), zeros: `${zeros} zero${zeros === "1" ? "" : "s"}`, holes: per(holes), dilation: per(dilation),
    };
    return chosen.map((name) => State.because[name]).join(" ")
      .replace(/\*dy\*/g, "<i>δ</i>").replace(/\*(\w+)\*/g, "<i>$1</i>").replace(/\{(\w+)\}/g, (_, name) => filled[name]);
  }

  /** The ordinary convolution as a call of jconv.conv. */
  function code(axes, out) {
    const rules = Slide.rules(axes, out);
    const inner = rules.map((rule) => rule.inner);
    const tuple = (list) => (list.every((n) => n === list[0]) ? list[0] : `(${list.join(", ")})`);
    const flip = rules.flatMap((rule, a) => (rule.flipKernel ? [a] : []));
    const names = { input: "x", kernel: "w", output: "dy" };
    const comma = flip.length === 1 ? "," : "";
    const kernel = flip.length ? `jnp.flip(w, (${flip.join(", ")}${comma}))` : names[Relation.KERNEL[out]];
    const given = [names[Relation.IMAGE[out]], kernel];
    const add = (name, list) => { if (list.some((n) => n !== 1)) given.push(`${name}=${tuple(list)}`); };
    add("stride", inner.map((a) => a.stride));
    if (rules.some((rule) => rule.low || rule.high))
      given.push(`padding=(${rules.map((rule) => `(${rule.low}, ${rule.high})`).join(", ")}${rules.length === 1 ? "," : ""})`);
    add("kernel_dilation", inner.map((a) => a.kernelDilation));
    add("input_dilation", inner.map((a) => a.inputDilation));
    const letters = axes.length === 1 ? "W" : "HW";
    const spots = { input: ["NSC", "SOI", "NSC"], kernel: ["CSN", "ISO", "SNC"] }[out];
    if (spots) given.push(`dimension_numbers=(${spots.map((spec) => `"${spec.replace("S", letters)}"`).join(", ")})`);
    const call = `jconv.conv(${given.join(", ")})`;
    const flips = rules.flatMap((rule, a) => (rule.flipResult ? [a] : []));
    return `${Say.SHORT[out]} = ${flips.length ? `jnp.flip(${call}, (${flips.join(", ")}${flips.length === 1 ? "," : ""}))` : call}`;
  }

  /** How many products fell on padding or holes. */
  function absent(axes, out, found) {
    const possible = out === "output" ? Relation.count(Relation.shape(axes, "kernel")) : null;
    if (possible === null || possible === found) return "";
    const missing = possible - found;
    return `${Say.plural(missing, "weight")} of this window ${missing === 1 ? "meets" : "meet"} no input: nothing is there, so nothing is added.`;
  }

  return { QUESTION, because, chips, code, absent, per };
})();

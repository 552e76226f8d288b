// Numbers and symbols as a reader likes them.
const Say = (() => {
  "use strict";

  const number = (value) => {
    if (value === -Infinity) return "−∞";
    const short = Number.isInteger(value) ? String(value) : String(Number(value.toFixed(2)));
    return short.replace("-", "−");
  };
  const sub = (n) => String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
  const factor = (value) => (value < 0 ? `(${number(value)})` : number(value));

  /** The symbol of a role's operand: an output's cotangent is called δ. */
  const OPERAND = { input: "x", kernel: "w", output: "δ" };
  const RESULT = { output: "y", input: "∂L/∂x", kernel: "∂L/∂w" };
  const SHORT = { output: "y", input: "dx", kernel: "dw" };

  const place = (axes, role, index) => sub(Relation.flat(index, Relation.shape(axes, role)) + 1);

  const span = (role, text) => `<span class="role-${role}">${text}</span>`;
  const symbol = (axes, role, index) =>
    span(role === "output" ? "cotangent" : role, OPERAND[role] + place(axes, role, index));

  const FACTORS = { output: ["input", "kernel"], input: ["output", "kernel"], kernel: ["output", "input"] };

  /** An entry's products in the order of their first factor. */
  function ordered(axes, out, index) {
    const [first] = FACTORS[out];
    const sizes = Relation.shape(axes, first);
    return Relation.terms(axes, out, index).sort(
      (a, b) => Relation.flat(a[first], sizes) - Relation.flat(b[first], sizes));
  }

  /** The equation of one entry, in symbols and in numbers. */
  function equation(axes, out, index, values, result) {
    const [first, second] = FACTORS[out];
    const products = ordered(axes, out, index);
    const at = (role, term) => values[role][Relation.flat(term[role], Relation.shape(axes, role))];
    const left = span(out, RESULT[out] + place(axes, out, index));
    const symbols = products.map(
      (term) => `<span class="term">${symbol(axes, first, term[first])}&#8201;${symbol(axes, second, term[second])}</span>`);
    const numbers = products.map((term) => {
      const [a, b] = [first, second].map((role) =>
        span(role === "output" ? "cotangent" : role, factor(at(role, term))));
      return `<span class="term">${a}·${b}</span>`;
    });
    return {
      symbols: `${left} = ${symbols.join(" + ") || "0"}`,
      numbers: `= ${numbers.length ? `${numbers.join(" + ")} = ` : ""}${span(out, number(result))}`,
      plain: `${SHORT[out]}${place(axes, out, index)} = ${products
        .map((term) => OPERAND[first] + place(axes, first, term[first]) + " " + OPERAND[second] + place(axes, second, term[second]))
        .join(" + ") || "0"}`,
      count: products.length,
    };
  }

  /** The relation of one axis with its numbers. */
  function relation(a) {
    const times = (n, name) => (n === 1 ? name : `${n}·${name}`);
    const sign = (n) => (n < 0 ? "−" : "+");
    const k = times(Math.abs(a.kernelDilation), span("kernel", "<i>k</i>"));
    const shift = a.low ? ` ${sign(a.low)} ${Math.abs(a.low)}` : "";
    return `${times(a.stride, span("output", "<i>o</i>"))} ${sign(a.kernelDilation)} ${k} = ` +
      `${times(a.inputDilation, span("input", "<i>i</i>"))}${shift}`;
  }

  /** The relation counts from 0 and the names from 1: one product, or entry, both ways. */
  function counted(axes, out, index, pool) {
    const [term] = ordered(axes, out, index);
    if (!term) return "counted from 0";
    const own = { output: "o", kernel: "k", input: "i" };
    const at = (role) => {
      const numbers = axes.length === 1 ? term[role][0] : `(${term[role].join(", ")})`;
      return `<span class="term">${span(role, `<i>${own[role]}</i>`)} = ${numbers}</span>`;
    };
    const factors = () => FACTORS[out].map((role) => symbol(axes, role, term[role])).join("&#8201;");
    const entry = () => `${symbol(axes, "input", term.input)} in the window of ` +
      span("output", "y" + place(axes, "output", term.output));
    const names = pool ? entry() : factors();  // a window has no weights
    return `counted from 0: ${names} has ${["output", "kernel", "input"].map(at).join(", ")}`;
  }

  /** The output's size along one axis, the formula filled in. */
  function size(a, low, high) {
    const pads = [low, high].filter((n) => n).map((n) => ` ${n < 0 ? "−" : "+"} ${Math.abs(n)}`).join("");
    return `⌊(${Relation.dilated(a)}${pads} − ${Relation.span(a)}) / ${a.stride}⌋ + 1 = <b>${a.nOutput}</b>`;
  }

  const plural = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  return { number, sub, place, span, symbol, equation, counted, relation, size, plural, OPERAND, SHORT, FACTORS };
})();

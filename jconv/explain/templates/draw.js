// Cells on a stage that is measured in cells, so that everything scales together.
const Draw = (() => {
  "use strict";

  const make = (tag, className, html = "") => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.innerHTML = html;
    return element;
  };

  /** In smaller cells an entry's own name leaves its room to that of what it meets. */
  const SNUG = 52;

  /** The size of a cell for which `cells` of them fit into an element. */
  const unit = (host, cells, largest = 46) =>
    Math.max(27, Math.min(largest, Math.floor(innerHeight / 17), Math.floor((host.clientWidth - 4) / cells)));

  /** A box of w x h cells in which things are placed by their cell coordinates. */
  function stage(host, w, h, u) {
    const element = make("div", `stage${u < 32 ? " tiny" : u < SNUG ? " snug" : ""}`);
    element.style.cssText = `--u:${u}px;width:${w * u}px;height:${h * u}px`;
    const scroller = make("div", "scroller");
    scroller.append(element);
    host.append(scroller);
    const hint = () => scroller.classList.toggle(
      "more", scroller.scrollLeft + scroller.clientWidth + 1 < scroller.scrollWidth);
    scroller.addEventListener("scroll", hint, { passive: true });
    requestAnimationFrame(hint);
    return element;
  }

  const place = (element, x, y) => {
    element.style.left = `calc(${x} * var(--u))`;
    element.style.top = `calc(${y} * var(--u))`;
    return element;
  };

  /** A label above a strip of cells. */
  function label(host, x, y, role, html) {
    const element = place(make("div", `label role-${role}`, html), x, y);
    host.append(element);
  }

  /** Something to be seen only: a copied number, a zero, a position without an entry. */
  function still(host, x, y, kind, role, html, name = "") {
    const long = html.length > 3 ? " long" : "";
    const element = place(make("span", `cell ${kind} fill-${role}${long}`, html), x, y);
    if (name) element.append(make("small", "", name));
    host.append(element);
    return element;
  }

  /** An operand's number, which can be edited. */
  function operand(host, x, y, role, index, name, on) {
    const element = make("span", `cell operand fill-${role}${on ? " on" : ""}`);
    const input = make("input");
    Object.assign(input, { type: "text", inputMode: "text", autocomplete: "off" });
    input.value = Say.number(State.value(role, index));
    input.dataset.key = `${role}:${index.join(",")}`;
    input.dataset.role = role;
    input.setAttribute("aria-label", `${name}, a number to edit`);
    element.append(input, make("small", "", name));
    host.append(place(element, x, y));
    return element;
  }

  /** An entry of the result, which can be looked at. */
  function result(host, x, y, role, index, name, value, extra = "") {
    const chosen = State.at();
    const here = chosen && index.join() === chosen.join();
    const element = make("button", `cell result fill-${role}${here ? " here" : ""} ${extra}`, Say.number(value));
    element.type = "button";
    element.dataset.at = index.join(",");
    element.dataset.key = `result:${extra}:${index.join(",")}`;
    element.tabIndex = here && !extra ? 0 : -1;
    element.setAttribute("aria-label", `${name} = ${Say.number(value)}`);
    if (here) element.setAttribute("aria-current", "true");
    element.append(make("small", "", name));
    host.append(place(element, x, y));
    return element;
  }

  const SVG = "http://www.w3.org/2000/svg";

  /** Curves between cells, under them. */
  function curves(host, w, h) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    svg.setAttribute("aria-hidden", "true");
    host.prepend(svg);
    return {
      curve(from, to, className) {
        const path = document.createElementNS(SVG, "path");
        const middle = (from[1] + to[1]) / 2;
        path.setAttribute("d", `M${from} C${from[0]},${middle} ${to[0]},${middle} ${to}`);
        path.setAttribute("class", className);
        svg.append(path);
      },
      word(at, text, className) {
        const element = document.createElementNS(SVG, "text");
        element.setAttribute("x", at[0]);
        element.setAttribute("y", at[1]);
        element.setAttribute("class", className);
        element.textContent = text;
        svg.append(element);
      },
    };
  }

  /** The point at a share t of a curve. */
  function along(from, to, t) {
    const blend = 3 * t * t - 2 * t ** 3;
    const middle = (from[1] + to[1]) / 2;
    const y = from[1] * (1 - t) ** 3 + 3 * middle * t * (1 - t) + to[1] * t ** 3;
    return [from[0] + (to[0] - from[0]) * blend, y];
  }

  return { along, make, unit, stage, place, label, still, operand, result, curves };
})();

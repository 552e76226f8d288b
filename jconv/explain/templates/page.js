// Controls and events: whatever changes, everything is drawn again from the state.
(() => {
  "use strict";

  const $ = (id) => document.getElementById(id);
  const { state } = State;
  const NAMES = {
    n: "input", k: "kernel", s: "stride", lo: "padding, low", hi: "padding, high",
    d: "kernel dilation", e: "input dilation",
  };
  const PRESETS = {
    "5 → 3": {},
    "stride 2": { n: 7, s: 2 },
    "same size": { n: 7, lo: 1, hi: 1 },
    "full": { lo: 2, hi: 2 },
    "dilated kernel": { n: 8, d: 2 },
    "holes in x": { n: 4, e: 2, lo: 1, hi: 1 },
    "image": { rank: 2, n: 3, k: 2 },
    "image, stride 2": { rank: 2, n: 5, k: 3, s: 2, lo: 1, hi: 1 },
  };
  let edited = 0;
  let playing = null;

  // Drawing -----------------------------------------------------------------------------

  function draw() {
    const focus = remember();
    const pool = state.tab === "pool";
    const axes = State.axes();
    for (const tab of document.querySelectorAll("[role=tab]")) {
      const chosen = tab.dataset.tab === state.tab;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
    $("story").setAttribute("aria-labelledby", `tab-${state.tab}`);
    $("question").innerHTML = Story.QUESTION[state.tab][0];
    $("lead").innerHTML = Story.QUESTION[state.tab][1];
    const empty = Relation.count(Relation.shape(axes, "output")) === 0;
    $("empty").hidden = !empty;
    $("told").hidden = empty;
    $("because").hidden = pool || empty;
    $("pools").hidden = !pool || empty;
    if (!empty) pool ? PoolView.build($("picture"), $("cards"), $("equation")) : convolution(axes);
    const each = (tell) => [...new Set(axes.map(tell))].join("<br>");
    $("exists").textContent = pool ? "Input i is in window o, as its entry k, exactly where" : "A product exists exactly where";
    $("relation").innerHTML = each((a) => Say.relation(a));
    $("counted").innerHTML = empty ? "" : Say.counted(axes, State.looked(), State.at(), pool);
    $("size").innerHTML = each((a, n) => Say.size(a, state.axes[n].lo, state.axes[n].hi));
    controls(pool);
    restore(focus);
    history.replaceState(null, "", `#${State.hash()}`);
  }

  function convolution(axes) {
    const out = State.out();
    const values = Object.fromEntries(
      ["input", "kernel", "output"].filter((role) => role !== out).map((role) => [role, State.values(role)]));
    const results = Relation.contract(axes, out, values);
    Picture.build($("picture"), axes, results);
    const at = State.at();
    const told = Say.equation(axes, out, at, values, results[Relation.flat(at, Relation.shape(axes, out))]);
    const note = Story.absent(axes, out, told.count);
    $("equation").innerHTML = `<div class="symbols">${told.symbols}</div><div class="numbers">${told.numbers}</div>` +
      (note ? `<div class="note">${note}</div>` : "");
    $("reason").innerHTML = Story.because(axes, out);
    $("chips").innerHTML = Story.chips(axes, out).map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("");
    Slide.build($("slide"), axes, out, results);
    $("code").textContent = Story.code(axes, out);
    const again = Relation.byConvolution(axes, out, values);
    const same = again.every((value, n) => Math.abs(value - results[n]) < 1e-9);
    $("check").className = same ? "kept" : "lost";
    $("check").textContent = same
      ? `✓ Both ways were computed just now: they agree in all ${results.length} entries.`
      : "✗ The two ways differ: this page has an error.";
  }

  function controls(pool) {
    for (const name of State.PARAMETERS) {
      const row = $(`row-${name}`);
      const input = row.querySelector("input");
      const [low, high] = State.limits()[name];
      Object.assign(input, { min: low, max: high });
      const shown = axesShown();
      input.value = shown[0][name];
      input.style.setProperty("--filled", `${(100 * (shown[0][name] - low)) / (high - low)}%`);
      const all = state.axes.slice(0, state.rank).map((each) => Say.number(each[name]));
      row.querySelector("output").textContent = Story.per(all);
      row.querySelector("label").textContent = pool ? NAMES[name].replace("kernel", "window") : NAMES[name];
      input.disabled = pool && name === "e";
      row.classList.toggle("off", input.disabled);
    }
    for (const button of document.querySelectorAll("[data-rank]"))
      button.setAttribute("aria-pressed", Number(button.dataset.rank) === state.rank);
    for (const button of document.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", Number(button.dataset.mode) === state.mode);
      button.disabled = pool;
    }
    $("axis").hidden = state.rank === 1;
    for (const button of document.querySelectorAll("[data-axis]"))
      button.setAttribute("aria-pressed", button.dataset.axis === (state.linked ? "both" : String(state.axis ?? 0)));
  }

  /** The axes that the sliders move, the one they show first. */
  function axesShown() {
    if (state.rank === 1) return [state.axes[0]];
    return state.linked ? state.axes : [state.axes[state.axis ?? 0]];
  }

  // What has the focus keeps it, though it is drawn anew -------------------------------------

  function remember() {
    const element = document.activeElement;
    const key = element && element.dataset.key;
    if (!key) return null;
    const typing = element.tagName === "INPUT";
    return { key, text: typing ? element.value : null, caret: typing ? element.selectionStart : null };
  }

  function restore(focus) {
    if (!focus) return;
    const [kind, extra] = focus.key.split(":");
    const at = State.at();
    const key = kind === "result" && at ? `result:${extra}:${at.join(",")}` : focus.key;
    const element = document.querySelector(`[data-key="${key}"]`);
    if (!element) return;
    element.focus({ preventScroll: true });
    if (focus.text === null) return;
    element.value = focus.text;
    element.setSelectionRange(focus.caret, focus.caret);
  }

  // Events -----------------------------------------------------------------------------------

  function look(index) {
    const now = State.at();
    if (now && state.at && now.join() === index.join()) return;
    state.at = index;
    draw();
  }

  const entryOf = (event) => event.target.closest && event.target.closest("button[data-at]");
  const indexOf = (element) => element.dataset.at.split(",").map(Number);

  $("story").addEventListener("pointerover", (event) => {
    const entry = event.pointerType === "mouse" && entryOf(event);
    if (entry && !playing) look(indexOf(entry));
  });
  $("story").addEventListener("click", (event) => {
    const entry = entryOf(event);
    if (entry) { stop(); look(indexOf(entry)); }
  });
  $("story").addEventListener("focusin", (event) => {
    const entry = entryOf(event);
    if (entry) look(indexOf(entry));
  });
  $("story").addEventListener("keydown", (event) => {
    const entry = entryOf(event);
    const steps = { ArrowLeft: [-1, -1], ArrowRight: [-1, 1], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!entry || !steps) return;
    event.preventDefault();
    const index = indexOf(entry);
    const sizes = Relation.shape(State.axes(), State.looked());
    const axis = steps[0] < 0 ? index.length - 1 : 0;
    index[axis] = Math.max(0, Math.min(sizes[axis] - 1, index[axis] + steps[1]));
    look(index);
  });
  $("story").addEventListener("input", (event) => {
    const { key } = event.target.dataset;
    const number = Number(event.target.value.replace("−", "-").replace(",", "."));
    const valid = event.target.value.trim() !== "" && Number.isFinite(number);
    event.target.setAttribute("aria-invalid", !valid);
    if (!key || !valid) return;
    const [role, index] = key.split(":");
    state.edits[role][index] = number;
    edited += 1;
    draw();
  });
  $("story").addEventListener("focusout", (event) => {
    if (event.target.tagName !== "INPUT" || !event.target.dataset.key) return;
    const [role, index] = event.target.dataset.key.split(":");
    event.target.value = Say.number(State.value(role, index.split(",").map(Number)));
    event.target.removeAttribute("aria-invalid");
  });

  function go(tab) {
    state.tab = tab;
    state.at = null;
    draw();
  }

  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, n) => {
    tab.addEventListener("click", () => go(tab.dataset.tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const next = tabs[(n + step + tabs.length) % tabs.length];
      go(next.dataset.tab);
      next.focus();
    });
  });

  $("controls").addEventListener("input", (event) => {
    const { name } = event.target;
    if (!State.PARAMETERS.includes(name)) return;
    for (const each of axesShown()) each[name] = Number(event.target.value);
    draw();
  });
  $("controls").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { rank, mode, axis, preset } = button.dataset;
    if (rank) { state.rank = Number(rank); state.at = null; }
    if (mode) state.mode = Number(mode);
    if (axis) {
      state.linked = axis === "both";
      state.axis = Number(axis) || 0;
      if (state.linked) state.axes[1] = { ...state.axes[0] };
    }
    if (preset) {
      const { rank: wanted = 1, ...rest } = PRESETS[preset];
      const plain = { n: 5, k: 3, s: 1, lo: 0, hi: 0, d: 1, e: 1, ...rest };
      Object.assign(state, { rank: wanted, mode: 1, linked: true, at: null, axes: [{ ...plain }, { ...plain }] });
    }
    State.clamp();
    draw();
  });

  function stop() {
    clearInterval(playing);
    playing = null;
    $("play").innerHTML = "<span aria-hidden='true'>▶</span> slide";
  }
  $("play").addEventListener("click", () => {
    if (playing) return stop();
    const next = () => {
      const sizes = Relation.shape(State.axes(), State.looked());
      const all = Relation.indices(sizes);
      const at = State.at();
      if (at) look(all[(Relation.flat(at, sizes) + 1) % all.length]);
    };
    playing = setInterval(next, 900);
    $("play").innerHTML = "<span aria-hidden='true'>❚❚</span> stop";
    next();
  });

  $("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--is-dark").trim() === "1";
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("resize", () => requestAnimationFrame(draw));
  addEventListener("hashchange", () => { State.read(location.hash); draw(); });

  $("more").open = !matchMedia("(max-width: 60rem)").matches;
  $("presets").innerHTML = Object.keys(PRESETS).map((name) => `<button type="button" data-preset="${name}">${name}</button>`).join("");
  State.clamp();
  draw();
})();

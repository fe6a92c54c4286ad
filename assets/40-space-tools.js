/* Search space overview: the controls in its head. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = ht.space;
  const { element } = space;

  const TOOLS = "space-tools-div";
  const TITLE = "space-title-span";
  const LEAST_WORDS_PX = 110;
  let tools = null;

  /* ---- the best x % ---- */
  const objectiveKey = () => state.data.objective.key;

  /** Rows with a value, worst first. */
  let ranked = { data: null, rows: null };
  function scored() {
    if (ranked.data !== state.data) {
      const { values } = state.data.objective;
      ranked = { data: state.data, rows: state.data.order.filter((row) => !Number.isNaN(values[row])) };
    }
    return ranked.rows;
  }

  function bestBrush(percent) {
    const rows = scored();
    const brush = { view: "space", kind: "ranges", dims: [objectiveKey()], ranges: [], missing: false };
    if (percent >= 100 || !rows.length) return brush;
    const count = Math.max(1, Math.ceil((percent / 100) * rows.length));
    const bound = state.data.objective.values[rows[rows.length - count]];
    return { ...brush, ranges: [space.isMaximised() ? [bound, null] : [null, bound]] };
  }

  /** How many per cent of the scored trials the brush on the objective leaves. */
  function bestShare() {
    const brush = ht.brushOn("ranges", objectiveKey());
    if (!brush) return 100;
    const rows = scored();
    let count = 0;
    for (const [low, high] of brush.ranges) {
      const ends = space.isMaximised() ? [low, high] : [high, low];
      const first = ends[0] === null ? 0 : worseThan(rows, ends[0], false);
      const after = ends[1] === null ? rows.length : worseThan(rows, ends[1], true);
      count += Math.max(0, after - first);
    }
    return rows.length ? (100 * Math.min(count, rows.length)) / rows.length : 100;
  }

  /** How many of `rows`, worst first, are worse than `bound`, or as good where `isInclusive`. */
  function worseThan(rows, bound, isInclusive) {
    const { values } = state.data.objective;
    const sign = space.isMaximised() ? 1 : -1;
    let [a, b] = [0, rows.length];
    while (a < b) {
      const m = (a + b) >> 1;
      const d = (values[rows[m]] - bound) * sign;
      if (d < 0 || (isInclusive && d === 0)) a = m + 1;
      else b = m;
    }
    return a;
  }

  function make(holder) {
    holder.replaceChildren();
    const label = element("label", "space-best", holder, "best");
    const slider = element("input", "", label);
    Object.assign(slider, { type: "range", min: 1, max: 100, step: 1, value: 100 });
    slider.setAttribute("aria-label", "Keep the best per cent of the trials");
    const words = element("output", "", label, "all");
    slider.addEventListener("input", () => {
      ht.previewBrush(bestBrush(Number(slider.value)));
    });
    slider.addEventListener("change", () => ht.commitBrush(bestBrush(Number(slider.value))));
    const bundle = toggleButton(holder, "bundle", "Draw lines of like trials as bundles", () =>
      space.choose({ isBundled: !space.options().isBundled }),
    );
    const axes = toggleButton(holder, "axes", "Choose which parameters have an axis", () =>
      space.openAxes(space.view, axes),
    );
    axes.setAttribute("aria-haspopup", "menu");
    const ranges = toggleButton(holder, "ranges", "Choose which promising ranges are drawn and brushed", () =>
      space.openRanges(ranges),
    );
    ranges.setAttribute("aria-haspopup", "menu");
    const order = toggleButton(holder, "reorder", "Put the axes back in order of importance", () =>
      space.choose({ order: null }),
    );
    return { holder, slider, words, bundle, axes, ranges, order };
  }

  function toggleButton(holder, words, title, act) {
    const button = element("button", "space-toggle", holder, words);
    button.title = title;
    button.addEventListener("click", act);
    return button;
  }

  space.drawTools = function (view) {
    const holder = document.getElementById(TOOLS);
    if (!holder) return;
    if (!tools || tools.holder !== holder || !holder.contains(tools.slider)) tools = make(holder);
    const chosen = space.options();
    press(tools.bundle, chosen.isBundled);
    drawCount(view);
    tools.order.hidden = !chosen.order;
    hideStump();
    followBrush();
    drawRanges();
    space.drawRefiner(view);
  };

  /** How many of the parameters have an axis, where some have none. */
  function drawCount(view) {
    const all = view.meta.axes.filter(space.isParameter).length;
    const shown = space.orderedKeys(view).length;
    tools.axes.textContent = shown < all ? `${shown} of ${all}` : "axes";
    tools.axes.classList.toggle("is-on", space.options().shown !== "fit");
  }

  function drawRanges() {
    const found = space.promising();
    tools.ranges.hidden = !found;
    tools.ranges.classList.toggle("is-on", Boolean(found) && found !== space.known().promising[0]);
  }

  /** Words of which only a syllable fits into the head say less than none. */
  function hideStump() {
    const title = document.getElementById(TITLE);
    if (!title) return;
    const isStump = title.scrollWidth > title.clientWidth && title.clientWidth < LEAST_WORDS_PX;
    title.style.visibility = isStump ? "hidden" : "";
  }

  function press(button, isOn) {
    button.setAttribute("aria-pressed", String(isOn));
    button.classList.toggle("is-on", isOn);
  }

  let seen = {};
  function followBrush() {
    if (!tools || !state.data || !state.data.objective) return;
    const brush = ht.brushOn("ranges", objectiveKey());
    if (seen.brush === brush && seen.data === state.data) return;
    seen = { brush, data: state.data };
    const share = bestShare();
    const text = brush ? `${share < 9.95 ? share.toFixed(share < 0.95 ? 1 : 0) : Math.round(share)} %` : "all";
    if (tools.words.textContent !== text) tools.words.textContent = text;
    if (document.activeElement !== tools.slider || !state.preview) tools.slider.value = String(Math.round(share));
    tools.slider.style.setProperty("--at", `${tools.slider.value}%`);
  }
  ht.onChange(followBrush);
})();

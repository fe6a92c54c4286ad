/* The range of colours: two handles on the monitoring axis, two inputs in the panel's head.
   One range for all views; without one set by hand the server's holds, which outliers cannot pull. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const explore = ht.exploration;

  const HOLDER = "exploration-scale-div";
  const STORE = "page-colour-store";
  const NEAR_PX = 9;
  const BAR_PX = 5;
  const DIGITS = 1.5;
  const MOST_CHARS = 6;
  let parts = null;

  /** Set the ends, or null for the default. `isPreview` recolours this view alone. */
  function set(ends, isPreview) {
    const { data } = state;
    if (!data) return;
    state.colourSet = ends ? { study: data.study, worst: ends[0], best: ends[1] } : null;
    apply(data);
    if (isPreview && explore.view) {
      explore.view.isRecoloured = true;
      ht.invalidate(explore.view);
      return;
    }
    tell();
    // By hand or by a drag, it is no step that going back should stop at.
    ht.address.write(true);
  }

  function tell() {
    ht.themeChanged();
    ht.send(STORE, state.colourSet);
  }

  const ends = (text) => {
    const found = text.split(",").map(Number);
    return text && found.length === 2 && found.every(Number.isFinite) ? found : null;
  };
  const written = () => {
    const own = state.colourSet && state.colourSet.study === state.selection.study;
    return own ? `${state.colourSet.worst},${state.colourSet.best}` : "";
  };
  ht.address.part("colour", {
    read(text, study) {
      const isShown = state.data && state.data.study === study;
      if (isShown && text === written()) return;
      const found = ends(text);
      state.colourSet = found && study ? { study, worst: found[0], best: found[1] } : null;
      if (!isShown) return;
      apply(state.data);
      tell();
    },
    write: written,
  });

  function apply(data) {
    data.ownColour = data.ownColour || data.colour;
    const own = state.colourSet && state.colourSet.study === data.study ? state.colourSet : null;
    data.colour = own
      ? { ...data.ownColour, worst: own.worst, best: own.best }
      : data.ownColour;
    data.levels = ht.levelsOf(data.col(data.colour.key), data.colour, data.n);
    show(data);
  }
  ht.onData((data) => {
    apply(data);
    if (state.colourSet) ht.send(STORE, state.colourSet);
  });

  /* ---- inputs ---- */
  function make(holder) {
    const field = (name, end) => {
      const input = ht.made("input", "ht-input exploration-end", "", {
        inputmode: "decimal",
        "aria-label": `${name} end of the colours`,
      });
      input.addEventListener("change", () => typed(end));
      input.addEventListener("keydown", (event) => event.key === "Enter" && input.blur());
      return input;
    };
    const bar = ht.made("div", "ht-scale-bar");
    const title = "Colours from the range the results have, outliers left aside";
    const reset = ht.made("button", "pill", "reset", { title });
    reset.addEventListener("click", () => set(null));
    const log = ht.made("span", "ht-scale-log", "log");
    parts = { worst: field("worse", "worst"), bar, log, best: field("better", "best"), reset, holder };
    holder.replaceChildren(parts.worst, bar, log, parts.best, reset);
  }

  function typed(end) {
    const { ownColour, colour } = state.data;
    const { worst, best } = { ...colour, [end]: Number(parts[end].value) };
    const isUpward = ownColour.best >= ownColour.worst;
    const isUsable = Number.isFinite(worst) && Number.isFinite(best) && worst !== best;
    if (isUsable && best > worst === isUpward) set([worst, best]);
    else show(state.data, true);
  }

  function show(data, isWrong) {
    const holder = document.getElementById(HOLDER);
    if (!holder) return;
    if (!parts || parts.holder !== holder) make(holder);
    const { colour } = data;
    for (const end of ["worst", "best"]) {
      if (document.activeElement !== parts[end] || isWrong) parts[end].value = endText(colour, end);
    }
    parts.log.hidden = !colour.log;
    parts.reset.hidden = colour === data.ownColour;
  }

  /** An end with as many digits as tell it from the other one, in powers of ten where it would be
      longer than the field. */
  function endText(colour, end) {
    const [value, other] = end === "worst" ? [colour.worst, colour.best] : [colour.best, colour.worst];
    const apart = colour.log ? value : value - other;
    const decimals = Math.max(0, Math.ceil(DIGITS - Math.log10(Math.abs(apart) || 1)));
    const plain = String(+value.toFixed(Math.min(decimals, 100)));
    return plain.length <= MOST_CHARS ? plain : value.toExponential(1).replace(".0", "").replace("+", "");
  }

  /* ---- handles ---- */
  function place(view, end) {
    const { scene } = view;
    const u = scene.scales[0].unit(state.data.colour[end]);
    const bounded = Math.min(1, Math.max(0, u));
    return scene.bottoms[0] - bounded * (scene.bottoms[0] - scene.tops[0]);
  }

  /** Before any evaluation has a value there is nothing to colour. */
  const hasValues = (view) => view.scene.bestX.length > 0;

  function draw(g, view) {
    if (!hasValues(view)) return;
    const x = view.left;
    const [worst, best] = [place(view, "worst"), place(view, "best")];
    g.fillStyle = explore.ramp(g, view.scene, state.data.colour);
    g.fillRect(x - BAR_PX, Math.min(worst, best), BAR_PX, Math.abs(worst - best));
    for (const y of [worst, best]) diamond(g, x - BAR_PX / 2, y);
  }

  function diamond(g, x, y) {
    g.beginPath();
    g.moveTo(x, y - 6);
    g.lineTo(x + 6, y);
    g.lineTo(x, y + 6);
    g.lineTo(x - 6, y);
    g.closePath();
    g.fillStyle = ht.token("ink");
    g.strokeStyle = ht.token("card");
    g.lineWidth = 1;
    g.fill();
    g.stroke();
  }

  function nearEnd(x, y, view) {
    if (!hasValues(view) || Math.abs(x - view.left + BAR_PX / 2) > NEAR_PX) return null;
    const far = ["worst", "best"].map((end) => [Math.abs(place(view, end) - y), end]);
    far.sort((a, b) => a[0] - b[0]);
    return far[0][0] <= NEAR_PX ? far[0][1] : null;
  }

  function press(x, y, view) {
    const end = nearEnd(x, y, view);
    if (!end) return null;
    const moved = (y1) => {
      const { tops, bottoms, scales } = view.scene;
      const u = (bottoms[0] - y1) / (bottoms[0] - tops[0]);
      const value = scales[0].value(Math.min(1, Math.max(0, u)));
      const ends = { worst: state.data.colour.worst, best: state.data.colour.best };
      const sign = Math.sign(state.data.ownColour.best - state.data.ownColour.worst) || 1;
      const other = end === "worst" ? ends.best : ends.worst;
      const order = end === "worst" ? (other - value) * sign : (value - other) * sign;
      if (order > 0) ends[end] = value;
      return [ends.worst, ends.best];
    };
    return {
      move: (_, y1) => set(moved(y1), true),
      release: (_, y1) => set(moved(y1)),
    };
  }

  explore.range = { draw, press, isNear: (x, y, view) => nearEnd(x, y, view) !== null };
})();

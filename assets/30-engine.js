/* The engine of all views. A view is a Plotly figure that draws axes once, and canvases over it:
   `base` (every trial, faint), `chosen` (what the brushes leave), `labels` (texts that marks must
   not cover) and `top` (hover).
   A brush repaints `chosen` of all views. While it is dragged every frame must be in time: the view
   under the pointer is painted in each, the others in every second one, by turns, and what costs the
   page a new layout (words, chips) some times a second. A hover repaints only `top`.
   Plotly and Dash hear of no pointer move: both would spend more on it than the drawing takes. */
(function () {
  "use strict";
  const ht = (window.ht = window.ht || {});

  const LAYERS = ["base", "chosen", "labels", "top"];
  const CLICK_PX = 4;
  const ATTACH_MS = 150;
  const FULL_MS = 150;
  const views = [];
  const dataListeners = [];
  const changeListeners = [];
  let frameRequest = 0;
  let maskIsStale = false;
  let lastFull = 0;
  let catchingUp = 0;

  ht.state = {
    data: null,
    mask: new Uint8Array(0),
    count: 0,
    hover: -1,
    hoverView: "",
    selection: ht.selection.empty(""),
    preview: null,
    focus: [],
    highlighted: [],
  };
  ht.debug = { paints: 0, paintMs: [], hoverMs: [], views, isDrawn };
  const state = ht.state;

  ht.onData = (listener) => dataListeners.push(listener);
  ht.onChange = (listener) => changeListeners.push(listener);
  ht.send = (id, data) => window.dash_clientside.set_props(id, { data });

  /** Whether every view shows the study the page is about, or says why it has nothing to show;
      `isPatient` also waits for those whose figures are computed in the background. */
  function isDrawn(isPatient) {
    if (!state.data || !views.length) return false;
    const isSettled = ({ meta, isReady }) => isReady || Boolean(meta && meta.empty && !meta.first);
    return views.every(
      (view) =>
        view.spec.isOptional ||
        (view.gd &&
          !view.isStale &&
          (isSettled(view) || (view.spec.isLate && isPatient !== true)) &&
          (isPatient !== true || !view.spec.isSettled || !view.isReady || view.spec.isSettled())),
    );
  }

  /** Edges of the plot in a view with one pair of axes, in pixels. */
  ht.plotOf = function (view) {
    const { xaxis: x, yaxis: y } = view.gd._fullLayout;
    return { left: x._offset, right: x._offset + x._length, top: y._offset, bottom: y._offset + y._length };
  };

  /* ---- colours: CSS variables, read once per theme ---- */
  let tokens = null;
  const LEVELS = 256;

  function readTokens() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(`--${name}`).trim();
    const stops = [0, 1, 2, 3, 4, 5].map((k) => rgb(read(`performance-${k}`)));
    const packed = new Uint32Array(LEVELS);
    const css = [];
    for (let k = 0; k < LEVELS - 1; k++) {
      const at = (k / (LEVELS - 2)) * (stops.length - 1);
      const i = Math.min(stops.length - 2, Math.floor(at));
      const mix = stops[i].map((c, j) => Math.round(c + (stops[i + 1][j] - c) * (at - i)));
      packed[k] = pack(mix);
      css.push(`rgb(${mix.join(",")})`);
    }
    const none = rgb(read("muted"));
    packed[LEVELS - 1] = pack(none);
    css.push(`rgb(${none.join(",")})`);
    const models = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => read(`model-${k}`));
    return { read, packed, css, models, cache: new Map() };
  }
  function rgb(text) {
    const hex = text.replace("#", "");
    return [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16) || 0);
  }
  function pack([r, g, b]) {
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  }
  const theme = () => (tokens = tokens || readTokens());

  ht.token = function (name) {
    const cache = theme().cache;
    if (!cache.has(name)) cache.set(name, theme().read(name));
    return cache.get(name);
  };
  ht.modelColour = (k) => theme().models[k % theme().models.length];
  ht.colour = {
    level: (row) => state.data.levels[row],
    css: (row) => theme().css[state.data.levels[row]],
    cssOfLevel: (level) => theme().css[level],
    rgba: (t) => theme().packed[Math.round(Math.min(1, Math.max(0, t)) * (LEVELS - 2))],
    packed: () => theme().packed,
    pack: (text) => pack(rgb(text)),
  };
  ht.themeChanged = function () {
    tokens = null;
    for (const view of views) view.isStale = true;
    ht.repaint();
  };

  /* ---- views ---- */
  ht.view = function (spec) {
    views.push({ spec, gd: null, isStale: true, drag: null, layers: {} });
  };

  function attach(view) {
    const holder = document.getElementById(view.spec.graph);
    const gd = holder && holder.querySelector(".js-plotly-plot");
    if (!gd || !gd.on || !gd._fullLayout || view.gd === gd) return;
    view.gd = gd;
    view.holder = holder;
    for (const name of LAYERS) {
      // Each canvas costs every frame, empty or not.
      if (name !== "labels" || view.spec.labels) view.layers[name] = makeLayer(holder, name);
    }
    view.hasTop = undefined;
    listen(view, view.layers.chosen.canvas);
    gd.on("plotly_afterplot", () => invalidate(view));
    invalidate(view);
  }

  function makeLayer(holder, name) {
    holder.querySelectorAll(`canvas.layer-${name}`).forEach((old) => old.remove());
    const canvas = document.createElement("canvas");
    canvas.className = `layer layer-${name}`;
    holder.appendChild(canvas);
    return { canvas, g: canvas.getContext("2d") };
  }

  const show = ({ canvas }, isShown) => {
    canvas.style.visibility = isShown ? "" : "hidden";
  };

  function invalidate(view) {
    view.isStale = true;
    ht.repaint();
  }

  /** Read the geometry Plotly settled on; false while the figure belongs to other data. */
  function measure(view) {
    const { gd, layers } = view;
    const full = gd._fullLayout;
    const ratio = window.devicePixelRatio || 1;
    view.meta = (gd.layout && gd.layout.meta) || {};
    view.width = full.width;
    view.height = full.height;
    view.ratio = ratio;
    for (const { canvas, g } of Object.values(layers)) {
      const w = Math.round(view.width * ratio);
      const h = Math.round(view.height * ratio);
      if (canvas.width !== w || canvas.height !== h) {
        canvas.width = w;
        canvas.height = h;
        canvas.style.width = `${view.width}px`;
        canvas.style.height = `${view.height}px`;
      }
      g.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    const axis = (name) => full[name[0] + "axis" + name.slice(1)];
    view.px = (name, value) => {
      const a = axis(name);
      return a._offset + a.l2p(a.type === "log" ? Math.log10(value) : value);
    };
    view.inv = (name, pixel) => {
      const a = axis(name);
      const v = a.p2l(pixel - a._offset);
      return a.type === "log" ? 10 ** v : v;
    };
    // A view that is free brings its own data and knows no selection.
    if (view.spec.isFree) return Boolean(view.meta.view) && !view.meta.empty;
    return Boolean(state.data) && view.meta.study === state.data.study && !view.meta.empty;
  }

  function paintBase(view) {
    view.isStale = false;
    view.isReady = measure(view);
    for (const { g } of Object.values(view.layers)) g.clearRect(0, 0, view.width, view.height);
    if (!view.isReady) return;
    if (view.spec.layout) view.spec.layout(view);
    if (view.spec.base) view.spec.base(view.layers.base.g, view);
    if (view.spec.labels) view.spec.labels(view.layers.labels.g, view);
  }

  function paintLayer(view, name, draw) {
    const { g } = view.layers[name];
    g.clearRect(0, 0, view.width, view.height);
    if (draw) draw.call(view.spec, g, view);
  }

  /** Whether this frame shows everything: not each one of a drag does. */
  function isFullFrame(now) {
    clearTimeout(catchingUp);
    const isFull = !state.preview || now - lastFull >= FULL_MS;
    if (isFull) lastFull = now;
    else catchingUp = setTimeout(ht.repaint, FULL_MS);
    return isFull;
  }

  function paintView(view, isFull, hasTurn) {
    if (!view.gd || !view.gd._fullLayout) return;
    const isNew = view.isStale;
    if (isNew) paintBase(view);
    if (!view.isReady) return;
    const isDue = view.isBehind && (isFull || hasTurn || Boolean(view.drag));
    if (isNew || isDue || view.isAsked || (!view.spec.hover && isFull)) {
      paintLayer(view, "chosen", view.spec.overlay);
      view.isBehind = view.isAsked = false;
    }
    const isPointed =
      Boolean(view.spec.hover) && (state.hover >= 0 || Boolean(view.pointer && !view.drag));
    // Touching a canvas costs the browser a copy of it, drawn upon or not; so does showing it.
    if (isPointed || view.hasTop) paintLayer(view, "top", isPointed && view.spec.hover);
    if (isPointed !== view.hasTop) show(view.layers.top, isPointed);
    view.hasTop = isPointed;
  }

  function paint() {
    frameRequest = 0;
    const started = performance.now();
    const withMask = maskIsStale;
    if (maskIsStale) updateMask();
    const isFull = isFullFrame(started);
    views.forEach((view, k) => {
      view.isBehind = view.isBehind || withMask;
      paintView(view, isFull, k % 2 === ht.debug.paints % 2);
    });
    if (isFull) for (const listener of changeListeners) listener();
    const spent = performance.now() - started;
    ht.debug.paints += 1;
    (withMask ? ht.debug.paintMs : ht.debug.hoverMs).push(spent);
    if (ht.debug.paintMs.length > 2000) ht.debug.paintMs.splice(0, 1000);
    if (ht.debug.hoverMs.length > 2000) ht.debug.hoverMs.splice(0, 1000);
  }

  ht.repaint = function () {
    if (!frameRequest) frameRequest = requestAnimationFrame(paint);
  };

  /** Paint the chosen trials of one view again: it moved something only it knows of. */
  ht.redraw = function (view) {
    view.isAsked = true;
    ht.repaint();
  };
  /** Lay out and paint one view anew. */
  ht.invalidate = invalidate;

  function updateMask() {
    maskIsStale = false;
    if (!state.data) return;
    const { brushes } = state.selection;
    const active = state.preview ? ht.selection.replaced(brushes, state.preview) : brushes;
    state.count = ht.fillMask(state.mask, active, state.data);
  }

  /** The brushes in force: the committed ones with the one being drawn. */
  ht.activeBrushes = () =>
    state.preview
      ? ht.selection.replaced(state.selection.brushes, state.preview)
      : state.selection.brushes;

  /** The brush in force over these columns, from whatever view; undefined for none. */
  ht.brushOn = (kind, ...dims) =>
    ht.activeBrushes().find((brush) => ht.selection.sameTarget(brush, { kind, dims }));

  /* ---- brushing ---- */
  ht.previewBrush = function (brush) {
    state.preview = brush;
    maskIsStale = true;
    ht.repaint();
  };
  ht.commitBrush = function (brush) {
    state.preview = null;
    ht.setBrushes(ht.selection.replaced(state.selection.brushes, brush));
  };
  ht.removeBrush = (index) =>
    ht.setBrushes(state.selection.brushes.filter((_, k) => k !== index));
  ht.clear = () => ht.setBrushes([]);
  ht.pickTrial = function (row, isAdditive, view) {
    const old = state.selection.brushes.find((brush) => brush.kind === "trials");
    const before = old ? old.trials : [];
    const has = before.includes(row);
    let trials = [row];
    if (isAdditive) trials = has ? before.filter((r) => r !== row) : [...before, row];
    else if (has && before.length === 1) trials = [];
    ht.commitBrush({ view: view || "selected", kind: "trials", trials });
  };
  /** Replace all brushes; `isSilent` leaves the page's history as it is. */
  ht.setBrushes = function (brushes, isSilent) {
    state.preview = null;
    state.selection = { ...state.selection, brushes };
    maskIsStale = true;
    ht.repaint();
    if (ht.selectionChanged) ht.selectionChanged(Boolean(isSilent));
  };
  ht.setHover = function (row, view) {
    if (row === state.hover) return;
    state.hover = row;
    state.hoverView = view || "";
    ht.repaint();
  };
  ht.setData = function (data) {
    state.data = data;
    if (state.mask.length !== data.n) state.mask = new Uint8Array(data.n);
    if (state.hover >= data.n) state.hover = -1;
    maskIsStale = true;
    for (const view of views) view.isStale = true;
    for (const listener of dataListeners) listener(data);
    ht.repaint();
  };

  /* ---- pointer ---- */
  function position(view, event) {
    const box = view.layers.chosen.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function listen(view, canvas) {
    canvas.addEventListener("pointerdown", (event) => press(view, canvas, event));
    canvas.addEventListener("pointermove", (event) => move(view, canvas, event));
    canvas.addEventListener("pointerup", (event) => release(view, event));
    canvas.addEventListener("pointercancel", () => abandon(view));
    canvas.addEventListener("pointerleave", () => {
      if (!view.drag) leave(view);
    });
    if (view.spec.wheel) {
      canvas.addEventListener("wheel", (event) => view.spec.wheel(event, view), { passive: false });
    }
  }

  function press(view, canvas, event) {
    if (event.button !== 0 || !view.isReady) return;
    const [x, y] = position(view, event);
    const brush = view.spec.press ? view.spec.press(x, y, view, event) : null;
    view.drag = { brush, x, y, hasMoved: false };
    canvas.setPointerCapture(event.pointerId);
    ht.setHover(-1);
  }

  function move(view, canvas, event) {
    if (!view.isReady) return;
    const [x, y] = position(view, event);
    const drag = view.drag;
    if (!drag) {
      view.pointer = [x, y];
      if (view.spec.pick) ht.setHover(view.spec.pick(x, y, view), view.spec.graph);
      if (view.spec.cursor) canvas.style.cursor = view.spec.cursor(x, y, view) || "default";
      if (view.spec.moved) view.spec.moved(x, y, view);
      return;
    }
    if (Math.hypot(x - drag.x, y - drag.y) >= CLICK_PX) drag.hasMoved = true;
    if (drag.hasMoved && drag.brush) drag.brush.move(x, y, event);
  }

  function release(view, event) {
    const drag = view.drag;
    view.drag = null;
    if (!drag) return;
    const [x, y] = position(view, event);
    if (drag.hasMoved) {
      if (drag.brush) drag.brush.release(x, y, event);
      return;
    }
    if (drag.brush && drag.brush.click && drag.brush.click(x, y, event)) return;
    const row = view.spec.pick ? view.spec.pick(x, y, view) : -1;
    if (row >= 0) ht.pickTrial(row, event.shiftKey || event.ctrlKey || event.metaKey, view.meta.view);
  }

  function abandon(view) {
    view.drag = null;
    ht.previewBrush(null);
  }
  /** Give up the brush being drawn, in whatever view; true if there was one. */
  ht.abandonDrag = function () {
    const dragged = views.filter((view) => view.drag);
    dragged.forEach(abandon);
    return dragged.length > 0;
  };

  function leave(view) {
    view.pointer = null;
    if (view.spec.moved) view.spec.moved(null, null, view);
    ht.setHover(-1);
  }

  setInterval(() => views.forEach(attach), ATTACH_MS);
})();

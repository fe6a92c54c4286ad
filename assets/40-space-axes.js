/* Search space overview: which axes there are, their order, scales, directions and places, and how
   they move. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = (ht.space = { view: null, numbers: null });

  const MOVE_MS = 380;
  const JITTER_PX = 9;
  const OUT_OF_SPACE = 0.03;
  const FAILED = 4;
  // Lines of a bundle keep this much of their distance from its middle.
  const LOOSE = 0.16;
  const CLUSTERS = 6;
  // Names and marks of axes that stand closer than this could not be read.
  const LEAST_PITCH_PX = 46;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)");

  /** Lay out and paint this view anew; the others stay as they are. */
  space.refresh = function () {
    if (!space.view) return;
    space.view.isStale = true;
    ht.repaint();
  };

  /* ---- importance ---- */
  /** A table in which nothing is found that was not put there: a parameter may be called "constructor". */
  const byName = (table) => Object.assign(Object.create(null), table);
  const known = () =>
    space.numbers && state.data && space.numbers.study === state.data.study ? space.numbers : null;
  space.known = known;
  space.hasShares = () => Boolean(known() && Object.values(known().singles).some((share) => share > 0));
  space.share = (name) => (known() && known().singles[name]) || 0;
  space.pairShare = function (a, b) {
    const found = known() && known().pairs.find(([x, y]) => (x === a && y === b) || (x === b && y === a));
    return found ? found[2] : 0;
  };
  const isParameter = (axis) => axis.key.startsWith("param:");
  space.isParameter = isParameter;
  space.isMaximised = () => state.data.colour.best >= state.data.colour.worst;

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    htSpace: {
      numbers(data) {
        if (!data) return;
        space.numbers = { ...data, singles: byName(data.singles), bars: byName(data.bars) };
        space.refresh();
      },
    },
  });

  /* ---- which, and their order ---- */
  const isBrushed = (axis) => Boolean(ht.brushOn("ranges", axis.key));

  /** Which of `parameters` (indices into meta.axes) have an axis. */
  function visible(view, parameters) {
    const { axes } = view.meta;
    const { shown } = space.options();
    if (shown === "all") return parameters;
    if (Array.isArray(shown)) return parameters.filter((j) => shown.includes(axes[j].key));
    const varying = parameters.filter((j) => !axes[j].isConstant);
    const pitches = (view.px("x", 1) - view.px("x", 0)) / LEAST_PITCH_PX;
    const room = Math.max(2, Math.floor(pitches) + 1 - (axes.length - parameters.length));
    if (shown === "varying" || varying.length <= room) return varying;
    const share = (j) => space.share(axes[j].label);
    const first = new Set(varying.slice().sort((a, b) => share(b) - share(a) || a - b).slice(0, room));
    const isAsked = (j) => state.focus.includes(axes[j].label) || isBrushed(axes[j]);
    return varying.filter((j) => first.has(j) || isAsked(j));
  }

  /** Indices into meta.axes from left to right. */
  function wantedOrder(view) {
    const { axes } = view.meta;
    const { order } = space.options();
    const all = axes.map((_, j) => j);
    const parameters = visible(view, all.filter((j) => isParameter(axes[j])));
    const objectives = all.filter((j) => !isParameter(axes[j]));
    if (order) {
      const rank = new Map(order.map((key, k) => [key, k]));
      const place = (j) => rank.get(axes[j].key) ?? -1;
      parameters.sort((a, b) => place(a) - place(b) || a - b);
    } else if (known()) {
      parameters.sort((a, b) => space.share(axes[a].label) - space.share(axes[b].label) || a - b);
    }
    return [...parameters, ...objectives];
  }

  /** The parameters from left to right, by key. */
  space.orderedKeys = (view) =>
    view.shown.map((j) => view.meta.axes[j]).filter(isParameter).map((axis) => axis.key);

  /* ---- scales ---- */
  space.scaleName = (axis) => space.options().scales[axis.key] || (axis.log ? "log" : "linear");
  space.scaleNames = function (axis) {
    if (axis.choices.length || !(axis.high > axis.low)) return [];
    const has = axis.log || axis.other;
    return has ? ["linear", "log", "quantile"] : ["linear", "quantile"];
  };

  /** Ranks instead of values: as many trials between any two marks. */
  function quantileScale(axis) {
    const { values } = state.data.col(axis.key);
    const sorted = values.filter((v) => Number.isFinite(v)).sort();
    const last = sorted.length - 1;
    if (last < 1 || sorted[0] === sorted[last]) return ht.scale(axis);
    const edge = (v, isUpper) => {
      let [a, b] = [0, sorted.length];
      while (a < b) {
        const m = (a + b) >> 1;
        if (sorted[m] < v || (isUpper && sorted[m] === v)) a = m + 1;
        else b = m;
      }
      return a;
    };
    return {
      unit(v) {
        if (Number.isNaN(v)) return v;
        const [low, high] = [edge(v, false), edge(v, true)];
        if (high > low) return (low + high - 1) / 2 / last;
        if (!low || low > last) return low ? 1 : 0;
        return (low - 1 + (v - sorted[low - 1]) / (sorted[low] - sorted[low - 1])) / last;
      },
      value(u) {
        const at = Math.min(1, Math.max(0, u)) * last;
        const k = Math.min(last - 1, Math.floor(at));
        return sorted[k] + (sorted[k + 1] - sorted[k]) * (at - k);
      },
    };
  }

  function makeScale(axis) {
    const name = space.scaleName(axis);
    const bare =
      name === "quantile"
        ? quantileScale(axis)
        : ht.scale({ ...axis, log: !axis.choices.length && name === "log" });
    const isFlipped = Boolean(space.options().flips[axis.key]);
    if (!isFlipped) return { ...bare, isFlipped };
    return { unit: (v) => 1 - bare.unit(v), value: (u) => bare.value(1 - u), isFlipped };
  }

  /** Column values to mark and their texts, in the scale the axis has now. */
  space.ticks = function (view, j) {
    const axis = view.meta.axes[j];
    const name = space.scaleName(axis);
    if (axis.choices.length || name === (axis.log ? "log" : "linear")) return axis;
    if (name !== "quantile") return axis.other || axis;
    const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map((u) => view.scales[j].value(u));
    return { ticks, tickLabels: ticks.map(ht.number) };
  };

  /* ---- heights ---- */
  /** In [-0.5, 0.5), the same for a row at every paint. */
  const spread = (row, axis) => ((row * 0.618034 + axis * 0.381966) % 1) - 0.5;

  /** Pixels over which lines of one and the same value are spread. */
  function jitterOf(view, axis) {
    const height = view.bottom - view.top;
    const count = axis.choices.length || (axis.isFewValued ? axis.high - axis.low + 1 : 0);
    if (!count) return 0;
    return Math.min(JITTER_PX * 2, (height / count) * (axis.choices.length ? 0.5 : 0.4));
  }

  const heights = new Map();
  let heightsOf = null;

  function positions(view, axis, j) {
    const { data } = state;
    if (heightsOf !== data) {
      heights.clear();
      heightsOf = data;
    }
    const lanes = `${view.lanes.none},${view.lanes.failed}`;
    const chosen = `${space.scaleName(axis)},${space.options().flips[axis.key]}`;
    const key = [axis.key, view.top, view.bottom, lanes, chosen].join("|");
    const kept = heights.get(axis.key);
    if (kept && kept.key === key) return kept.ys;
    const ys = computed(view, axis, j);
    heights.set(axis.key, { key, ys });
    return ys;
  }

  function computed(view, axis, j) {
    const { data } = state;
    const { values } = data.col(axis.key);
    const states = data.col("state").values;
    const { unit } = view.scales[j];
    const height = view.bottom - view.top;
    const jitter = jitterOf(view, axis);
    const hasFailed = axis.hasFailed && view.lanes.failed !== undefined;
    const ys = new Float32Array(data.n);
    for (let i = 0; i < data.n; i++) {
      const u = unit(values[i]);
      if (Number.isNaN(u)) {
        const lane = hasFailed && states[i] === FAILED ? view.lanes.failed : view.lanes.none;
        ys[i] = lane === undefined ? NaN : lane + spread(i, j) * 8;
        continue;
      }
      const clamped = Math.min(1 + OUT_OF_SPACE, Math.max(-OUT_OF_SPACE, u));
      // Spread inwards at the ends, so that no line leaves the axis.
      const shift = jitter ? (spread(i, j) - 0.5 + Math.min(1, Math.max(0, u))) * jitter : 0;
      ys[i] = view.bottom - clamped * height + shift;
    }
    return ys;
  }

  /* ---- bundles ---- */
  let bundled = { key: "", mids: [] };

  /** Cluster of each row between two axes: a sixth of the more important one, which is the right
      one unless that is an objective. */
  function clustersOf(view, left, right) {
    const ys = view.ys[isParameter(view.meta.axes[right]) ? right : left];
    const height = view.bottom - view.top + 1;
    return Uint8Array.from(ys, (y) => {
      if (Number.isNaN(y)) return CLUSTERS + 1;
      const part = Math.floor(((y - view.top) / height) * CLUSTERS);
      return Math.min(CLUSTERS, Math.max(0, part));
    });
  }

  function bundleMids(view) {
    if (bundled.key === view.pathKey && bundled.data === state.data) return bundled.mids;
    const { shown, ys } = view;
    const mids = shown
      .slice(1)
      .map((j, k) => pulled(ys[shown[k]], ys[j], clustersOf(view, shown[k], j)));
    bundled = { key: view.pathKey, data: state.data, mids };
    return mids;
  }

  /** Heights half-way between two axes, drawn to the mean of their cluster. */
  function pulled(a, b, clusters) {
    const sums = new Float64Array(CLUSTERS + 2);
    const counts = new Uint32Array(CLUSTERS + 2);
    for (let i = 0; i < a.length; i++) {
      const middle = (a[i] + b[i]) / 2;
      if (Number.isNaN(middle)) continue;
      sums[clusters[i]] += middle;
      counts[clusters[i]] += 1;
    }
    return Float32Array.from(a, (y, i) => {
      const mean = sums[clusters[i]] / counts[clusters[i]];
      return mean + ((y + b[i]) / 2 - mean) * LOOSE;
    });
  }

  /* ---- places ---- */
  let isWaiting = false;
  const isDragged = () => ht.debug.views.some((view) => view.drag);
  ht.onChange(() => {
    if (isDragged()) return;
    const lacks = (axis, j) => isBrushed(axis) && !view.shown.includes(j);
    const { view } = space;
    if (isWaiting || (view && view.isReady && view.meta.axes.some(lacks) && space.options().shown === "fit")) space.refresh();
  });

  let moving = null;
  /** An axis a person holds: {j, x}. */
  space.held = null;
  space.isMoving = () => Boolean(moving || space.held);

  /** Where each axis of meta.axes belongs, in pixels; NaN for hidden ones. */
  function slots(view, order) {
    const left = view.px("x", 0);
    const right = view.px("x", 1);
    const xs = new Array(view.meta.axes.length).fill(NaN);
    order.forEach((j, k) => {
      xs[j] = left + ((right - left) * k) / Math.max(1, order.length - 1);
    });
    return xs;
  }

  /** Start the axes on their way from where they stand to where they belong. */
  function glide(view, targets) {
    const from = view.xs;
    const isNew = !from || from.length !== targets.length || view.placedStudy !== state.data.study;
    const isSame = !isNew && view.placedWidth === view.width && targets.every((x, j) => Object.is(x, view.targets[j]));
    if (isSame) return;
    const isResized = view.placedWidth !== view.width;
    Object.assign(view, { targets, placedStudy: state.data.study, placedWidth: view.width });
    if (isNew || isResized || isStill.matches || !view.hasOrder) {
      view.xs = targets.slice();
      moving = null;
      return;
    }
    moving = { from: targets.map((x, j) => (Number.isNaN(from[j]) ? x : from[j])), start: performance.now() };
  }

  function step(view) {
    if (!moving) return;
    const f = Math.min(1, (performance.now() - moving.start) / MOVE_MS);
    const eased = ht.smooth(f);
    view.xs = view.targets.map((x, j) => moving.from[j] + (x - moving.from[j]) * eased);
    if (f >= 1) moving = null;
    else requestAnimationFrame(space.refresh);
  }

  /** Pixels between neighbouring axes that stand where they belong. */
  space.pitch = (view) =>
    view.shown.length > 1 ? (view.px("x", 1) - view.px("x", 0)) / (view.shown.length - 1) : 102;

  /** Everything later painting needs: view.xs, ys and scales by index of meta.axes; view.shown from
      left to right; view.path, the heights lines pass. */
  space.layout = function (view) {
    space.view = view;
    space.recall(state.data.study);
    // Plotly leaves an empty object out of what it hands back.
    const { axes, lanes = {} } = view.meta;
    view.top = view.px("y", 1);
    view.bottom = view.px("y", 0);
    view.lanes = Object.fromEntries(Object.entries(lanes).map(([kind, y]) => [kind, view.px("y", y)]));
    view.scales = axes.map(makeScaleOnce);
    view.ys = axes.map((axis, j) => positions(view, axis, j));
    // While a brush is dragged, in whatever view, no axis moves; the new order comes after it.
    isWaiting = isDragged() && Boolean(view.shown) && view.placedStudy === state.data.study;
    const order = isWaiting ? view.shown : wantedOrder(view);
    glide(view, slots(view, order));
    step(view);
    if (space.held) view.xs[space.held.j] = space.held.x;
    if (known()) view.hasOrder = true;
    view.shown = order.slice().sort((a, b) => view.xs[a] - view.xs[b] || order.indexOf(a) - order.indexOf(b));
    view.pathKey = pathKey(view);
    view.path = pathOf(view);
  };

  const scales = new Map();
  let scalesOf = null;
  function makeScaleOnce(axis) {
    if (scalesOf !== state.data) {
      scales.clear();
      scalesOf = state.data;
    }
    const key = [axis.key, axis.low, axis.high, space.scaleName(axis), space.options().flips[axis.key]].join("|");
    if (!scales.has(key)) scales.set(key, makeScale(axis));
    return scales.get(key);
  }

  function pathKey(view) {
    const parts = view.shown.map((j) => {
      const axis = view.meta.axes[j];
      return [axis.key, axis.low, axis.high, space.scaleName(axis), space.options().flips[axis.key], Math.round(view.xs[j])];
    });
    return JSON.stringify([state.data.study, view.width, view.height, view.lanes, space.options().isBundled, parts]);
  }

  function pathOf(view) {
    const xs = view.shown.map((j) => view.xs[j]);
    const ys = view.shown.map((j) => view.ys[j]);
    if (!space.options().isBundled || space.isMoving()) return { xs, ys };
    const mids = bundleMids(view);
    const path = { xs: [xs[0]], ys: [ys[0]] };
    mids.forEach((mid, k) => {
      path.xs.push((xs[k] + xs[k + 1]) / 2, xs[k + 1]);
      path.ys.push(mid, ys[k + 1]);
    });
    return path;
  }
})();

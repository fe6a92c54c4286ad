/* Search space overview: a line a trial over axes that move, bars of the parameter in focus. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = ht.space;

  // More lines than this are one grey carpet; the best are always among those drawn, and the
  // picture of all lies below.
  const MOST_LINES = 2000;
  // While a brush is dragged or axes move fewer do, so that every frame is in time.
  const MOST_WHILE_MOVING = 200;
  const MANY = 120;
  const FIRM = 0.9;
  const FAINTEST = 0.2;
  const FOREMOST = 400;
  const BRUSH_HALF_PX = 7;
  const PICK_PX = 8;
  const MOST_BAR_PX = 84;
  const LEAST_BAR_SHARE = 0.14;
  // Bars of a model that predicts nothing.
  const UNSURE = 0.35;
  const RANGE_PX = 6;
  // Room for a mark's words: beside the outer axes, at most, at least, and for those of a lane.
  const SIDE_PX = 50;
  const MOST_TICK_PX = 72;
  const LEAST_TICK_PX = 24;
  const LANE_WORDS_PX = 36;
  const TELLING = 0.8;

  function layout(view) {
    space.layout(view);
    space.drawBoxes(view);
    space.drawTools(view);
  }

  /* ---- below: every trial, and the bars ---- */
  function base(g, view) {
    const picture = space.raster(view);
    if (picture) g.drawImage(picture, 0, 0, picture.width, picture.height);
    for (const name of focused(view)) bars(g, view, name, 1);
  }
  space.repaintBase = function (view) {
    const { g } = view.layers.base;
    g.clearRect(0, 0, view.width, view.height);
    base(g, view);
  };

  const indexOf = (view, name) => view.meta.axes.findIndex((axis) => axis.key === `param:${name}`);
  const focused = (view) =>
    state.focus.filter((name) => space.known() && space.known().bars[name] && view.shown.includes(indexOf(view, name)));

  /** Pixels to the right of axis j that its bars may take. */
  function barRoom(view, j) {
    const k = view.shown.indexOf(j);
    const next = k + 1 < view.shown.length ? view.xs[view.shown[k + 1]] : view.width;
    return Math.max(18, Math.min(MOST_BAR_PX, (next - view.xs[j]) * 0.8));
  }

  /** The bars of a parameter as {x, y, width, height, mean, sd, level}. */
  function barsOf(view, name) {
    const j = indexOf(view, name);
    const axis = view.meta.axes[j];
    const { edges, mean, sd } = space.known().bars[name];
    const levelOf = ht.levelling(state.data.colour);
    const isOwn = Boolean(space.known().gainName);
    const sign = isOwn || space.isMaximised() ? 1 : -1;
    const quality = mean.map((value) => value * sign);
    const [least, most] = [Math.min(...quality), Math.max(...quality)];
    const room = barRoom(view, j);
    const declared = ht.scale(axis);
    const height = view.bottom - view.top;
    const place = (u) => view.bottom - view.scales[j].unit(declared.value(u)) * height;
    return mean.map((value, k) => {
      const [y0, y1] = axis.choices.length ? choiceEnds(view, j, edges[k][0]) : edges[k].map(place);
      const share = most > least ? (quality[k] - least) / (most - least) : 1;
      return {
        x: view.xs[j] + 1,
        y: Math.min(y0, y1),
        height: Math.abs(y1 - y0),
        width: room * (LEAST_BAR_SHARE + (1 - LEAST_BAR_SHARE) * share),
        level: isOwn ? Math.round(254 * share) : levelOf(value),
        mean: value,
        sd: sd[k],
      };
    });
  }

  function choiceEnds(view, j, code) {
    const count = view.meta.axes[j].choices.length;
    const middle = tickPosition(view, j, code);
    const half = Math.min(13, ((view.bottom - view.top) / Math.max(1, count - 1)) * 0.36);
    return [middle - half, middle + half];
  }

  function bars(g, view, name, alpha) {
    g.save();
    g.globalAlpha = space.known().hasRanks ? alpha : alpha * UNSURE;
    for (const bar of barsOf(view, name)) {
      g.fillStyle = ht.colour.cssOfLevel(bar.level);
      const gap = bar.height > 5 ? 0.75 : 0;
      g.fillRect(bar.x, bar.y + gap, bar.width, Math.max(1, bar.height - 2 * gap));
    }
    g.restore();
  }

  /* ---- the chosen lines ---- */
  function overlay(g, view) {
    const packed = ht.colour.packed();
    const rows = ht.sampled(state.preview || space.isMoving() ? MOST_WHILE_MOVING : MOST_LINES, state.mask);
    // Of many lines the better are also the firmer: else all together are a carpet.
    const steepness = Math.max(1, rows.length / FOREMOST);
    const firmness = (r) => FAINTEST + (FIRM - FAINTEST) * ((r + 1) / rows.length) ** steepness;
    ht.strokeLines(g, view, rows, view.path.xs, view.path.ys, {
      colours: (row) => packed[state.data.levels[row]],
      alphaOf: state.count > MANY ? firmness : () => FIRM,
    });
    space.drawBrushes(g, view, BRUSH_HALF_PX);
  }

  /* ---- above: axes, marks, promising ranges ---- */
  function labels(g, view) {
    // Once more over the lines, so that both can be read.
    for (const name of focused(view)) bars(g, view, name, 0.62);
    g.font = `10px ${getComputedStyle(document.body).fontFamily}`;
    g.textBaseline = "middle";
    for (const j of view.shown) axis(g, view, j);
    if (tickRoom(view) < LANE_WORDS_PX) laneWords(g, view, view.shown[0]);
  }

  const tickRoom = (view) => Math.min(MOST_TICK_PX, space.pitch(view) - 14);

  /** What the lanes below the axes hold, left of axis j; once for all where axes are many. */
  function laneWords(g, view, j) {
    g.textAlign = "right";
    const has = (flag) => view.shown.some((k) => view.meta.axes[k][flag]);
    if (has("hasMissing")) text(g, "not set", view.xs[j] - 10, view.lanes.none, false, SIDE_PX);
    if (has("hasFailed")) text(g, "failed", view.xs[j] - 10, view.lanes.failed, false, SIDE_PX);
  }

  function axis(g, view, j) {
    const { key, label, hasMissing, hasFailed } = view.meta.axes[j];
    const x = Math.round(view.xs[j]) + 0.5;
    const isOn = key.startsWith("param:") && state.focus.includes(label);
    g.strokeStyle = ht.token(isOn ? "hot" : "muted");
    g.lineWidth = isOn ? 1.5 : 1;
    g.beginPath();
    g.moveTo(x, view.top);
    g.lineTo(x, view.bottom);
    g.stroke();
    if (key.startsWith("param:")) promising(g, view, j, isOn);
    const isLast = view.shown[view.shown.length - 1] === j;
    const isFirst = view.shown[0] === j;
    const room = isFirst || isLast ? SIDE_PX : isOn ? MOST_TICK_PX : tickRoom(view);
    if (room < LEAST_TICK_PX) return;
    g.textAlign = isLast ? "left" : "right";
    const at = view.xs[j] + (isLast ? 9 : -10);
    const { ticks, tickLabels } = space.ticks(view, j);
    ticks.forEach((value, k) => {
      const y = tickPosition(view, j, value);
      if (Number.isFinite(y)) text(g, tickLabels[k], at, y, isLast, room);
    });
    if (tickRoom(view) < LANE_WORDS_PX && !isLast) return;
    if (hasMissing) text(g, state.data.col(key).nothing, at, view.lanes.none, isLast, room);
    if (hasFailed) text(g, "failed", at, view.lanes.failed, isLast, room);
  }

  /** A bracket on the left of an axis: where its best trials lie. */
  function promising(g, view, j, isOn) {
    const range = space.rangeOn(view.meta.axes[j].label);
    // A range that is nearly the whole axis says nothing, unless somebody asks.
    if (!range || view.meta.axes[j].isConstant || (range.kept > TELLING && !isOn)) return;
    const x = Math.round(view.xs[j]) - RANGE_PX + 0.5;
    g.save();
    g.strokeStyle = ht.token(isOn ? "hot" : "accent");
    g.globalAlpha = isOn ? 1 : 0.75;
    g.lineWidth = isOn ? 3 : 2;
    g.beginPath();
    for (const pair of space.rangesOf(range)) {
      const [y0, y1] = space.pixels(view, j, pair);
      g.moveTo(x + 3, y0);
      g.lineTo(x, y0);
      g.lineTo(x, y1);
      g.lineTo(x + 3, y1);
    }
    g.stroke();
    g.restore();
  }

  function tickPosition(view, j, value) {
    return view.bottom - view.scales[j].unit(value) * (view.bottom - view.top);
  }

  function text(g, words, x, y, isLeft, most) {
    let short = words;
    // Long choices often begin alike: of one too long the middle goes.
    for (let kept = words.length - 1; kept > 2 && g.measureText(short).width > most; kept -= 1) {
      const head = Math.ceil(0.4 * kept);
      short = `${words.slice(0, head)}…${words.slice(words.length - kept + head)}`;
    }
    const w = g.measureText(short).width;
    g.fillStyle = ht.token("card");
    g.globalAlpha = 0.8;
    g.fillRect(isLeft ? x - 1 : x - w - 1, y - 6, w + 2, 12);
    g.globalAlpha = 1;
    g.fillStyle = ht.token("ink");
    g.fillText(short, x, y + 0.5);
  }

  /* ---- hover ---- */
  function trace(g, { xs, ys }, row) {
    let isDown = false;
    for (let k = 0; k < xs.length; k++) {
      const y = ys[k][row];
      if (Number.isNaN(y)) {
        isDown = false;
        continue;
      }
      if (!isDown) g.moveTo(xs[k], y);
      else {
        // Control points at the thirds make the curve ht.smooth itself.
        const third = (xs[k] - xs[k - 1]) / 3;
        g.bezierCurveTo(xs[k - 1] + third, ys[k - 1][row], xs[k] - third, y, xs[k], y);
      }
      isDown = true;
    }
  }

  function hover(g, view) {
    const row = state.hover;
    if (row < 0) {
      hoverBar(g, view);
      return;
    }
    g.strokeStyle = ht.token("hot");
    g.lineWidth = 2.4;
    g.beginPath();
    trace(g, view.path, row);
    g.stroke();
    for (const j of view.shown) {
      const column = state.data.col(view.meta.axes[j].key);
      const value = column.values[row];
      const isFailed = view.meta.axes[j].hasFailed && ht.stateName(row) === "failed";
      const lacking = isFailed ? "failed" : column.nothing;
      const words = Number.isNaN(value) ? lacking : column.text(value);
      const y = view.ys[j][row];
      if (!Number.isNaN(y)) ht.tag(g, view, words, view.xs[j] + 6, y, ht.token("hot"));
    }
  }

  /** The estimate of the bar under the pointer. */
  function hoverBar(g, view) {
    if (!view.pointer) return;
    const [x, y] = view.pointer;
    for (const name of focused(view)) {
      const bar = barsOf(view, name).find(
        (b) => x >= b.x && x <= b.x + b.width && y >= b.y && y <= b.y + b.height,
      );
      if (!bar) continue;
      g.strokeStyle = ht.token("hot");
      g.lineWidth = 1.5;
      g.strokeRect(bar.x, bar.y, bar.width, bar.height);
      const words = `≈ ${ht.number(bar.mean)} ± ${ht.number(bar.sd)}`;
      ht.tag(g, view, words, bar.x + bar.width + 4, bar.y + bar.height / 2, ht.token("hot"));
      return;
    }
  }

  function pick(x, y, view) {
    const { xs, ys } = view.path;
    if (space.isMoving() || x < xs[0] - 4 || x > xs[xs.length - 1] + 4) return -1;
    let k = xs.findIndex((at) => at > x) - 1;
    if (k === -2) k = xs.length - 2;
    if (k < 0) k = 0;
    const s = ht.smooth(Math.min(1, Math.max(0, (x - xs[k]) / (xs[k + 1] - xs[k]))));
    const [a, b] = [ys[k], ys[k + 1]];
    let best = -1;
    let least = PICK_PX;
    for (let i = 0; i < a.length; i++) {
      if (!state.mask[i]) continue;
      const distance = Math.abs(a[i] + (b[i] - a[i]) * s - y);
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  /** Whether importance is known and all axes stand where they belong. */
  const isSettled = () => !state.data || (Boolean(space.known() && space.known().isFinal) && !space.isMoving());

  ht.view({
    graph: "space-parcoords-graph",
    layout,
    base,
    overlay,
    labels,
    hover,
    pick,
    press: space.press,
    cursor: space.cursor,
    isSettled,
  });
})();

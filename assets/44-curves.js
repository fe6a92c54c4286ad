/* Model analysis: curves over the axes Plotly drew. Faint: what is usual in this study; coloured:
   the highlighted trials, raw ghosted behind smoothed; hot: the trial under the pointer. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const { nearestStep, indexAt, distance } = ht.curves;

  const GRAPH = "curves-frame-graph";
  const HOVER = "curves-hover-store";
  const REST_MS = 120;
  const PICK_PX = 7;
  const LABEL_PX = 12;
  const CARD_LINE_PX = 14;
  // Drawing every selected faint curve stronger is a help up to here, then it is a carpet.
  const MOST_STRONG = 80;

  const held = { highlighted: [], background: [], hovered: [] };
  const studies = {};
  let mine = null;
  let resting = 0;
  let asked = -1;

  /* ---- what the server sends ---- */
  function take(slot) {
    return function (data) {
      held[slot] = (data && data.curves) || [];
      studies[slot] = data && data.study;
      // A hovered trial adds a line; only the other two change what lies under it.
      if (mine && mine.isReady && slot === "hovered") mine.panels.forEach((panel) => shape(mine, panel, slot));
      else if (mine) mine.isStale = true;
      ht.repaint();
    };
  }
  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    htCurves: {
      highlighted: take("highlighted"),
      background: take("background"),
      hovered: take("hovered"),
    },
  });

  /* ---- geometry, once per drawing ---- */
  function layout(view) {
    mine = view;
    view.panels = view.meta.panels.map((panel) => {
      const x = view.gd._fullLayout[`xaxis${panel.x.slice(1)}`];
      const y = view.gd._fullLayout[`yaxis${panel.y.slice(1)}`];
      return {
        ...panel,
        left: x._offset,
        right: x._offset + x._length,
        top: y._offset,
        bottom: y._offset + y._length,
      };
    });
    for (const panel of view.panels) for (const slot of Object.keys(held)) shape(view, panel, slot);
  }

  /** Pixels of the curves of one kind in one panel. */
  function shape(view, panel, slot) {
    const isOurs = studies[slot] === state.data.study;
    const curves = isOurs ? held[slot].filter((curve) => curve.metric === panel.metric) : [];
    panel[slot] = curves.map((curve) => line(view, panel, curve));
  }

  function line(view, panel, curve) {
    const xs = curve.x.map((v) => view.px(panel.x, v));
    const toY = (v) => (v === null ? NaN : view.px(panel.y, v));
    const raw = curve.raw.map(toY);
    const smooth = curve.smooth ? curve.smooth.map(toY) : null;
    return { curve, row: curve.row, xs, raw, ys: smooth || raw, hasGhost: Boolean(smooth) };
  }

  function trace(g, xs, ys) {
    let isDown = false;
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(ys[i])) {
        isDown = false;
        continue;
      }
      if (isDown) g.lineTo(xs[i], ys[i]);
      else g.moveTo(xs[i], ys[i]);
      isDown = true;
    }
  }

  /** A curve of a single point is a dot: a line of no length is not seen. */
  function dot(g, one, colour) {
    if (one.xs.length !== 1 || Number.isNaN(one.ys[0])) return;
    g.fillStyle = colour;
    g.beginPath();
    g.arc(one.xs[0], one.ys[0], 2.5, 0, 2 * Math.PI);
    g.fill();
  }

  function inside(g, panel, draw) {
    g.save();
    g.beginPath();
    g.rect(panel.left - 2, panel.top - 2, panel.right - panel.left + 4, panel.bottom - panel.top + 4);
    g.clip();
    g.lineJoin = "round";
    draw();
    g.restore();
  }

  function base(g, view) {
    g.strokeStyle = ht.token("soft");
    g.lineWidth = 1;
    for (const panel of view.panels) {
      inside(g, panel, () => {
        g.globalAlpha = panel.background.length > 60 ? 0.45 : 0.7;
        g.beginPath();
        for (const one of panel.background) trace(g, one.xs, one.ys);
        g.stroke();
      });
    }
  }

  function overlay(g, view) {
    for (const panel of view.panels) {
      inside(g, panel, () => {
        if (state.count < state.data.n) strengthen(g, panel);
        for (const [k, one] of ranked(panel)) highlight(g, one, k);
      });
      labels(g, view, panel);
    }
  }

  /** Faint curves of the selected trials, in their performance colours. */
  function strengthen(g, panel) {
    const chosen = panel.background.filter((one) => state.mask[one.row]);
    g.lineWidth = 1;
    g.globalAlpha = chosen.length > MOST_STRONG ? 0.3 : 0.5;
    for (const one of chosen) {
      g.strokeStyle = ht.colour.css(one.row);
      g.beginPath();
      trace(g, one.xs, one.ys);
      g.stroke();
    }
    g.globalAlpha = 1;
  }

  /** The highlighted lines of a panel with their model colours, the first one last, on top. */
  function ranked(panel) {
    return panel.highlighted
      .map((one) => [state.highlighted.indexOf(one.row), one])
      .filter(([k]) => k >= 0)
      .sort((a, b) => b[0] - a[0]);
  }

  function highlight(g, one, k, isHot) {
    const colour = ht.modelColour(k);
    g.strokeStyle = colour;
    if (one.hasGhost) {
      g.globalAlpha = 0.3;
      g.lineWidth = 1;
      g.beginPath();
      trace(g, one.xs, one.raw);
      g.stroke();
    }
    g.globalAlpha = 1;
    g.lineWidth = isHot ? 3.2 : k === 0 ? 2.2 : 1.6;
    g.beginPath();
    trace(g, one.xs, one.ys);
    g.stroke();
    dot(g, one, colour);
  }

  /** The trial's number behind the end of its line, where no better one stands already. */
  function labels(g, view, panel) {
    const numbers = state.data.col("number").values;
    const taken = [];
    setFont(g, 600);
    g.textAlign = "left";
    g.textBaseline = "middle";
    for (const [k, one] of ranked(panel).reverse()) {
      const end = lastKnown(one);
      if (end < 0) continue;
      const x = Math.min(one.xs[end], panel.right) + 5;
      const y = Math.min(panel.bottom - 4, Math.max(panel.top + 4, one.ys[end]));
      if (taken.some(([tx, ty]) => Math.abs(tx - x) < 34 && Math.abs(ty - y) < LABEL_PX)) continue;
      taken.push([x, y]);
      g.lineWidth = 3;
      g.strokeStyle = ht.token("card");
      g.strokeText(`#${numbers[one.row]}`, x, y);
      // Some of the colours alone are too pale for letters.
      g.fillStyle = `color-mix(in srgb, ${ht.modelColour(k)} 60%, ${ht.token("ink")})`;
      g.fillText(`#${numbers[one.row]}`, x, y);
    }
  }

  function lastKnown(one) {
    let end = one.ys.length - 1;
    while (end >= 0 && Number.isNaN(one.ys[end])) end -= 1;
    return end;
  }

  function setFont(g, weight) {
    g.font = `${weight} 10px ${ht.token("font")}`;
  }

  /* ---- hover ---- */
  function hover(g, view) {
    const row = state.hover;
    for (const panel of view.panels) {
      if (row >= 0) inside(g, panel, () => hoverLine(g, panel, row));
    }
    const panel = view.pointer && panelAt(view, ...view.pointer);
    if (panel) crosshair(g, view, panel);
  }

  function hoverLine(g, panel, row) {
    const known = panel.highlighted.find((one) => one.row === row);
    const k = state.highlighted.indexOf(row);
    if (known && k >= 0) return highlight(g, known, k, true);
    const one = hoveredLine(panel, row);
    if (!one) return;
    g.strokeStyle = ht.token("hot");
    g.lineWidth = 2.4;
    g.beginPath();
    trace(g, one.xs, one.ys);
    g.stroke();
    dot(g, one, ht.token("hot"));
  }

  const hoveredLine = (panel, row) =>
    panel.hovered.find((one) => one.row === row) || panel.background.find((one) => one.row === row);

  const panelAt = (view, x, y) =>
    view.panels.find((p) => x >= p.left - 2 && x <= p.right + 2 && y >= p.top && y <= p.bottom);

  /** Lines whose values are read: the highlighted ones and the one under the pointer. */
  function readable(panel) {
    const lines = ranked(panel).reverse().map(([k, one]) => ({ one, colour: ht.modelColour(k) }));
    const row = state.hover;
    if (row >= 0 && !lines.some(({ one }) => one.row === row)) {
      const one = hoveredLine(panel, row);
      if (one) lines.push({ one, colour: ht.token("hot") });
    }
    return lines;
  }

  function crosshair(g, view, at) {
    const lines = readable(at);
    const step = nearestStep(lines, view.inv(at.x, view.pointer[0]));
    if (step === null) return;
    for (const panel of view.panels) {
      const x = view.px(panel.x, step);
      g.strokeStyle = ht.token("muted");
      g.globalAlpha = 0.7;
      g.lineWidth = 1;
      g.setLineDash([2, 2]);
      g.beginPath();
      g.moveTo(x, panel.top);
      g.lineTo(x, panel.bottom);
      g.stroke();
      g.setLineDash([]);
      g.globalAlpha = 1;
    }
    const found = lines.flatMap(({ one, colour }) => {
      const i = indexAt(one.curve.x, step);
      return i < 0 ? [] : [{ one, colour, i, value: one.curve.raw[i] }];
    });
    for (const { one, colour, i } of found) mark(g, at, one.xs[i], one.ys[i], colour);
    card(g, view, at, step, found);
  }

  function mark(g, panel, x, y, colour) {
    if (Number.isNaN(y) || y < panel.top - 1 || y > panel.bottom + 1) return;
    g.fillStyle = colour;
    g.strokeStyle = ht.token("card");
    g.lineWidth = 1;
    g.beginPath();
    g.arc(x, y, 3.2, 0, 2 * Math.PI);
    g.fill();
    g.stroke();
  }

  /** The value table beside the crosshair: which trial, its value, the step. */
  function card(g, view, panel, step, found) {
    const numbers = state.data.col("number").values;
    const rows = found.map((f) => [f.colour, `#${numbers[f.one.row]}`, ht.number(f.value === null ? NaN : f.value), f.one.row]);
    setFont(g, 600);
    const names = Math.max(...rows.map((r) => g.measureText(r[1]).width), g.measureText("step").width);
    const values = Math.max(...rows.map((r) => g.measureText(r[2]).width), g.measureText(ht.number(step)).width);
    const width = 8 + 12 + names + 12 + values + 8;
    const height = 6 + CARD_LINE_PX * (rows.length + 1) + 2;
    const x = view.px(panel.x, step);
    // The card of a hovered trial stands at the pointer's right.
    const isLeft = state.hover >= 0 ? x - 10 - width > 0 : x + 10 + width > view.width;
    const left = isLeft ? x - 10 - width : x + 10;
    const top = Math.max(0, Math.min(view.height - height, view.pointer[1] - height / 2));
    g.fillStyle = ht.token("card");
    g.globalAlpha = 0.95;
    g.fillRect(left, top, width, height);
    g.globalAlpha = 1;
    g.strokeStyle = ht.token("line");
    g.lineWidth = 1;
    g.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
    g.textBaseline = "middle";
    const write = (text, k, colour, isRight, weight) => {
      setFont(g, weight);
      g.fillStyle = colour;
      g.textAlign = isRight ? "right" : "left";
      g.fillText(text, isRight ? left + width - 8 : left + 20, top + 6 + CARD_LINE_PX * (k + 0.5));
    };
    write("step", 0, ht.token("muted"), false, 400);
    write(ht.number(step), 0, ht.token("muted"), true, 400);
    rows.forEach(([colour, name, value, row], k) => {
      g.fillStyle = colour;
      g.fillRect(left + 8, top + 6 + CARD_LINE_PX * (k + 1.5) - 3.5, 7, 7);
      const weight = row === state.hover ? 600 : 400;
      write(name, k + 1, ht.token("ink"), false, weight);
      write(value, k + 1, ht.token("ink"), true, weight);
    });
  }

  /* ---- pointer ---- */
  function pick(x, y, view) {
    const panel = panelAt(view, x, y);
    if (!panel) return -1;
    let found = -1;
    let least = PICK_PX;
    const consider = (one, handicap) => {
      const d = distance(one, x, y, PICK_PX) + handicap;
      if (d < least) {
        least = d;
        found = one.row;
      }
    };
    panel.highlighted.forEach((one) => consider(one, 0));
    panel.background.forEach((one) => consider(one, state.mask[one.row] ? 2 : 4));
    return found;
  }

  /** A trial the pointer rests on, in any view, may have a curve that is not here: ask for it. */
  ht.onChange(() => {
    if (state.hover === asked) return;
    asked = state.hover;
    clearTimeout(resting);
    const row = asked;
    if (row < 0 || !mine || !mine.isReady || !mine.panels || !mine.panels.length) return;
    const isHere = mine.panels.every(
      (panel) => panel.highlighted.some((one) => one.row === row) || panel.hovered.some((one) => one.row === row),
    );
    if (!isHere) resting = setTimeout(() => ht.send(HOVER, { row }), REST_MS);
  });

  ht.view({
    graph: GRAPH,
    layout,
    base,
    overlay,
    hover,
    pick,
    moved: ht.repaint,
    cursor: (x, y, view) => (state.hover >= 0 ? "pointer" : panelAt(view, x, y) ? "crosshair" : "default"),
  });
})();

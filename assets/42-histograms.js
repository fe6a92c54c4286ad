/* Optimization overview, left: one histogram a metric. Plotly draws the axes, this draws the bars:
   all trials faint, the selected ones strong, counted again at every paint. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;

  const GRAPH = "overview-histograms-graph";
  const BAR_GAP_PX = 1;
  const LEAST_BAR_PX = 1.5;
  const REACH_PX = 10;

  /** Bin of each row, as numpy counts them: [low, high), both end bins open; -1 outside all. */
  function binIndex(values, edges, n) {
    const bins = new Int16Array(n);
    const inner = edges.length - 2;
    for (let i = 0; i < n; i++) {
      const v = values[i];
      if (!Number.isFinite(v)) {
        bins[i] = -1;
        continue;
      }
      let low = 0;
      let high = inner;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (edges[middle + 1] <= v) low = middle + 1;
        else high = middle;
      }
      bins[i] = low;
    }
    return bins;
  }

  function count(bins, mask, counts) {
    counts.fill(0);
    for (let i = 0; i < bins.length; i++) if (mask[i] && bins[i] >= 0) counts[bins[i]] += 1;
    return counts;
  }

  function layout(view) {
    const { n } = state.data;
    view.parts = view.meta.histograms.flatMap((meta) => {
      const column = state.data.col(meta.key);
      if (!column) return [];
      const size = meta.edges.length - 1;
      const bins = binIndex(column.values, meta.edges, n);
      const everyone = new Uint8Array(n).fill(1);
      return [
        {
          ...meta,
          column,
          bins,
          pixels: meta.edges.map((edge) => view.px(meta.x, edge)),
          floor: view.px(meta.y, 0),
          all: count(bins, everyone, new Uint32Array(size)),
          chosen: new Uint32Array(size),
        },
      ];
    });
    // A block reaches half way to its neighbours: names and ticks can be pressed too.
    view.parts.forEach((part, k) => {
      const above = view.parts[k - 1];
      part.ceiling = ceilingOf(view, part);
      part.top = above ? above.bottom : 0;
      const below = view.meta.histograms[k + 1];
      part.bottom = below ? part.floor + 14 : view.height;
    });
  }

  function ceilingOf(view, part) {
    return view.gd._fullLayout[`yaxis${part.y.slice(1)}`]._offset;
  }

  function bars(g, view, part, counts) {
    g.beginPath();
    for (let k = 0; k < counts.length; k++) {
      if (!counts[k]) continue;
      const y = Math.max(part.ceiling, view.px(part.y, counts[k]));
      const height = Math.max(LEAST_BAR_PX, part.floor - y);
      const x = part.pixels[k] + BAR_GAP_PX / 2;
      g.rect(x, part.floor - height, Math.max(1, part.pixels[k + 1] - x - BAR_GAP_PX / 2), height);
    }
    g.fill();
  }

  function base(g, view) {
    for (const part of view.parts) {
      g.fillStyle = ht.token("soft");
      bars(g, view, part, part.all);
      g.fillStyle = ht.token("line");
      g.fillRect(part.pixels[0], part.floor, part.pixels.at(-1) - part.pixels[0], 1);
    }
  }

  function overlay(g, view) {
    for (const part of view.parts) {
      g.fillStyle = ht.token("accent");
      bars(g, view, part, count(part.bins, state.mask, part.chosen));
      const brush = ht.brushOn("ranges", part.key);
      if (!brush) continue;
      for (const [low, high] of brush.ranges) {
        const x0 = low === null ? part.pixels[0] - 4 : edgeOf(view, part, low);
        const x1 = high === null ? part.pixels.at(-1) + 4 : edgeOf(view, part, high);
        ht.brushRect(g, x0, part.ceiling - 1, Math.max(x1, x0 + 1), part.floor + 1);
      }
    }
  }

  /** Pixel of a value, held inside the axis; a logarithmic one has no place for zero. */
  function edgeOf(view, part, value) {
    const x = view.px(part.x, value);
    if (Number.isNaN(x)) return part.pixels[0];
    return Math.min(part.pixels.at(-1) + 4, Math.max(part.pixels[0] - 4, x));
  }

  function hover(g, view) {
    if (state.hover >= 0) for (const part of view.parts) markTrial(g, part, state.hover);
    const spot = view.pointer && spotAt(view, ...view.pointer);
    if (spot) describe(g, view, spot);
  }

  function markTrial(g, part, row) {
    const bin = part.bins[row];
    if (bin < 0) return;
    const x = (part.pixels[bin] + part.pixels[bin + 1]) / 2;
    g.fillStyle = ht.token("hot");
    g.beginPath();
    g.moveTo(x, part.floor);
    g.lineTo(x - 4, part.floor + 6);
    g.lineTo(x + 4, part.floor + 6);
    g.fill();
  }

  function describe(g, view, { part, bin }) {
    const { edges, column } = part;
    const chosen = part.chosen[bin];
    const all = part.all[bin];
    const share = chosen === all ? `${all}` : `${chosen} of ${all}`;
    const from = bin === 0 && part.below ? "≤" : `${column.text(edges[bin])} –`;
    const isOpen = bin === edges.length - 2 && part.above;
    const words = isOpen
      ? `≥ ${column.text(edges[bin])}`
      : `${from} ${column.text(edges[bin + 1])}`;
    g.strokeStyle = ht.token("ink");
    g.lineWidth = 1;
    const x = part.pixels[bin];
    g.strokeRect(x, part.ceiling, part.pixels[bin + 1] - x, part.floor - part.ceiling + 1);
    const y = part.ceiling > 20 ? part.ceiling - 9 : part.floor + 10;
    ht.tag(g, view, `${words}: ${share}`, part.pixels[bin] - 20, y, ht.token("line"));
  }

  function partAt(view, x, y) {
    const part = view.parts.find((p) => y >= p.top && y < p.bottom);
    if (!part) return null;
    const inside = x >= part.pixels[0] - REACH_PX && x <= part.pixels.at(-1) + REACH_PX;
    return inside ? part : null;
  }

  function spotAt(view, x, y) {
    const part = partAt(view, x, y);
    if (!part) return null;
    const last = part.pixels.length - 2;
    let bin = 0;
    while (bin < last && x >= part.pixels[bin + 1]) bin += 1;
    return { part, bin };
  }

  /** The value under a pixel; null, no bound, beyond the axis: there wild values are piled up. */
  function boundAt(view, part, x) {
    if (x < part.pixels[0] || x > part.pixels.at(-1)) return null;
    return view.inv(part.x, x);
  }

  /** The closed range that holds exactly the trials of a bin, whose upper edge is open. */
  function binRange(part, bin) {
    const { edges, bins } = part;
    const isFirst = bin === 0 && part.below;
    const isLast = bin === edges.length - 2;
    if (isLast) return [isFirst ? null : edges[bin], part.above ? null : edges[bin + 1]];
    let high = edges[bin + 1];
    let greatest = -Infinity;
    let isTaken = false;
    for (let i = 0; i < bins.length; i++) {
      const v = part.column.values[i];
      if (v === high) isTaken = true;
      else if (bins[i] === bin && v > greatest) greatest = v;
    }
    if (isTaken && greatest > -Infinity) high = greatest;
    return [isFirst ? null : edges[bin], high];
  }

  const floor = (bound) => (bound === null ? -Infinity : bound);
  const roof = (bound) => (bound === null ? Infinity : bound);

  /** Ranges in order, those that overlap joined. */
  function joined(ranges) {
    const sorted = [...ranges].sort((a, b) => floor(a[0]) - floor(b[0]));
    const kept = [];
    for (const [low, high] of sorted) {
      const last = kept.at(-1);
      if (!last || floor(low) > roof(last[1])) kept.push([low, high]);
      else if (roof(high) > roof(last[1])) last[1] = high;
    }
    return kept;
  }

  const sameRange = (a, b) => a[0] === b[0] && a[1] === b[1];

  function press(x, y, view, event) {
    const spot = spotAt(view, x, y);
    if (!spot) return null;
    const { part, bin } = spot;
    const old = ht.brushOn("ranges", part.key);
    const before = event.shiftKey && old ? old.ranges : [];
    const brush = (range) => ({
      view: "overview",
      kind: "ranges",
      dims: [part.key],
      ranges: joined([...before, range]),
      missing: false,
    });
    const range = (toX) => {
      const [left, right] = x < toX ? [x, toX] : [toX, x];
      return [boundAt(view, part, left), boundAt(view, part, right)];
    };
    return {
      move: (toX) => ht.previewBrush(brush(range(toX))),
      release: (toX) => ht.commitBrush(brush(range(toX))),
      click: () => {
        const clicked = binRange(part, bin);
        const isOff = old && old.ranges.length === 1 && sameRange(old.ranges[0], clicked);
        ht.commitBrush(isOff ? { ...brush(clicked), ranges: [] } : brush(clicked));
        return true;
      },
    };
  }

  ht.histograms = { binIndex, joined };
  ht.view({
    graph: GRAPH,
    layout,
    base,
    overlay,
    hover,
    press,
    moved: ht.repaint,
    cursor: (x, y, view) => (partAt(view, x, y) ? "crosshair" : "default"),
  });
})();

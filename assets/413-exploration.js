/* Exploration overview, the view: layers, pointer, brushes, strips dragged into another order. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const explore = ht.exploration;

  const PICK_PX = 9;
  const BASE_ALPHA = 0.3;
  const MOST_WHILE_DRAGGING = 1000;
  // Lines are fainter where there are many.
  const MANY_MARKS = 600;
  const linkAlpha = ({ trial }) => (trial.length > MANY_MARKS ? 0.32 : 0.5);
  const NAMES_PX = 46;
  const EDGE_PX = 7;
  const MOVED = "exploration-moved-store";

  /** What came of the shown study, by axis: an answer may come after that to a later question. */
  const layouts = new Map();

  /** The columns of evaluations along the axis of the frame; null while they are on their way. */
  function evaluations(view) {
    const { data } = state;
    const { x } = view.meta;
    if (x === "method") return data.col;
    const along = layouts.get(x);
    const isFit = along && along.study === data.study;
    if (!isFit || along.version < data.version) askFor(view, x);
    return isFit ? (key) => along.col(key) || data.col(key) : null;
  }

  async function askFor(view, x) {
    const { study, version } = state.data;
    const asked = `${study}@${version}/${x}`;
    if (view.asked === asked) return;
    view.asked = asked;
    try {
      const found = await ht.fetchLayout(study, version, x);
      const before = layouts.get(x);
      const isOld = before && before.study === study && before.version > found.version;
      if (isOld || study !== state.data.study) return;
      layouts.set(x, found);
      ht.invalidate(view);
    } catch (error) {
      view.asked = "";
      console.warn(`layout: ${error.message}`);
    }
  }

  function layout(view) {
    explore.view = view;
    const { data } = state;
    // While a handle of the colours is dragged nothing moves.
    if (view.isRecoloured && view.scene) {
      view.isRecoloured = false;
      explore.recolour(view.scene, data.colour);
      return;
    }
    const ev = evaluations(view);
    const isKnown = view.meta.strips.every((strip) => data.col(strip.key));
    view.scene = ev && isKnown ? sceneOf(view, ev) : null;
    if (!view.scene) return;
    const { scene } = view;
    view.left = view.px("x", view.gd._fullLayout.xaxis.range[0]);
    view.right = view.px("x", view.gd._fullLayout.xaxis.range[1]);
    view.edge = view.holder.getBoundingClientRect().left;
    Object.assign(view, { xs: scene.xs, ys: scene.ys, tops: scene.tops, bottoms: scene.bottoms });
    explore.laidOut(view);
  }

  function sceneOf(view, ev) {
    const { data } = state;
    const { strips, kind, maximize } = view.meta;
    return explore.scene({
      col: data.col,
      ev,
      strips,
      kind,
      maximize,
      px: (at) => view.px("x", at),
      py: (at) => view.px("y", at),
      colour: data.colour,
      n: data.n,
    });
  }

  /* ---- layers ---- */
  const untilOf = () => explore.player.until;

  /** Of a study that grows, trials may be known before the frame that has room for them. */
  const within = (draw) => (g, view) => {
    if (!view.scene) return;
    g.save();
    g.beginPath();
    g.rect(0, 0, view.right + EDGE_PX, view.height);
    g.clip();
    draw(g, view);
    g.restore();
  };

  function base(g, view) {
    const { scene } = view;
    explore.area(g, scene);
    const keep = () => true;
    const alpha = Math.min(0.28, 3 / Math.sqrt(scene.trial.length + 1));
    explore.circles(g, view, scene, { keep, alpha });
    explore.links(g, scene, keep, linkAlpha(scene));
    explore.points(g, view, scene, { keep, alpha: BASE_ALPHA });
  }

  function overlay(g, view) {
    const { scene } = view;
    const until = untilOf();
    const isAll = state.count === state.data.n;
    const isPlaying = until < Infinity;
    view.layers.base.canvas.style.visibility = isPlaying ? "hidden" : "visible";
    const mask = isAll ? null : state.mask;
    const keep = explore.filter(scene, mask, until);
    explore.breathe(view, isPlaying ? () => false : keep);
    if (isPlaying) explore.player.past(g, view, until);
    // While a brush is dragged every frame must be in time; on release all is drawn.
    if (state.preview && !isPlaying && scene.trial.length > MOST_WHILE_DRAGGING) {
      explore.points(g, view, scene, { keep, mask, alpha: 0.94 });
      brushes(g, view);
      return;
    }
    if (!isAll || isPlaying) explore.circles(g, view, scene, { keep, mask, until, alpha: 0.45 });
    explore.records(g, scene, keep);
    // Where nothing is left out the lines of the layer below show already.
    if (!isAll || isPlaying) explore.links(g, scene, keep, isAll ? linkAlpha(scene) : 0.5);
    explore.points(g, view, scene, { keep, mask, until, alpha: 0.94 });
    if (isPlaying) explore.player.decision(g, scene, until);
    brushes(g, view);
  }

  function labels(g, view) {
    if (view.scene) explore.range.draw(g, view);
  }

  function brushes(g, view) {
    view.meta.strips.forEach((strip, k) => {
      const brush = ht.brushOn("ranges", strip.key);
      if (!brush) return;
      for (const range of brush.ranges) {
        const [y0, y1] = pixels(view, k, range);
        ht.brushRect(g, view.left, y0, view.right, y1);
      }
    });
  }

  function pixels(view, k, [low, high]) {
    const [top, bottom] = [view.tops[k], view.bottoms[k]];
    const pad = view.meta.strips[k].choices.length ? 7 : 0;
    const y = (v) => bottom - view.scene.scales[k].unit(v) * (bottom - top);
    return [
      low === null ? bottom + 4 : Math.min(bottom + 8, y(low) + pad),
      high === null ? top - 4 : Math.max(top - 8, y(high) - pad),
    ];
  }

  /* ---- pointer ---- */
  /** The strip whose height holds `y`: neighbours meet half-way between their scales. */
  function stripAt(y, view) {
    const { tops, bottoms } = view;
    const floor = (k) => {
      const { none } = view.meta.strips[k];
      return none === null ? bottoms[k] : view.px("y", none);
    };
    const last = tops.length - 1;
    if (y < tops[0] - EDGE_PX || y > floor(last) + EDGE_PX) return -1;
    return tops.findIndex((_, k) => k === last || y < (floor(k) + tops[k + 1]) / 2);
  }

  function pick(x, y, view) {
    if (!view.scene) return -1;
    const k = stripAt(y, view);
    view.mark = k < 0 ? -1 : nearest(view, k, x, y);
    return view.mark < 0 ? -1 : view.scene.trial[view.mark];
  }

  function nearest(view, k, x, y) {
    const { scene } = view;
    const { xs, ys } = scene.at[k];
    const until = untilOf();
    let best = -1;
    let least = PICK_PX * PICK_PX;
    for (let i = 0; i < ys.length; i++) {
      const dx = xs[i] - x;
      if (dx > PICK_PX || dx < -PICK_PX) continue;
      const dy = ys[i] - y;
      const distance = dx * dx + dy * dy;
      if (distance >= least || !state.mask[scene.trial[i]] || scene.when[i] > until) continue;
      least = distance;
      best = i;
    }
    return best;
  }

  function bound(view, k, y) {
    const u = (view.bottoms[k] - y) / (view.bottoms[k] - view.tops[k]);
    if (u <= 0 || u >= 1) return null;
    return view.scene.scales[k].value(u);
  }

  function rangeOf(view, k, ya, yb) {
    const low = bound(view, k, Math.max(ya, yb));
    const high = bound(view, k, Math.min(ya, yb));
    const { choices } = view.meta.strips[k];
    if (!choices.length) return [low, high];
    const [a, b] = [low === null ? 0 : low, high === null ? choices.length - 1 : high];
    const codes = choices.map((_, code) => code).filter((code) => code >= a - 0.3 && code <= b + 0.3);
    return codes.length ? [codes[0], codes[codes.length - 1]] : null;
  }

  function press(x, y, view, event) {
    if (!view.scene) return null;
    const handle = explore.range.press(x, y, view);
    if (handle) return handle;
    const k = stripAt(y, view);
    if (k > 0 && x < view.left - NAMES_PX) return carry(view, k);
    if (k < 0 || x < view.left - 4) return null;
    const { key, none } = view.meta.strips[k];
    const old = event.shiftKey ? ht.brushOn("ranges", key) : null;
    const made = (y1) => {
      const range = rangeOf(view, k, y, y1);
      const isMissing = none !== null && Math.max(y, y1) > view.bottoms[k] + 6;
      const isOnlyMissing = isMissing && Math.min(y, y1) > view.bottoms[k] + 2;
      return {
        view: "exploration",
        kind: "ranges",
        dims: [key],
        ranges: [...(old ? old.ranges : []), isOnlyMissing ? null : range].filter(Boolean),
        missing: isMissing || Boolean(old && old.missing),
      };
    };
    return {
      move: (_, y1) => ht.previewBrush(made(y1)),
      release: (_, y1) => ht.commitBrush(made(y1)),
    };
  }

  /** Drag a strip by its name to another place. */
  function carry(view, k) {
    const target = (y) => {
      const found = view.tops.findIndex((top, j) => j > 0 && y < (top + view.bottoms[j]) / 2);
      return found < 0 ? view.tops.length : found;
    };
    return {
      move: (_, y) => {
        const j = target(y);
        const at = j < view.tops.length ? view.tops[j] - 5 : view.bottoms[j - 1] + 5;
        const { g } = view.layers.top;
        view.hasTop = true;
        g.clearRect(0, 0, view.width, view.height);
        g.fillStyle = ht.token("accent");
        g.fillRect(4, at - 1, view.right - 4, 2);
      },
      release: (_, y) => {
        const names = view.meta.strips.slice(1).map((strip) => strip.key);
        const [moved] = names.splice(k - 1, 1);
        const j = target(y);
        names.splice(j > k ? j - 2 : j - 1, 0, moved);
        const params = names.filter((key) => key.startsWith("param:"));
        const { order } = view.meta;
        ht.send(MOVED, { names: params.map((key) => key.slice("param:".length)), order });
        ht.redraw(view);
      },
    };
  }

  function cursor(x, y, view) {
    if (!view.scene) return "default";
    if (explore.range.isNear(x, y, view)) return "ns-resize";
    if (state.hover >= 0) return "pointer";
    const k = stripAt(y, view);
    if (k > 0 && x < view.left - NAMES_PX) return "grab";
    return k >= 0 && x >= view.left ? "crosshair" : "default";
  }

  ht.view({
    graph: "exploration-frame-graph",
    layout,
    base: within(base),
    overlay: within(overlay),
    labels,
    hover: explore.hover,
    pick,
    press,
    cursor,
  });
})();

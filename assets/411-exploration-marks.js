/* Exploration overview, the marks: the area of the best so far, evaluations, dashes where a trial
   goes on, curves where it was copied. Every function draws a scene on a canvas, or on anything
   that takes the same calls (the SVG writer of the comparison). */
(function () {
  "use strict";
  const ht = window.ht;
  const explore = ht.exploration;

  const MANY_LINES = 8000;
  const TURN = 2 * Math.PI;
  const SMALL = 0.55;
  const MANY_CIRCLES = 1500;
  const { GLYPH } = ht;
  const clamp = (u) => Math.min(1, Math.max(0, u));
  const always = () => true;

  /** Which marks a drawing is of: of the trials in `mask`, up to the moment `until`. */
  explore.filter = function (scene, mask, until) {
    const { trial, when } = scene;
    if (mask && until < Infinity) return (i) => mask[trial[i]] && when[i] <= until;
    if (mask) return (i) => mask[trial[i]];
    return until < Infinity ? (i) => when[i] <= until : always;
  };

  /* ---- monitoring ---- */
  explore.area = function (g, scene) {
    const { bestX, bestValue, px, maximize } = scene;
    if (!bestX.length) return;
    const [top, bottom] = [scene.tops[0], scene.bottoms[0]];
    const y = (v) => bottom - clamp(scene.scales[0].unit(v)) * (bottom - top);
    const ground = maximize ? bottom : top;
    g.beginPath();
    g.moveTo(px(bestX[0]), ground);
    staircase(g, scene, y);
    g.lineTo(px(bestX[bestX.length - 1]), ground);
    g.fillStyle = explore.ramp(g, scene, scene.colour);
    g.globalAlpha = 0.8;
    g.fill();
    g.globalAlpha = 1;
    g.beginPath();
    g.moveTo(px(bestX[0]), y(bestValue[0]));
    staircase(g, scene, y);
    // On the strong end of the scale dots of ink alone would drown.
    g.strokeStyle = ht.token("card");
    g.lineWidth = 3;
    g.stroke();
    g.setLineDash([1.5, 2.5]);
    g.strokeStyle = ht.token("ink");
    g.lineWidth = 1.4;
    g.stroke();
    g.setLineDash([]);
  };

  function staircase(g, { bestX, bestValue, px }, y) {
    for (let k = 0; k < bestX.length; k++) {
      if (k) g.lineTo(px(bestX[k]), y(bestValue[k - 1]));
      g.lineTo(px(bestX[k]), y(bestValue[k]));
    }
  }

  /** Along the scale of the monitoring the colours its values have, from the worst end to the best. */
  explore.ramp = function (g, { scales, tops, bottoms }, colour) {
    const levelOf = ht.levelling(colour);
    const [from, to] = [colour.worst, colour.best].map((v) => clamp(scales[0].unit(v)));
    const y = (u) => bottoms[0] - u * (bottoms[0] - tops[0]);
    const made = g.createLinearGradient(0, y(from), 0, y(to));
    for (let k = 0; k <= 10; k++) {
      const value = scales[0].value(from + ((to - from) * k) / 10);
      made.addColorStop(k / 10, ht.colour.cssOfLevel(levelOf(value)));
    }
    return made;
  };

  /** A faint circle an evaluation. */
  explore.circles = function (g, view, scene, { keep, mask = null, until = Infinity, alpha }) {
    const [xs, ys] = [scene.xs, scene.ys[0]];
    const radius = scene.radius * 1.05;
    if (xs.length > MANY_CIRCLES && until === Infinity && !g.isVector) {
      const colour = ht.colour.pack(ht.token("ink"));
      const rings = { trialOf: scene.trial, radius, glyphOf: () => GLYPH.ring };
      ht.stamp(g, view, xs, ys, { ...rings, mask, colour, alpha });
      return;
    }
    g.strokeStyle = ht.token("ink");
    g.lineWidth = 0.7;
    g.globalAlpha = alpha;
    g.beginPath();
    for (let i = 0; i < xs.length; i++) {
      if (Number.isNaN(ys[i]) || !keep(i)) continue;
      g.moveTo(xs[i] + radius, ys[i]);
      g.arc(xs[i], ys[i], radius, 0, TURN);
    }
    g.stroke();
    g.globalAlpha = 1;
  };

  /** A ring a new best. */
  explore.records = function (g, scene, keep) {
    g.strokeStyle = ht.token("ink");
    g.fillStyle = ht.token("card");
    g.lineWidth = 1.3;
    for (let i = 0; i < scene.record.length; i++) {
      if (!scene.record[i] || !keep(i)) continue;
      g.beginPath();
      g.arc(scene.xs[i], scene.ys[0][i], 3.6, 0, TURN);
      g.fill();
      g.stroke();
    }
  };

  /* ---- strips ---- */
  explore.links = function (g, scene, keep, alpha) {
    const isMany = scene.previous.length * scene.ys.length > MANY_LINES * 2;
    g.strokeStyle = ht.token("muted");
    for (let k = 1; k < scene.ys.length; k++) {
      g.lineWidth = 0.7;
      g.globalAlpha = alpha * 0.75;
      g.setLineDash(isMany ? [] : [2, 3]);
      g.beginPath();
      explore.dashes(g, scene, k, keep);
      g.stroke();
      g.setLineDash([]);
      g.globalAlpha = alpha;
      g.lineWidth = 0.8;
      g.beginPath();
      explore.curves(g, scene, k, keep);
      g.stroke();
    }
    g.globalAlpha = 1;
  };

  explore.dashes = function (g, { previous, at }, k, keep) {
    const { xs, ys } = at[k];
    for (let i = 0; i < previous.length; i++) {
      const p = previous[i];
      if (p < 0 || !keep(i)) continue;
      g.moveTo(xs[p], ys[p]);
      g.lineTo(xs[i], ys[i]);
    }
  };

  explore.curves = function (g, { edges, at }, k, keep) {
    const { xs, ys } = at[k];
    for (let e = 0; e < edges.length; e += 2) {
      if (keep(edges[e]) && keep(edges[e + 1])) fork(g, xs, ys, edges[e], edges[e + 1]);
    }
  };

  /** The curves of some edges, (child, parent) after (child, parent). */
  explore.forks = function (g, { xs, ys }, edges) {
    for (let e = 0; e < edges.length; e += 2) fork(g, xs, ys, edges[e], edges[e + 1]);
  };

  function fork(g, xs, ys, child, parent) {
    const middle = (xs[parent] + xs[child]) / 2;
    g.moveTo(xs[parent], ys[parent]);
    g.bezierCurveTo(middle, ys[parent], middle, ys[child], xs[child], ys[child]);
  }

  /** All strips' points in one go: one raster, so one upload to the canvas. */
  explore.points = function (g, view, scene, { keep, mask, until = Infinity, alpha }) {
    const packed = ht.colour.packed();
    const { radius, last, levels, glyphs } = scene;
    const rows = until < Infinity ? scene.drawn.filter(keep) : scene.drawn;
    if (g.isVector) return vectorPoints(g, scene, keep, rows);
    return ht.stampMany(g, view, scene.at.slice(1), {
      rows,
      mask,
      trialOf: scene.trial,
      radiusOf: (i) => (last[i] || glyphs[i] ? radius : radius * SMALL),
      glyphOf: (i) => glyphs[i],
      colours: (i) => packed[levels[i]],
      alpha,
    });
  };

  function vectorPoints(g, scene, keep, rows) {
    for (let k = 1; k < scene.at.length; k++) {
      const { xs, ys } = scene.at[k];
      for (const i of rows) {
        if (!keep(i) || Number.isNaN(ys[i])) continue;
        const colour = ht.colour.cssOfLevel(scene.levels[i]);
        const radius = scene.last[i] || scene.glyphs[i] ? scene.radius : scene.radius * SMALL;
        mark(g, xs[i], ys[i], radius, scene.glyphs[i], colour);
      }
    }
  }

  function mark(g, x, y, radius, glyph, colour) {
    g.beginPath();
    if (glyph === GLYPH.cross) {
      g.moveTo(x - radius, y - radius);
      g.lineTo(x + radius, y + radius);
      g.moveTo(x - radius, y + radius);
      g.lineTo(x + radius, y - radius);
    } else {
      const isRing = glyph !== GLYPH.disc;
      g.arc(x, y, isRing ? radius * 0.75 : radius, 0, TURN);
    }
    if (glyph === GLYPH.disc) {
      g.fillStyle = colour;
      g.fill();
      return;
    }
    g.setLineDash(glyph === GLYPH.dashed ? [1.5, 1] : []);
    g.strokeStyle = colour;
    g.lineWidth = glyph === GLYPH.hollow ? radius * 0.5 : 1;
    g.stroke();
    g.setLineDash([]);
  }

  /** A firm circle around some marks, in every strip and the monitoring. */
  explore.ring = function (g, scene, marks, colour, radius) {
    g.strokeStyle = colour;
    g.lineWidth = 1.4;
    g.beginPath();
    for (const { xs, ys } of scene.at) {
      for (const i of marks) {
        if (Number.isNaN(ys[i])) continue;
        g.moveTo(xs[i] + radius, ys[i]);
        g.arc(xs[i], ys[i], radius, 0, TURN);
      }
    }
    g.stroke();
  };
})();

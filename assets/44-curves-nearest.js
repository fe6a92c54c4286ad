/* Model analysis: where a curve is nearest to something. A line is {xs, ys, curve}: pixels, and the
   steps and values they stand for. */
(function () {
  "use strict";
  const ht = window.ht;

  function nearestStep(lines, wanted) {
    let best = null;
    for (const { one } of lines) {
      const i = closest(one.curve.x, wanted);
      if (i >= 0 && (best === null || Math.abs(one.curve.x[i] - wanted) < Math.abs(best - wanted))) {
        best = one.curve.x[i];
      }
    }
    return best;
  }

  /** Position of the sorted value nearest to `wanted`; -1 in an empty list. */
  function closest(sorted, wanted) {
    let low = 0;
    let high = sorted.length - 1;
    if (high < 0) return -1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    const isBefore = low > 0 && wanted - sorted[low - 1] < sorted[low] - wanted;
    return isBefore ? low - 1 : low;
  }

  /** The point of a curve at a step, or the one nearest to it if it lies within its range. */
  function indexAt(sorted, step) {
    if (!sorted.length || step < sorted[0] || step > sorted[sorted.length - 1]) return -1;
    return closest(sorted, step);
  }

  /** Distance of a point from the piece of a line above or below it; none further than `reach` beside it. */
  function distance({ xs, ys }, x, y, reach) {
    if (!xs.length || x < xs[0] - reach || x > xs[xs.length - 1] + reach) return Infinity;
    let i = 1;
    while (i < xs.length - 1 && xs[i] < x) i += 1;
    if (xs.length === 1) return Math.hypot(xs[0] - x, ys[0] - y);
    const dx = xs[i] - xs[i - 1];
    const dy = ys[i] - ys[i - 1];
    const t = Math.min(1, Math.max(0, ((x - xs[i - 1]) * dx + (y - ys[i - 1]) * dy) / (dx * dx + dy * dy || 1)));
    const d = Math.hypot(xs[i - 1] + t * dx - x, ys[i - 1] + t * dy - y);
    return Number.isNaN(d) ? Infinity : d;
  }

  ht.curves = { nearestStep, indexAt, distance };
})();

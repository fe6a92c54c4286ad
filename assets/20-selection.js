/* What is selected: brushes joined by AND. The rules are those of hypertendril/model/selection.py,
   over the same float64 columns; a browser test compares the two trial for trial. */
(function () {
  "use strict";
  const ht = (window.ht = window.ht || {});

  const VERSION = 1;
  const empty = (study) => ({ v: VERSION, study, brushes: [] });

  const low = (bound) => (bound === null ? -Infinity : bound);
  const high = (bound) => (bound === null ? Infinity : bound);

  function keepRanges(mask, brush, data) {
    const column = data.col(brush.dims[0]);
    if (!column) return;
    const values = column.values;
    const ranges = brush.ranges.map(([a, b]) => [low(a), high(b)]);
    for (let i = 0; i < mask.length; i++) {
      if (!mask[i]) continue;
      const v = values[i];
      let inside = brush.missing === true && Number.isNaN(v);
      for (let k = 0; !inside && k < ranges.length; k++) {
        inside = v >= ranges[k][0] && v <= ranges[k][1];
      }
      if (!inside) mask[i] = 0;
    }
  }

  function keepBox(mask, brush, data) {
    brush.dims.forEach((dim, k) => {
      keepRanges(mask, { dims: [dim], ranges: [brush.ranges[k]] }, data);
    });
  }

  function keepTrials(mask, brush) {
    const chosen = new Uint8Array(mask.length);
    for (const row of brush.trials) if (row < mask.length) chosen[row] = 1;
    for (let i = 0; i < mask.length; i++) mask[i] &= chosen[i];
  }

  const KEEP = { ranges: keepRanges, box: keepBox, trials: keepTrials };

  /** Fill `mask` with 1 for the trials all brushes leave; returns how many there are. */
  ht.fillMask = function (mask, brushes, data) {
    mask.fill(1);
    for (const brush of brushes) KEEP[brush.kind](mask, brush, data);
    let count = 0;
    for (let i = 0; i < mask.length; i++) count += mask[i];
    return count;
  };

  function rangeWords(column, [a, b]) {
    if (column.choices && column.choices.length) {
      const names = column.choices.filter((_, code) => code >= low(a) && code <= high(b));
      return names.join(", ");
    }
    if (a === null && b === null) return "any value";
    if (a === null) return `≤ ${column.text(b)}`;
    if (b === null) return `≥ ${column.text(a)}`;
    return a === b ? column.text(a) : `${column.text(a)} – ${column.text(b)}`;
  }

  /** A brush in words: `weight_decay 5e-5 – 1e-3`. */
  ht.brushWords = function (brush, data) {
    if (brush.kind === "trials") {
      const numbers = data.col("number").values;
      const shown = brush.trials.slice(0, 3).map((row) => numbers[row]).join(", ");
      const more = brush.trials.length > 3 ? ` and ${brush.trials.length - 3} more` : "";
      return `trial${brush.trials.length > 1 ? "s" : ""} ${shown}${more}`;
    }
    const words = brush.dims.map((dim, k) => {
      const column = data.col(dim);
      if (!column) return dim;
      const parts = brush.kind === "box" ? [brush.ranges[k]] : brush.ranges;
      const texts = parts.map((range) => rangeWords(column, range));
      if (brush.missing) texts.push(column.nothing);
      return `${column.label} ${texts.join(" or ")}`;
    });
    return words.join(" and ");
  };

  const sameTarget = (a, b) =>
    a.kind === b.kind &&
    (a.kind === "trials" || JSON.stringify(a.dims) === JSON.stringify(b.dims));

  const isBlank = (brush) =>
    brush.kind === "trials"
      ? brush.trials.length === 0
      : brush.ranges.length === 0 && !brush.missing;

  /** The brushes with `brush` put in the place of the one over the same columns, or removed if blank;
      `brush` may be a list, drawn in one go (a region over two axes). */
  function replaced(brushes, brush) {
    if (Array.isArray(brush)) return brush.reduce(replaced, brushes);
    const at = brushes.findIndex((other) => sameTarget(other, brush));
    if (isBlank(brush)) return at < 0 ? brushes : brushes.filter((_, k) => k !== at);
    return at < 0 ? [...brushes, brush] : brushes.map((b, k) => (k === at ? brush : b));
  }

  const isRow = (row, n) => Number.isInteger(row) && row >= 0 && row < n;
  const isBound = (bound) => bound === null || typeof bound === "number";
  const isRange = (range) => Array.isArray(range) && range.length === 2 && range.every(isBound);

  /** Whether what came in a link is a brush over columns of the study. */
  function isUsable(brush, data) {
    if (!brush || !Object.hasOwn(KEEP, brush.kind)) return false;
    const { kind, trials, dims, ranges } = brush;
    if (kind === "trials") return Array.isArray(trials) && trials.every((row) => isRow(row, data.n));
    return (
      Array.isArray(dims) && dims.length > 0 && dims.every((dim) => data.col(dim)) &&
      Array.isArray(ranges) && ranges.every(isRange) && (kind !== "box" || ranges.length === dims.length)
    );
  }

  ht.selection = { empty, replaced, sameTarget, isUsable };
})();

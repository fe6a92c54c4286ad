/* Search space overview: the promising ranges that are meant, and "refine to this". */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = ht.space;
  const { element } = space;

  let refiner = null;

  /** The promising ranges that are meant, all axes together; undefined where there are none. */
  space.promising = () => space.known() && space.meant(space.known().promising);
  /** What of them lies on the axis of a parameter; undefined where that is all of it. */
  space.rangeOn = function (name) {
    const found = space.promising();
    return found && Object.hasOwn(found.ranges, name) ? found.ranges[name] : undefined;
  };

  /** Neighbouring codes as ranges: 0, 1, 3 become [0, 1] and [3, 3]. */
  function runs(codes) {
    const ranges = [];
    for (const code of codes.slice().sort((a, b) => a - b)) {
      const last = ranges[ranges.length - 1];
      if (last && code === last[1] + 1) last[1] = code;
      else ranges.push([code, code]);
    }
    return ranges;
  }
  space.rangesOf = (range) => (range.codes.length ? runs(range.codes) : [[range.low, range.high]]);

  const brushOf = (name, range, missing) => {
    const dims = [`param:${name}`];
    return { view: "space", kind: "ranges", dims, ranges: space.rangesOf(range), missing };
  };

  /** Brush the range of one parameter. */
  const refine = (name) => ht.commitBrush(brushOf(name, space.rangeOn(name), false));

  /** Brush the ranges of all parameters; trials in which one is not active are not outside of it. */
  space.refineAll = function (view) {
    const { ranges } = space.promising();
    const { axes } = view.meta;
    const hasMissing = (name) => axes.some((axis) => axis.key === `param:${name}` && axis.hasMissing);
    ht.commitBrush(Object.keys(ranges).map((name) => brushOf(name, ranges[name], hasMissing(name))));
  };

  space.drawRefiner = function (view) {
    const name = state.focus[0];
    const j = view.meta.axes.findIndex((axis) => axis.key === `param:${name}`);
    const range = name && space.rangeOn(name);
    const isShown = j >= 0 && range && view.shown.includes(j) && !space.isMoving();
    if (!isShown) {
      if (refiner) refiner.hidden = true;
      return;
    }
    if (!refiner || refiner.parentElement !== view.holder) {
      if (refiner) refiner.remove();
      refiner = element("button", "space-refine", view.holder, "refine to this");
      refiner.addEventListener("click", () => refine(refiner.dataset.name));
    }
    refiner.hidden = false;
    refiner.dataset.name = name;
    refiner.title = rangeWords(name, range);
    const top = Math.min(...space.rangesOf(range).map((pair) => space.pixels(view, j, pair)[1]));
    const isLast = view.shown.indexOf(j) === view.shown.length - 1;
    refiner.style.left = `${Math.round(view.xs[j]) + (isLast ? -92 : 9)}px`;
    refiner.style.top = `${Math.max(2, Math.round(top) - 10)}px`;
  };

  function rangeWords(name, range) {
    const found = space.promising();
    const column = state.data.col(`param:${name}`);
    const kept = range.codes.length
      ? range.codes.map((code) => column.text(code)).join(", ")
      : `${column.text(range.low)} – ${column.text(range.high)}`;
    const words = [`${name} ${kept}: ${Math.round(100 * range.kept)} % of this axis.`];
    if (range.gain !== null) {
      const sign = range.gain < 0 ? "−" : "+";
      const of = space.known().gainName || state.data.objective.label;
      words.push(`Estimated ${of} inside: ${sign}${ht.number(Math.abs(range.gain))} ± ${ht.number(range.gainSd)}.`);
    }
    return [...words, `All ranges together (${found.name}): ${found.title}`].join("\n");
  }
})();

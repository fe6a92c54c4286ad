/* Search space overview: every trial's line as one faint picture, darker where many pass. Made once
   for each layout, a few milliseconds at a time while the page has nothing else to do. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = ht.space;

  const SLICE_MS = 6;
  // So many steps (lines times pixel columns) are done on the spot.
  const AT_ONCE = 400_000;
  const STEPS_A_TURN = 40_000;
  // With more lines than this, those that begin and end at the same two pixels are one.
  const MANY = 20_000;
  const MOST_ALPHA = 0.5;
  let job = 0;
  let made = null;

  /** The picture for the layout as it is, or null while there is none. */
  space.raster = function (view) {
    const key = `${view.pathKey}|${ht.token("muted")}`;
    if (made && made.key === key && made.data === state.data) return made.picture;
    if (!space.isMoving()) start(view, key);
    // While a search runs, the lines of a moment ago are better than none.
    return made && made.key === key ? made.picture : null;
  };

  function start(view, key) {
    const ticket = `${key}|${state.data.version}`;
    if (job && job.ticket === ticket) return;
    const mine = (job = { ticket });
    const { data } = state;
    const work = build(view);
    const finish = (picture) => {
      made = { key, data, picture };
      job = 0;
      ht.debug.rasters = (ht.debug.rasters || 0) + 1;
    };
    const steps = data.n * (view.path.xs[view.path.xs.length - 1] - view.path.xs[0]);
    if (steps <= AT_ONCE) {
      let turn = work.next();
      while (!turn.done) turn = work.next();
      finish(turn.value);
      return;
    }
    const go = () => {
      if (job !== mine) return;
      const until = performance.now() + SLICE_MS;
      let turn = work.next();
      while (!turn.done && performance.now() < until) turn = work.next();
      if (!turn.done) requestIdleCallback(go, { timeout: 200 });
      else {
        finish(turn.value);
        if (space.view) space.repaintBase(space.view);
      }
    };
    requestIdleCallback(go, { timeout: 200 });
  }

  function* build(view) {
    const w = Math.ceil(view.width);
    const h = Math.ceil(view.height);
    const image = new ImageData(w, h);
    const pixels = new Uint32Array(image.data.buffer);
    const bare = ht.colour.pack(ht.token("muted")) & 0xffffff;
    const { xs, ys } = view.path;
    const tint = tints(state.data.n, h, bare);
    for (let k = 1; k < xs.length; k++) {
      const x0 = Math.round(xs[k - 1]);
      const width = Math.round(xs[k]) - x0;
      if (width <= 0) continue;
      const rises = new Float32Array(width * (h + 2));
      yield* pour(rises, ys[k - 1], ys[k], width, h);
      yield* shade(rises, { pixels, w, h, x0, width, tint });
    }
    const canvas = new OffscreenCanvas(w, h);
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  /** Colours by the number of lines that pass a pixel, in quarters. */
  function tints(n, h, bare) {
    const usual = Math.max(1, (n * 2) / h);
    const least = usual < 2 ? 0.2 : usual < 40 ? 0.13 : 0.09;
    return Uint32Array.from({ length: 4096 }, (_, q) => {
      const c = q / 4;
      const more = Math.min(1, (Math.max(0, c - 1) / (5 * usual)) ** 0.6);
      const alpha = c < 1 ? least * c : least + (MOST_ALPHA - least) * more;
      return ((Math.round(alpha * 255) << 24) | bare) >>> 0;
    });
  }

  /** Add the changes of coverage down each column that the lines between two axes make. */
  function* pour(rises, a, b, width, h) {
    const stride = h + 2;
    const levels = Float32Array.from({ length: width + 1 }, (_, k) => ht.smooth(k / width));
    let since = 0;
    for (const [y0, y1, weight] of distinct(a, b, h)) {
      const rise = y1 - y0;
      let y = y0;
      for (let k = 0; k < width; k++) {
        const next = y0 + rise * levels[k + 1];
        const top = (y < next ? y : next) - 0.5;
        const bottom = (y < next ? next : y) + 0.5;
        y = next;
        if (top < 0 || bottom >= h) continue;
        const first = top | 0;
        const last = bottom | 0;
        const at = k * stride;
        const f = (top - first) * weight;
        const g = (bottom - last) * weight;
        rises[at + first] += weight - f;
        rises[at + first + 1] += f;
        rises[at + last] -= weight - g;
        rises[at + last + 1] -= g;
      }
      since += width;
      if (since > STEPS_A_TURN) {
        since = 0;
        yield;
      }
    }
  }

  /** The lines between two axes as [height, height, how many]. */
  function* distinct(a, b, h) {
    if (a.length <= MANY) {
      for (let i = 0; i < a.length; i++) {
        if (!Number.isNaN(a[i] + b[i])) yield [a[i], b[i], 1];
      }
      return;
    }
    const side = (h >> 1) + 1;
    const counts = new Uint32Array(side * side);
    for (let i = 0; i < a.length; i++) {
      const place = (a[i] >> 1) * side + (b[i] >> 1);
      if (!Number.isNaN(a[i] + b[i]) && place >= 0) counts[place] += 1;
    }
    for (let place = 0; place < counts.length; place++) {
      if (counts[place]) {
        yield [2 * Math.floor(place / side) + 0.5, 2 * (place % side) + 0.5, counts[place]];
      }
    }
  }

  function* shade(rises, { pixels, w, h, x0, width, tint }) {
    const stride = h + 2;
    const last = tint.length - 1;
    for (let k = 0; k < width; k++) {
      let covered = 0;
      let at = k * stride;
      let pixel = x0 + k;
      for (let y = 0; y < h; y++, at++, pixel += w) {
        covered += rises[at];
        if (covered > 0.02) pixels[pixel] = tint[Math.min(last, Math.round(covered * 4))];
      }
      if (k % 64 === 63) yield;
    }
  }
})();

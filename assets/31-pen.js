/* Lines by the thousand, written into pixels one by one: stroking as many paths costs the browser
   five times as much, most of it at the end of the frame, where no script sees it. */
(function () {
  "use strict";
  const ht = window.ht;

  // Heights are whole numbers of such parts of a pixel: quicker than fractions.
  const FINE_BITS = 8;
  const FINE = 1 << FINE_BITS;
  const AXES_LINE_PX = 1.2;

  /** The shape of a line between two axes: level at both ends. */
  ht.smooth = (f) => f * f * (3 - 2 * f);
  const straight = (f) => f;

  /** The shape of a Bezier curve whose control points stand level with its ends, half-way. */
  function forked(f) {
    let [low, high] = [0, 1];
    for (let k = 0; k < 20; k++) {
      const t = (low + high) / 2;
      if (t * (1.5 + t * (t - 1.5)) < f) low = t;
      else high = t;
    }
    return ht.smooth(low);
  }

  /** Height gained, 0..1, in each of so many columns by lines of a shape. */
  function tablesOf(shape) {
    const known = new Map();
    return (width) => {
      if (!known.has(width)) {
        known.set(width, Float32Array.from({ length: width + 1 }, (_, k) => shape(k / width)));
      }
      return known.get(width);
    };
  }
  const [SMOOTH, STRAIGHT, FORKED] = [ht.smooth, straight, forked].map(tablesOf);

  class Pen {
    constructor(view, thickness) {
      this.raster = ht.rasterOf(view);
      this.raster.pixels.fill(0);
      this.ratio = view.ratio;
      this.scale = view.ratio * FINE;
      this.half = Math.round((thickness / 2) * this.scale);
      this.roof = (this.raster.h - 1) * FINE - this.half;
    }

    /** Write in this colour (packed), as opaque as 0..1. */
    use(colour, alpha) {
      this.bare = colour & 0xffffff;
      this.opaque = Math.round(alpha * 255);
    }

    /** From (x0, y0) to (x1, y1): columns of the raster and fine heights; NaN writes nothing. */
    write(x0, y0, x1, y1, tables) {
      const { half, opaque, bare } = this;
      const { pixels, w } = this.raster;
      const width = x1 - x0;
      // False for NaN too.
      if (!(Math.min(y0, y1) >= half && Math.max(y0, y1) < this.roof) || width <= 0) return;
      const table = tables(width);
      const solid = (opaque << 24) | bare;
      let y = y0 | 0;
      for (let k = 1; k <= width; k++) {
        const next = (y0 + (y1 - y0) * table[k]) | 0;
        const top = (y < next ? y : next) - half;
        const bottom = (y < next ? next : y) + half;
        y = next;
        const x = x0 + k - 1;
        let at = (top >> FINE_BITS) * w + x;
        const end = (bottom >> FINE_BITS) * w + x;
        const rim = ((FINE - (top & (FINE - 1))) * opaque) >> FINE_BITS;
        if (rim >= pixels[at] >>> 24) pixels[at] = (rim << 24) | bare;
        for (at += w; at < end; at += w) pixels[at] = solid;
        const foot = ((bottom & (FINE - 1)) * opaque) >> FINE_BITS;
        if (foot >= pixels[end] >>> 24) pixels[end] = (foot << 24) | bare;
      }
    }

    /** Lay what was written on a canvas that is blank. */
    lay(g) {
      g.putImageData(this.raster.image, 0, 0);
    }
  }

  /** A pen that takes those calls of a canvas that lineages make; it writes at once, in CSS pixels. */
  class PixelCanvas extends Pen {
    moveTo(x, y) {
      this.x = x;
      this.y = y;
    }
    lineTo(x, y) {
      this.reach(x, y, STRAIGHT);
    }
    /** Only curves whose control points stand level with their ends, half-way. */
    bezierCurveTo(_a, _b, _c, _d, x, y) {
      this.reach(x, y, FORKED);
    }
    reach(x, y, tables) {
      const isBack = x < this.x;
      const left = Math.max(0, Math.round((isBack ? x : this.x) * this.ratio));
      const right = Math.round((isBack ? this.x : x) * this.ratio);
      const from = isBack ? y : this.y;
      const to = isBack ? this.y : y;
      this.moveTo(x, y);
      // What goes straight up or down is a column wide.
      const end = Math.min(this.raster.w, Math.max(left + 1, right));
      this.write(left, from * this.scale, end, to * this.scale, tables);
    }
    /** A square around a place. */
    speck(x, y, size) {
      const { pixels, w, h } = this.raster;
      const side = Math.round(size * this.ratio);
      const left = Math.round((x - size / 2) * this.ratio);
      const top = Math.round((y - size / 2) * this.ratio);
      // False for NaN too.
      if (!(left >= 0 && top >= 0 && left + side <= w && top + side <= h)) return;
      const solid = (this.opaque << 24) | this.bare;
      for (let row = top * w + left, last = row + side * w; row < last; row += w) {
        for (let at = row; at < row + side; at++) pixels[at] = solid;
      }
    }
  }
  ht.pixelCanvas = (view, thickness) => new PixelCanvas(view, thickness);

  /**
   * Draw a line a row through points at (xs[j], ys[j][row]), CSS pixels, later rows over earlier
   * ones; NaN breaks a line. The canvas behind `g` must be blank.
   * options: colours (row -> packed), alphaOf (place in rows -> 0..1).
   */
  ht.strokeLines = function (g, view, rows, xs, ys, { colours, alphaOf }) {
    const pen = new Pen(view, AXES_LINE_PX);
    const columns = xs.map((x) => Math.round(x * view.ratio));
    const { scale } = pen;
    for (let r = 0; r < rows.length; r++) {
      const row = rows[r];
      pen.use(colours(row), alphaOf(r));
      for (let j = 1; j < columns.length; j++) {
        pen.write(columns[j - 1], ys[j - 1][row] * scale, columns[j], ys[j][row] * scale, SMOOTH);
      }
    }
    pen.lay(g);
  };
})();

/* Marks drawn by the thousand, as discs written straight into pixels; tags and brushed areas. */
(function () {
  "use strict";
  const ht = (window.ht = window.ht || {});

  // Marks looked at in a frame of a drag, in all sets together; on release all are drawn.
  const MOST_WHILE_DRAGGING = 16000;
  const discs = new Map();
  const soft = (distance) => Math.min(1, Math.max(0, distance + 0.5));

  /** Kinds of marks: what a pixel at (dx, dy) shows of one of this radius, 0..1. */
  ht.GLYPH = { disc: 0, cross: 1, hollow: 2, ring: 3, dashed: 4 };
  const COVER = [
    (dx, dy, radius) => soft(radius - Math.hypot(dx, dy)),
    (dx, dy, radius) => {
      const off = Math.min(Math.abs(dx - dy), Math.abs(dx + dy)) / Math.SQRT2;
      return Math.min(soft(radius * 0.32 - off), soft(radius - Math.max(Math.abs(dx), Math.abs(dy))));
    },
    (dx, dy, radius) => band(dx, dy, radius, Math.max(1.1, radius * 0.5)),
    (dx, dy, radius) => band(dx, dy, radius, Math.max(1, radius * 0.3)),
    (dx, dy, radius) => {
      const isGap = Math.floor(((Math.atan2(dy, dx) / Math.PI + 1.08) * 3) % 2) === 1;
      return isGap ? 0 : band(dx, dy, radius + 1, Math.max(1.3, radius * 0.45));
    },
  ];
  const band = (dx, dy, radius, width) => {
    const d = Math.hypot(dx, dy);
    return Math.min(soft(radius - d), soft(d - radius + width));
  };

  /** Offsets and alpha of the pixels of a mark, edges softened. */
  function disc(radius, glyph) {
    const key = Math.round(radius * 4) * 8 + glyph;
    if (!discs.has(key)) {
      const reach = Math.ceil(radius + 1);
      const pixels = [];
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          const alpha = COVER[glyph](dx, dy, radius);
          if (alpha > 0.05) pixels.push([dx, dy, alpha]);
        }
      }
      discs.set(key, { reach, pixels });
    }
    return discs.get(key);
  }

  /** Pixels as large as a view, to be written and laid upon one of its canvases. */
  ht.rasterOf = function (view) {
    const w = Math.round(view.width * view.ratio);
    const h = Math.round(view.height * view.ratio);
    if (!view.raster || view.raster.w !== w || view.raster.h !== h) {
      const canvas = new OffscreenCanvas(w, h);
      const image = new ImageData(w, h);
      const pixels = new Uint32Array(image.data.buffer);
      view.raster = { w, h, canvas, image, pixels, g: canvas.getContext("2d") };
    }
    return view.raster;
  };

  /** Pixel offsets and alphas of a disc on this raster. */
  function shapeOn(raster, radius, ratio, alpha, glyph) {
    const { reach, pixels } = disc(radius * ratio, glyph);
    return {
      reach,
      offsets: Int32Array.from(pixels, ([dx, dy]) => dy * raster.w + dx),
      alphas: Uint8Array.from(pixels, ([, , a]) => Math.round(a * alpha * 255)),
    };
  }

  /** Write one disc; the rim of a later one does not eat the middle of an earlier one. */
  function write(raster, shape, x, y, colour) {
    const { pixels, w, h } = raster;
    const { reach, offsets, alphas } = shape;
    if (!(x >= reach && y >= reach && x < w - reach && y < h - reach)) return;
    const at = y * w + x;
    const bare = colour & 0xffffff;
    for (let p = 0; p < offsets.length; p++) {
      const place = at + offsets[p];
      if (alphas[p] >= pixels[place] >>> 24) pixels[place] = ((alphas[p] << 24) | bare) >>> 0;
    }
  }

  /**
   * Draw discs at several sets of places, in CSS pixels; NaN is skipped, later marks lie on
   * earlier ones. sets: [{xs, ys}]. options: rows (which, in drawing order; default all),
   * mask (by row of `mask`, through `trialOf` where marks are not trials), colour (packed, for
   * all) or colours (mark -> packed), radius or radiusOf (mark -> radius; two sizes at most) in
   * CSS pixels, glyphOf (mark -> one of ht.GLYPH; default disc), alpha 0..1.
   * While a brush is dragged at most some thousands are looked at: every frame must be in time.
   */
  ht.stampMany = function (g, view, sets, options) {
    const { rows, mask, trialOf, colour, colours, radius = 2, radiusOf, glyphOf, alpha = 1 } = options;
    const raster = ht.rasterOf(view);
    raster.pixels.fill(0);
    const shapes = new Map();
    const shapeFor = (size, glyph) => {
      const key = size * 8 + glyph;
      if (!shapes.has(key)) shapes.set(key, shapeOn(raster, size, view.ratio, alpha, glyph));
      return shapes.get(key);
    };
    const count = rows ? rows.length : sets[0] ? sets[0].xs.length : 0;
    const stride = ht.state.preview ? Math.ceil((count * sets.length) / MOST_WHILE_DRAGGING) || 1 : 1;
    // Counted so that the last ones, the best, are always among those drawn.
    for (let k = (count + stride - 1) % stride; k < count; k += stride) {
      const i = rows ? rows[k] : k;
      if (mask && !mask[trialOf ? trialOf[i] : i]) continue;
      const shape = shapeFor(radiusOf ? radiusOf(i) : radius, glyphOf ? glyphOf(i) : 0);
      const paint = colours ? colours(i) : colour;
      for (let s = 0; s < sets.length; s++) {
        const x = Math.round(sets[s].xs[i] * view.ratio);
        const y = Math.round(sets[s].ys[i] * view.ratio);
        write(raster, shape, x, y, paint);
      }
    }
    raster.g.putImageData(raster.image, 0, 0);
    g.save();
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.drawImage(raster.canvas, 0, 0);
    g.restore();
  };

  /** `stampMany` for one set of places. */
  ht.stamp = (g, view, xs, ys, options) => ht.stampMany(g, view, [{ xs, ys }], options);

  const widths = new Map();
  /** Width of a text on a tag: measuring costs the browser more than drawing. */
  function widthOf(g, text) {
    if (widths.size > 2000) widths.clear();
    if (!widths.has(text)) widths.set(text, g.measureText(text).width);
    return widths.get(text);
  }

  /** Text on a small card, so that it stays readable over lines; keeps inside the view. */
  ht.tag = function (g, view, text, x, y, colour) {
    g.font = `600 10px ${ht.token("font")}`;
    const w = widthOf(g, text) + 8;
    const left = Math.min(Math.max(0, x), view.width - w);
    g.fillStyle = ht.token("card");
    g.globalAlpha = 0.92;
    g.fillRect(left, y - 8, w, 16);
    g.globalAlpha = 1;
    g.strokeStyle = colour;
    g.lineWidth = 1;
    g.strokeRect(left + 0.5, y - 7.5, w - 1, 15);
    g.fillStyle = ht.token("ink");
    g.textBaseline = "middle";
    g.textAlign = "left";
    g.fillText(text, left + 4, y + 0.5);
  };

  /** A brushed area: hot, translucent, with a firm edge. */
  ht.brushRect = function (g, x0, y0, x1, y1) {
    const hot = ht.token("hot");
    g.save();
    g.fillStyle = hot;
    g.globalAlpha = 0.22;
    g.fillRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    g.globalAlpha = 0.9;
    g.strokeStyle = hot;
    g.lineWidth = 1;
    g.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    g.restore();
  };
})();

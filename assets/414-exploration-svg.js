/* A drawing surface that writes SVG: it takes those calls of a canvas that the marks of the
   Exploration overview make. Points written as shapes stay sharp in print. */
(function () {
  "use strict";
  const ht = window.ht;

  const round = (v) => +v.toFixed(2);
  const escaped = (text) => String(text).replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

  class VectorCanvas {
    constructor() {
      Object.assign(this, { isVector: true, parts: [], defs: [], path: [], dash: [] });
      Object.assign(this, { fillStyle: "black", strokeStyle: "black", lineWidth: 1, globalAlpha: 1 });
    }
    beginPath() {
      this.path = [];
    }
    moveTo(x, y) {
      this.path.push(`M${round(x)} ${round(y)}`);
    }
    lineTo(x, y) {
      this.path.push(`L${round(x)} ${round(y)}`);
    }
    bezierCurveTo(a, b, c, d, x, y) {
      this.path.push(`C${[a, b, c, d, x, y].map(round).join(" ")}`);
    }
    /** Full circles only: nothing here draws less. */
    arc(x, y, r) {
      const size = `${round(r)} ${round(r)} 0 1 0`;
      this.path.push(`M${round(x + r)} ${round(y)}A${size} ${round(x - r)} ${round(y)}`);
      this.path.push(`A${size} ${round(x + r)} ${round(y)}`);
    }
    setLineDash(dash) {
      this.dash = dash;
    }
    createLinearGradient(x1, y1, x2, y2) {
      const name = `fill-${this.defs.length}`;
      const stops = [];
      this.defs.push({ name, ends: [x1, y1, x2, y2].map(round), stops });
      return {
        addColorStop: (offset, colour) => stops.push([offset, colour]),
        toString: () => `url(#${name})`,
      };
    }
    fill() {
      if (!this.path.length) return;
      const look = `fill="${escaped(this.fillStyle)}" fill-opacity="${round(this.globalAlpha)}"`;
      this.parts.push(`<path d="${this.path.join("")}" ${look}/>`);
    }
    stroke() {
      if (!this.path.length) return;
      const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
      const look = `stroke="${escaped(this.strokeStyle)}" stroke-width="${round(this.lineWidth)}"`;
      const faint = `stroke-opacity="${round(this.globalAlpha)}"`;
      this.parts.push(`<path d="${this.path.join("")}" fill="none" ${look} ${faint}${dash}/>`);
    }
    /** All that was drawn, as one group. */
    toString() {
      const defs = this.defs.map(({ name, ends: [x1, y1, x2, y2], stops }) => {
        const inner = stops.map(([at, c]) => `<stop offset="${at}" stop-color="${escaped(c)}"/>`);
        const place = `x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"`;
        return `<linearGradient id="${name}" gradientUnits="userSpaceOnUse" ${place}>${inner.join("")}</linearGradient>`;
      });
      return `<g><defs>${defs.join("")}</defs>${this.parts.join("")}</g>`;
    }
  }

  ht.vectorCanvas = () => new VectorCanvas();
})();

/* Columns of the shown study: fetched once per version, kept as typed arrays.
   Parameters, objectives and metrics stay float64, so that masks equal numpy's bit for bit. */
(function () {
  "use strict";
  const ht = (window.ht = window.ht || {});

  const TYPES = {
    float64: Float64Array,
    float32: Float32Array,
    int32: Int32Array,
    int16: Int16Array,
    int8: Int8Array,
    uint8: Uint8Array,
  };

  /** Path under which this page's server answers, with a slash at the end. */
  ht.prefix = function () {
    const config = document.getElementById("_dash-config");
    return (config && JSON.parse(config.textContent).requests_pathname_prefix) || "/";
  };

  /** Short readable text of a number: 0.8756, 1.33M, 2.1e-4. */
  ht.number = function (value) {
    if (value === null || Number.isNaN(value)) return "–";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    const size = Math.abs(value);
    if (size >= 1e6 && size < 1e15) {
      const [unit, letter] = size >= 1e9 ? [1e9, "G"] : [1e6, "M"];
      return `${+(value / unit).toPrecision(3)} ${letter}`;
    }
    if (size !== 0 && (size < 1e-3 || size >= 1e15)) {
      return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
    }
    return String(Number.isInteger(value) ? value : +value.toPrecision(4));
  };

  /** Unit position of column values in a declared scale, and back. */
  ht.scale = function ({ low, high, log, choices }) {
    const count = Array.isArray(choices) ? choices.length : choices || 0;
    if (count) {
      const last = count - 1;
      return {
        unit: (v) => (last ? v / last : 0.5),
        value: (u) => (last ? u * last : 0),
      };
    }
    if (!(high > low)) return { unit: (v) => (Number.isNaN(v) ? v : 0.5), value: () => low };
    if (log) {
      const a = Math.log(low);
      const span = Math.log(high) - a;
      return { unit: (v) => (Math.log(v) - a) / span, value: (u) => Math.exp(a + u * span) };
    }
    return { unit: (v) => (v - low) / (high - low), value: (u) => low + u * (high - low) };
  };

  class Column {
    constructor(description, buffer, start) {
      Object.assign(this, description);
      this.values = new TYPES[description.dtype](
        buffer,
        start + description.offset,
        description.length,
      );
      this.scale = ht.scale(description);
    }
    unit(value) {
      return this.scale.unit(value);
    }
    missing(value) {
      return Number.isNaN(value);
    }
    /** What stands for a missing value: an inactive parameter is not set, a result has no value. */
    get nothing() {
      return this.key.startsWith("param:") ? "not set" : "no value";
    }
    text(value) {
      if (this.choices && this.choices.length) return this.choices[value] ?? "–";
      return ht.number(value);
    }
  }

  /** Header and columns of a message (hypertendril/server/wire.py). */
  function unpack(buffer) {
    const size = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
    const columns = new Map();
    for (const description of header.columns) {
      columns.set(description.key, new Column(description, buffer, 4 + size));
    }
    return { header, columns };
  }

  function decode(buffer) {
    const { header, columns } = unpack(buffer);
    const { study, version, n, name, colour } = header;
    const data = { study, version, n, name, colour, columns, col: (key) => columns.get(key) };
    data.levels = levelsOf(data.col(colour.key), colour, n);
    data.order = orderOf(data.col(colour.key), colour, n);
    data.objective = data.col(colour.key);
    return data;
  }

  /** Values to levels 0..254, worst to best: in equal steps of the value, or of its logarithm. */
  ht.levelling = function ({ worst, best, log }) {
    // Ends set by hand may lie where there is no logarithm.
    const isLog = log && worst > 0 && best > 0;
    const at = isLog ? (v) => Math.log(Math.max(v, Number.MIN_VALUE)) : (v) => v;
    const from = at(worst);
    const span = at(best) - from;
    return (v) => Math.round(254 * (span ? Math.min(1, Math.max(0, (at(v) - from) / span)) : 1));
  };

  /** The level of each trial's leading objective; 255 where it has none. */
  function levelsOf(column, colour, n) {
    const levels = new Uint8Array(n).fill(255);
    const levelOf = ht.levelling(colour);
    for (let i = 0; i < n; i++) {
      const v = column.values[i];
      if (!Number.isNaN(v)) levels[i] = levelOf(v);
    }
    return levels;
  }

  ht.levelsOf = levelsOf;

  /** Rows from worst to best, those without a value first: the order in which marks are drawn. */
  function orderOf(column, colour, n) {
    const sign = colour.best >= colour.worst ? 1 : -1;
    const quality = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const v = column.values[i] * sign;
      quality[i] = Number.isNaN(v) ? -Infinity : v;
    }
    return Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) => {
      const d = quality[a] - quality[b];
      return d || a - b;
    });
  }

  /** Resolves to the columns of a study, at least as new as the version asked for. */
  ht.fetchColumns = async (study, version) =>
    decode(await message(`columns/${encodeURIComponent(study)}?v=${version}`));

  /** Resolves to the exploration layout of a study along an axis: {version, x, col(key)}. */
  ht.fetchLayout = async function (study, version, x) {
    const path = `exploration/${encodeURIComponent(study)}?v=${version}&x=${x}`;
    const { header, columns } = unpack(await message(path));
    return { study, version: header.version, x, col: (key) => columns.get(key) };
  };

  async function message(path) {
    const answer = await fetch(`${ht.prefix()}_ht/${path}`);
    if (!answer.ok) throw new Error(`${answer.status} ${path}`);
    return answer.arrayBuffer();
  }
})();

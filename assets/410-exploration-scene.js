/* Exploration overview, the scene: where every evaluation stands, in pixels, and how it looks.
   Columns and places come from the server (analysis/exploration.py, crowding.py); here they meet
   the room there is. The comparison of studies builds one scene a study. */
(function () {
  "use strict";
  const ht = window.ht;
  const explore = (ht.exploration = {});

  const OVER = 1.04;
  const HEX = Math.sqrt(3) / 2;
  const LEAST_PX = 0.7;
  // Lanes at the ends of a strip may reach into the gap beside it, not into the next strip.
  const MOST_ROOM_PX = 26;
  const ROW_ROOM_PX = 18;
  // Of the distance between the lane for no value and the scale above it: they must not meet.
  const NONE_ROOM = 1.6;
  // More marks are too small and too close to step aside of each other.
  const MOST_ASIDE = 800;
  const { GLYPH } = ht;
  /** As `Type.from(source, make)`, which takes several times as long. */
  function mapped(Type, source, make) {
    const made = new Type(source.length);
    for (let i = 0; i < made.length; i++) made[i] = make(source[i], i);
    return made;
  }
  const clamp = (u) => Math.min(OVER, Math.max(1 - OVER, u));

  /**
   * A scene. col: key -> column of trials; ev: key -> column of evaluations; strips, kind: of the
   * frame's meta; px, py: layout position to pixels; colour: {worst, best}; n: number of trials.
   */
  explore.scene = function ({ col, ev, strips, kind, maximize, px, py, colour, n }) {
    const array = (key) => ev(key).values;
    const scene = {
      n,
      strips,
      kind,
      maximize,
      px,
      trial: array("ev:trial"),
      value: array("ev:value"),
      outcome: array("ev:outcome"),
      last: array("ev:last"),
      record: array("ev:record"),
      previous: array("ev:previous"),
      edges: array("ev:edges"),
      when: array("ev:when"),
      column: array("ev:column"),
      bestX: array("best:x"),
      bestValue: array("best:value"),
      parent: col("parent").values,
      scales: strips.map((strip) => ht.scale(strip)),
      tops: strips.map((strip) => py(strip.top)),
      bottoms: strips.map((strip) => py(strip.bottom)),
    };
    const x = array("ev:x");
    scene.xs = mapped(Float32Array, x, px);
    scene.radius = radiusFor(scene);
    scene.goesOn = goingOn(scene);
    scene.glyphs = glyphs(scene, col("state").values, ev("infeasible").values);
    scene.at = strips.map((strip, k) => places(scene, strip, k, { col, ev, py, x }));
    scene.ys = scene.at.map((at) => at.ys);
    recolour(scene, colour);
    const { of } = marksByTrial(scene);
    scene.marksOf = of;
    return scene;
  };

  /** Levels 0..254 worst to best of the value at that evaluation, not of the trial in the end. */
  function recolour(scene, colour) {
    scene.colour = colour;
    scene.levels = ht.levelsOf({ values: scene.value }, colour, scene.value.length);
    scene.drawn = drawingOrder(scene);
  }
  explore.recolour = recolour;

  function radiusFor({ trial, kind, column, xs }) {
    const n = trial.length;
    if (n > 20000) return 1;
    if (n > 3000) return 1.5;
    if (n > 800) return 2;
    if (kind !== "rungs" && kind !== "generations") return 2.8;
    const columns = column.reduce((most, c) => Math.max(most, c), 0);
    const width = columns ? (xs.reduce((m, x) => Math.max(m, x), 0) - Math.min(...xs)) / columns : 99;
    return Math.min(n > 300 ? 2.6 : 3.3, Math.max(1.8, width * 0.2));
  }

  /** Which marks are not the end of their trial. */
  function goingOn({ previous }) {
    const goes = new Uint8Array(previous.length);
    for (const before of previous) if (before >= 0) goes[before] = 1;
    return goes;
  }

  const RUNNING = 1;
  const PRUNED = 3;
  const FAILED = 4;

  function glyphs({ trial, goesOn }, state, infeasible) {
    return mapped(Uint8Array, trial, (row, i) => {
      if (goesOn[i]) return GLYPH.disc;
      if (state[row] === FAILED) return GLYPH.cross;
      if (state[row] <= RUNNING) return GLYPH.ring;
      if (infeasible[row]) return GLYPH.dashed;
      return state[row] === PRUNED ? GLYPH.hollow : GLYPH.disc;
    });
  }

  /* ---- heights, and room in lanes ---- */
  function places(scene, strip, k, { col, ev, py, x }) {
    const [top, bottom] = [scene.tops[k], scene.bottoms[k]];
    const { unit } = scene.scales[k];
    const y = (v) => bottom - clamp(unit(v)) * (bottom - top);
    const none = strip.none === null ? NaN : py(strip.none);
    const values = k ? col(strip.key).values : null;
    const ys = mapped(Float32Array, scene.trial, (row, i) => {
      const v = values ? values[row] : scene.value[i];
      return Number.isNaN(v) ? (k ? none : NaN) : y(v);
    });
    const hasColumns = scene.kind === "rungs" || scene.kind === "generations";
    if (!k || !(strip.lanes.length || strip.none !== null)) {
      const xs = k && hasColumns ? aside(scene, { xs: scene.xs, ys }, x) : scene.xs;
      return { xs, ys, isLevel: k > 0 };
    }
    const lanes = lanesOf(strip, y, { none, bottom });
    const lane = mapped(Int16Array, scene.trial, (row) => lanes.of(values[row]));
    const room = { lanes, lane, place: ev(`ev:place:${strip.key}`), x };
    if (!hasColumns) return { xs: scene.xs, ys: staggered(scene, ys, room) };
    const inLanes = gathered(scene, ys, room);
    return { ys: inLanes.ys, xs: aside(scene, inLanes, x, (i) => lane[i] < 0) };
  }

  /** Lane 0 is for trials without a value; the others are the strip's. */
  function lanesOf(strip, y, { none, bottom }) {
    const middles = [none, ...strip.lanes.map(y)];
    const known = new Map(strip.lanes.map((value, code) => [value, code + 1]));
    const mostOfNone = NONE_ROOM * (none - bottom);
    return { middles, mostOfNone, of: (v) => (Number.isNaN(v) ? 0 : known.get(v) ?? -1) };
  }

  /** Pixels each of some lanes has for its marks: up to half-way to the nearest other one, or to
      that for no value. */
  function roomsOf(occupied, { middles, mostOfNone }) {
    const sorted = [...new Set([0, ...occupied])].filter((lane) => Number.isFinite(middles[lane]));
    sorted.sort((a, b) => middles[a] - middles[b]);
    const gap = (k) => (k > 0 && k < sorted.length ? middles[sorted[k]] - middles[sorted[k - 1]] : Infinity);
    const most = (lane) => (lane ? MOST_ROOM_PX : mostOfNone);
    return new Map(sorted.map((lane, k) => [lane, Math.min(most(lane), gap(k), gap(k + 1))]));
  }

  /** Columns: the marks of a lane gather around its middle, like drops, as wide as the column. */
  function gathered(scene, ys, { lanes, lane, place, x }) {
    if (!place) return { xs: scene.xs, ys };
    const crowds = crowdsOf(scene, lane, place);
    const widths = columnWidths(scene, x);
    const xs = scene.xs.slice();
    const moved = ys.slice();
    const diameter = 2 * scene.radius + 0.8;
    // Lanes that stay empty in a column leave their room to the others.
    const rooms = new Map([...crowds].map(([c, crowd]) => [c, roomsOf([...crowd.keys()], lanes)]));
    for (let i = 0; i < ys.length; i++) {
      const column = scene.column[i];
      const count = lane[i] < 0 ? 0 : crowds.get(column).get(lane[i]);
      const room = count > 1 && rooms.get(column).get(lane[i]);
      if (!room) continue;
      const spots = lattice(widths.get(column), room, diameter, count);
      const [dx, dy] = spots[place.values[i] % spots.length];
      xs[i] += dx;
      moved[i] += dy;
    }
    return { xs, ys: moved };
  }

  /** Columns: marks on a scale keep their height; those that would cover a better one step aside. */
  function aside(scene, { xs, ys }, x, isFree = () => true) {
    if (xs.length > MOST_ASIDE) return xs;
    const widths = columnWidths(scene, x);
    const moved = xs.slice();
    const standing = new Map([...widths.keys()].map((column) => [column, []]));
    const sign = scene.maximize ? -1 : 1;
    const badness = mapped(Float64Array, scene.value, (v) => (Number.isNaN(v) ? Infinity : sign * v));
    const order = [...ys.keys()].filter((i) => isFree(i) && !Number.isNaN(ys[i]));
    order.sort((a, b) => (badness[a] === badness[b] ? a - b : badness[a] - badness[b]));
    const diameter = 2 * scene.radius + 0.4;
    for (const i of order) {
      const others = standing.get(scene.column[i]);
      const near = others.filter((j) => Math.abs(ys[j] - ys[i]) < diameter);
      const isBare = (dx) =>
        near.every((j) => Math.hypot(moved[j] - xs[i] - dx, ys[j] - ys[i]) >= diameter);
      const most = (widths.get(scene.column[i]) - diameter) / 2;
      moved[i] += stepsAside(diameter / 2, most).find(isBare) || 0;
      others.push(i);
    }
    return moved;
  }

  /** 0, then further and further to either side. */
  function stepsAside(step, most) {
    const found = [0];
    for (let dx = step; dx <= most; dx += step) found.push(dx, -dx);
    return found;
  }

  /** How many marks each lane has in each column: column -> lane -> count. */
  function crowdsOf({ column }, lane, place) {
    const crowds = new Map();
    for (let i = 0; i < lane.length; i++) {
      if (lane[i] < 0) continue;
      if (!crowds.has(column[i])) crowds.set(column[i], new Map());
      const crowd = crowds.get(column[i]);
      crowd.set(lane[i], Math.max(crowd.get(lane[i]) || 0, place.values[i] + 1));
    }
    return crowds;
  }

  /** Pixels between a column and its nearest neighbours. */
  function columnWidths(scene, x) {
    const found = new Map();
    for (let i = 0; i < x.length; i++) found.set(scene.column[i], x[i]);
    const columns = [...found].sort((a, b) => a[1] - b[1]);
    const one = Math.abs(scene.px(1) - scene.px(0));
    return new Map(
      columns.map(([column, at], k) => {
        const left = k ? at - columns[k - 1][1] : 1;
        const right = k + 1 < columns.length ? columns[k + 1][1] - at : left;
        return [column, 0.86 * one * Math.min(left, right)];
      }),
    );
  }

  const lattices = new Map();
  /** At least `count` spots inside width x height, the middle first; nearer ones if they do not fit. */
  function lattice(width, height, diameter, count) {
    const key = [Math.round(width * 2), Math.round(height * 2), Math.round(diameter * 4), count].join();
    if (!lattices.has(key)) {
      if (lattices.size > 4000) lattices.clear();
      let spots = [];
      for (let d = diameter; d > LEAST_PX; d *= 0.96) {
        spots = spotsIn(Math.max(0, width - d) / 2, Math.max(0, height - d) / 2, d);
        if (spots.length >= count) break;
      }
      lattices.set(key, spots.slice(0, count));
    }
    return lattices.get(key);
  }

  /** Rows about the middle, or one on each side of it, whichever holds more. */
  function spotsIn(reachX, reachY, d) {
    const [odd, even] = [0, 0.5].map((shift) => rowsAround(shift, reachX, reachY, d));
    const spots = even.length > odd.length ? even : odd;
    return spots.sort((a, b) => a[0] ** 2 + a[1] ** 2 - b[0] ** 2 - b[1] ** 2);
  }

  function rowsAround(middle, reachX, reachY, d) {
    const spots = [];
    const most = Math.floor(reachY / (d * HEX) + middle + 1e-6);
    for (let r = -most; r <= most - 2 * middle; r++) {
      const shift = r % 2 ? d / 2 : 0;
      const columns = Math.floor((reachX + d) / d);
      for (let c = -columns; c <= columns; c++) {
        const dx = c * d + shift;
        if (Math.abs(dx) <= reachX + 1e-6) spots.push([dx, (r + middle) * d * HEX]);
      }
    }
    return spots;
  }

  /** A sequence: each mark takes the row of its lane nearest the middle that is free where it stands. */
  function staggered(scene, ys, { lanes, lane }) {
    const diameter = 2 * scene.radius + 0.4;
    const rooms = roomsOf([...lanes.middles.keys()], lanes);
    const rows = lanes.middles.map((_, k) => rowsIn(Math.min(rooms.get(k) || 0, ROW_ROOM_PX), diameter));
    const until = rows.map((offsets) => new Float64Array(offsets.length).fill(-Infinity));
    const moved = ys.slice();
    const { xs } = scene;
    const order = Uint32Array.from(xs, (_, i) => i).sort((a, b) => xs[a] - xs[b] || a - b);
    for (const i of order) {
      if (lane[i] < 0) continue;
      const taken = until[lane[i]];
      let row = 0;
      while (row < taken.length && taken[row] > xs[i]) row++;
      if (row === taken.length) row = taken.indexOf(Math.min(...taken));
      taken[row] = xs[i] + diameter;
      moved[i] += rows[lane[i]][row];
    }
    return moved;
  }

  function rowsIn(room, diameter) {
    const offsets = [0];
    for (let d = diameter; d + diameter / 2 <= room / 2; d += diameter) offsets.push(-d, d);
    return offsets;
  }

  /* ---- orders ---- */
  /** Small marks before big ones, worse before better; counted, not compared. */
  function drawingOrder({ levels, last }) {
    const key = (i) => (levels[i] === 255 ? 0 : levels[i] + 1) + (last[i] ? 256 : 0);
    const starts = new Uint32Array(514);
    for (let i = 0; i < levels.length; i++) starts[key(i) + 1] += 1;
    for (let k = 0; k < 513; k++) starts[k + 1] += starts[k];
    const order = new Uint32Array(levels.length);
    for (let i = 0; i < levels.length; i++) order[starts[key(i)]++] = i;
    return order;
  }

  function marksByTrial({ trial, n, xs }) {
    const starts = new Int32Array(n + 1);
    for (const row of trial) starts[row + 1] += 1;
    for (let k = 0; k < n; k++) starts[k + 1] += starts[k];
    const marks = new Int32Array(trial.length);
    const next = starts.slice();
    for (let i = 0; i < trial.length; i++) marks[next[trial[i]]++] = i;
    for (let row = 0; row < n; row++) sortByPlace(marks.subarray(starts[row], starts[row + 1]), xs);
    const of = (row) => marks.subarray(starts[row], starts[row + 1]);
    return { of };
  }

  /** Nearly always they stand so already. */
  function sortByPlace(marks, xs) {
    if (marks.some((mark, k) => k && xs[mark] < xs[marks[k - 1]])) marks.sort((a, b) => xs[a] - xs[b]);
  }

  /** Children of each trial: those of `row` are children[starts[row]] ... [starts[row + 1] - 1]. */
  function childrenOf(scene) {
    if (scene.offspring) return scene.offspring;
    const { parent, n } = scene;
    const starts = new Int32Array(n + 1);
    for (const above of parent) if (above >= 0) starts[above + 1] += 1;
    for (let k = 0; k < n; k++) starts[k + 1] += starts[k];
    const children = new Int32Array(starts[n]);
    const next = starts.slice();
    parent.forEach((above, below) => {
      if (above >= 0) children[next[above]++] = below;
    });
    scene.offspring = { starts, children, seen: new Uint8Array(n) };
    return scene.offspring;
  }

  /** {line: a trial and its ancestors upwards, descendants: its own, the nearest first}. */
  explore.family = function (scene, row) {
    const { starts, children, seen } = childrenOf(scene);
    const line = [];
    for (let up = row; up >= 0 && !seen[up]; up = scene.parent[up]) {
      line.push(up);
      seen[up] = 1;
    }
    const descendants = [];
    const visit = (of) => {
      for (let k = starts[of]; k < starts[of + 1]; k++) {
        if (seen[children[k]]) continue;
        seen[children[k]] = 1;
        descendants.push(children[k]);
      }
    };
    visit(row);
    for (let k = 0; k < descendants.length; k++) visit(descendants[k]);
    for (const one of line) seen[one] = 0;
    for (const one of descendants) seen[one] = 0;
    return { line, descendants };
  };
})();

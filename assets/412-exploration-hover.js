/* Exploration overview, under the pointer: the whole family of a trial in every strip, a guide
   through all of them, and on the card what changed from the parent and why it was stopped. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const explore = ht.exploration;

  const GRAPH = "exploration-frame-graph";
  const REST_MS = 90;
  const KEPT_STORIES = 400;
  // Of a family larger than this points are specks, and all is written into pixels: stroked, it
  // would cost too much for a frame.
  const MANY_MARKS = 60;
  // The lines of more descendants lie on one another: they can not be told apart, only paid for.
  const MOST_DESCENDANTS = 200;
  const LINE_PX = 1.8;
  const SPECK_PX = 3;
  const TURN = 2 * Math.PI;

  explore.hover = function (g, view) {
    const row = state.hover;
    if (row >= 0 && view.scene) {
      explore.lineage(g, view, view.scene, row, explore.markOf(view, row));
    }
  };

  /** Everything that belongs to a trial of a scene, with a guide through one of its marks. */
  explore.lineage = function (g, view, scene, row, mark) {
    const family = familyOf(scene, row);
    const { own, others } = family;
    const hot = ht.token("hot");
    if (others.length > MANY_MARKS) writeFamily(g, view, scene, family);
    if (mark >= 0) guide(g, scene, mark);
    if (others.length <= MANY_MARKS) {
      g.strokeStyle = hot;
      g.lineWidth = LINE_PX;
      g.beginPath();
      trails(g, scene, family);
      g.stroke();
      g.lineWidth = 1.5;
      dots(g, scene, others, 3, hot, ht.token("card"));
    }
    g.lineWidth = 1.5;
    dots(g, scene, own, 4.5, hot, hot);
  };

  /** The lines and points of a large family; the canvas must be blank. */
  function writeFamily(g, view, scene, family) {
    const pen = ht.pixelCanvas(view, LINE_PX);
    pen.use(ht.colour.pack(ht.token("hot")), 1);
    trails(pen, scene, family);
    for (const { xs, ys } of scene.at) {
      for (const i of family.others) pen.speck(xs[i], ys[i], SPECK_PX);
    }
    pen.lay(g);
  }

  /** Of a trial, its ancestors and descendants: marks, the steps from mark to mark of one trial, the
      spans from its first to its last, the edges between them all. */
  function familyOf(scene, row) {
    if (scene.shownFamily && scene.shownFamily.row === row) return scene.shownFamily;
    const { line, descendants } = explore.family(scene, row);
    const own = scene.marksOf(row);
    const others = [];
    const edges = [];
    const edgeOf = edgesByChild(scene);
    const steps = [];
    const spans = [];
    const stride = Math.ceil(descendants.length / MOST_DESCENDANTS);
    for (const r of [...line, ...descendants.filter((_, k) => k % stride === 0)]) {
      const marks = scene.marksOf(r);
      for (let k = 0; k < marks.length; k++) {
        if (r !== row) others.push(marks[k]);
        if (k) steps.push(marks[k - 1], marks[k]);
      }
      if (marks.length > 1) spans.push(marks[0], marks[marks.length - 1]);
      if (edgeOf[r] >= 0) edges.push(scene.edges[edgeOf[r]], scene.edges[edgeOf[r] + 1]);
    }
    scene.shownFamily = { row, own, others, steps, spans, edges };
    return scene.shownFamily;
  }

  /** Where the edge to a trial's parent stands, by the trial's row; -1 for founders. */
  function edgesByChild(scene) {
    if (!scene.edgeOf) {
      scene.edgeOf = new Int32Array(scene.n).fill(-1);
      for (let e = 0; e < scene.edges.length; e += 2) {
        scene.edgeOf[scene.trial[scene.edges[e]]] = e;
      }
    }
    return scene.edgeOf;
  }

  function trails(g, scene, { steps, spans, edges }) {
    for (let k = 1; k < scene.at.length; k++) {
      const { xs, ys, isLevel } = scene.at[k];
      const pieces = isLevel ? spans : steps;
      for (let s = 0; s < pieces.length; s += 2) {
        g.moveTo(xs[pieces[s]], ys[pieces[s]]);
        g.lineTo(xs[pieces[s + 1]], ys[pieces[s + 1]]);
      }
      explore.forks(g, scene.at[k], edges);
    }
  }

  /** All dots in one path: as many strokes of their own would cost ten times as much. */
  function dots(g, scene, marks, radius, stroke, fillStyle) {
    g.strokeStyle = stroke;
    g.fillStyle = fillStyle;
    g.beginPath();
    for (let k = 1; k < scene.at.length; k++) ring(g, scene, k, marks, radius);
    g.fill();
    ring(g, scene, 0, marks, Math.min(4, radius));
    g.stroke();
  }

  function ring(g, scene, k, marks, radius) {
    const { xs, ys } = scene.at[k];
    for (const i of marks) {
      if (Number.isNaN(ys[i])) continue;
      g.moveTo(xs[i] + radius, ys[i]);
      g.arc(xs[i], ys[i], radius, 0, TURN);
    }
  }

  /** The evaluation under the pointer, else the trial's last one. */
  explore.markOf = function (view, row) {
    const { scene } = view;
    const own = scene.marksOf(row);
    return scene.trial[view.mark] === row ? view.mark : own.length ? own[own.length - 1] : -1;
  };

  function guide(g, scene, mark) {
    const x = scene.xs[mark];
    g.strokeStyle = ht.token("hot");
    g.globalAlpha = 0.45;
    g.lineWidth = 1;
    g.setLineDash([3, 3]);
    g.beginPath();
    g.moveTo(x, scene.tops[0] - 4);
    g.lineTo(x, scene.bottoms[scene.bottoms.length - 1] + 4);
    g.stroke();
    g.setLineDash([]);
    g.globalAlpha = 1;
  }

  /* ---- the story on the card ---- */
  const stories = new Map();
  let waiting = 0;

  const keyOf = ({ study, version }, row) => `${study}@${version}/${row}`;

  function ask(data, row, isWanted) {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      if (!isWanted()) return;
      try {
        const path = `${ht.prefix()}_ht/story/${encodeURIComponent(data.study)}/${row}`;
        const answer = await fetch(path);
        if (!answer.ok) return;
        if (stories.size > KEPT_STORIES) stories.clear();
        stories.set(keyOf(data, row), await answer.json());
        if (isWanted()) ht.refreshCard(data, row);
      } catch {
        // The card does without; the pulse tells that the server is away.
      }
    }, REST_MS);
  }

  ht.cardParts.push((shown, { line, sentence }) => {
    const { data, row, graph } = shown;
    if (graph !== GRAPH && shown !== ht.cardGuest) return;
    const story = stories.get(keyOf(data, row));
    if (!story) {
      ask(data, row, () => {
        const guest = ht.cardGuest || { data: state.data, row: state.hover };
        return guest.data === data && guest.row === row;
      });
      return;
    }
    const view = explore.view;
    const at = graph !== GRAPH ? shown.mark : view && view.scene ? explore.markOf(view, row) : -1;
    story.standings.forEach((standing, k) => {
      const words = `${standing.value} · ${standing.rank} · ${standing.decision}`;
      line(`look ${k + 1}`, words, standing.mark === at ? "is-look is-here" : "is-look");
    });
    for (const change of story.changes) {
      const words = `${change.before} → ${change.after} ${change.factor}`;
      line(`Δ ${change.label}`, words, "is-change");
    }
    for (const words of [story.why, story.promise]) if (words) sentence(words);
  });

  /** The lineage has to stay visible: the card stands left of the strips, not on them. */
  ht.cardBeside = function () {
    const view = explore.view;
    return state.hoverView === GRAPH && view ? view.edge : null;
  };
})();

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
  // Points of a family larger than this are specks: circles cost too much for a frame. Of a still
  // larger one the lines alone are drawn.
  const MANY_MARKS = 60;
  const MOST_MARKS = 600;
  // The lines of more descendants lie on one another: they can not be told apart, only paid for.
  const MOST_DESCENDANTS = 200;
  const SPECK_PX = 3;
  const TURN = 2 * Math.PI;

  explore.hover = function (g, view) {
    const row = state.hover;
    if (row >= 0 && view.scene) explore.lineage(g, view.scene, row, explore.markOf(view, row));
  };

  /** Everything that belongs to a trial of a scene, with a guide through one of its marks. */
  explore.lineage = function (g, scene, row, mark) {
    const { own, others, steps, edges } = familyOf(scene, row);
    const hot = ht.token("hot");
    if (mark >= 0) guide(g, scene, mark);
    g.strokeStyle = hot;
    g.lineWidth = 1.8;
    g.beginPath();
    for (let k = 1; k < scene.at.length; k++) trail(g, scene.at[k], steps, edges);
    g.stroke();
    g.lineWidth = 1.5;
    if (others.length <= MANY_MARKS) dots(g, scene, others, 3, hot, ht.token("card"));
    else if (others.length <= MOST_MARKS) specks(g, scene, others, hot);
    dots(g, scene, own, 4.5, hot, hot);
  };

  /** Marks of the trial, of its ancestors and descendants, and the edges between them all. */
  function familyOf(scene, row) {
    if (scene.shownFamily && scene.shownFamily.row === row) return scene.shownFamily;
    const { line, descendants } = explore.family(scene, row);
    const own = scene.marksOf(row);
    const others = [];
    const edges = [];
    const edgeOf = edgesByChild(scene);
    const stride = Math.ceil(descendants.length / MOST_DESCENDANTS);
    for (const r of [...line, ...descendants.filter((_, k) => k % stride === 0)]) {
      if (r !== row) for (const i of scene.marksOf(r)) others.push(i);
      if (edgeOf[r] >= 0) edges.push(scene.edges[edgeOf[r]], scene.edges[edgeOf[r] + 1]);
    }
    // From mark to mark of one trial.
    const steps = [];
    for (const i of [...own, ...others]) {
      if (scene.previous[i] >= 0) steps.push(scene.previous[i], i);
    }
    scene.shownFamily = { row, own, others, steps, edges };
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

  function trail(g, at, steps, edges) {
    const { xs, ys } = at;
    for (let k = 0; k < steps.length; k += 2) {
      g.moveTo(xs[steps[k]], ys[steps[k]]);
      g.lineTo(xs[steps[k + 1]], ys[steps[k + 1]]);
    }
    explore.forks(g, at, edges);
  }

  function specks(g, scene, marks, colour) {
    g.fillStyle = colour;
    for (const { xs, ys } of scene.at) {
      for (const i of marks) g.fillRect(xs[i] - SPECK_PX / 2, ys[i] - SPECK_PX / 2, SPECK_PX, SPECK_PX);
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

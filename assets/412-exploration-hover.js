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
  const TURN = 2 * Math.PI;

  explore.hover = function (g, view) {
    const row = state.hover;
    const { scene } = view;
    if (row < 0 || !scene) return;
    const rows = explore.family(scene, row);
    const marks = [...rows].flatMap((r) => Array.from(scene.marksOf(r)));
    const keep = (i) => rows.has(scene.trial[i]);
    const hot = ht.token("hot");
    guide(g, view, row);
    g.strokeStyle = hot;
    g.lineWidth = 1.8;
    for (let k = 1; k < scene.at.length; k++) trail(g, scene, k, marks, keep);
    for (let k = 0; k < scene.at.length; k++) {
      for (const i of marks) {
        const isOwn = scene.trial[i] === row;
        const fill = !k ? "none" : isOwn ? hot : ht.token("card");
        dot(g, scene.at[k].xs[i], scene.ys[k][i], isOwn ? 4.5 : 3, hot, fill);
      }
    }
  };

  function trail(g, scene, k, marks, keep) {
    const { xs, ys } = scene.at[k];
    g.beginPath();
    for (const i of marks) {
      const p = scene.previous[i];
      if (p < 0) continue;
      g.moveTo(xs[p], ys[p]);
      g.lineTo(xs[i], ys[i]);
    }
    explore.curves(g, scene, k, keep);
    g.stroke();
  }

  /** The evaluation under the pointer, else the trial's last one. */
  explore.markOf = function (view, row) {
    const { scene } = view;
    const own = scene.marksOf(row);
    return scene.trial[view.mark] === row ? view.mark : own.length ? own[own.length - 1] : -1;
  };

  function guide(g, view, row) {
    const { scene } = view;
    const mark = explore.markOf(view, row);
    if (mark < 0) return;
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

  function dot(g, x, y, radius, stroke, fillStyle) {
    if (Number.isNaN(y)) return;
    g.beginPath();
    g.arc(x, y, radius, 0, TURN);
    if (fillStyle !== "none") {
      g.fillStyle = fillStyle;
      g.fill();
    }
    g.lineWidth = 1.5;
    g.strokeStyle = stroke;
    g.stroke();
  }

  /* ---- the story on the card ---- */
  const stories = new Map();
  let waiting = 0;

  const keyOf = (row) => `${state.data.study}@${state.data.version}/${row}`;

  function ask(row) {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      if (state.hover !== row) return;
      const key = keyOf(row);
      try {
        const path = `${ht.prefix()}_ht/story/${encodeURIComponent(state.data.study)}/${row}`;
        const answer = await fetch(path);
        if (!answer.ok) return;
        if (stories.size > KEPT_STORIES) stories.clear();
        stories.set(key, await answer.json());
        if (state.hover === row && state.data) ht.refreshCard(row);
      } catch {
        // The card does without; the pulse tells that the server is away.
      }
    }, REST_MS);
  }

  ht.cardParts.push((row, card, line) => {
    if (state.hoverView !== GRAPH) return;
    const story = stories.get(keyOf(row));
    if (!story) {
      ask(row);
      return;
    }
    const view = explore.view;
    const at = view && view.scene ? explore.markOf(view, row) : -1;
    story.standings.forEach((standing, k) => {
      const words = `${standing.value} · ${standing.rank} · ${standing.decision}`;
      line(card, `look ${k + 1}`, words, standing.mark === at ? "is-look is-here" : "is-look");
    });
    for (const change of story.changes) {
      const words = `${change.before} → ${change.after} ${change.factor}`;
      line(card, `Δ ${change.label}`, words, "is-change");
    }
    for (const words of [story.why, story.promise]) if (words) sentence(card, words);
  });

  /** The lineage has to stay visible: the card stands left of the strips, not on them. */
  ht.cardBeside = function () {
    const view = explore.view;
    if (state.hoverView !== GRAPH || !view) return null;
    return view.holder.getBoundingClientRect().left;
  };

  function sentence(card, words) {
    const made = document.createElement("p");
    made.textContent = words;
    card.appendChild(made);
  }
})();

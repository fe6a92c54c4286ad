/* Exploration overview from the keyboard: arrows walk along a trial's life and lineage, or up and
   down within a column; space plays, Enter picks, s tells the trial's story. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const explore = ht.exploration;

  const GRAPH = "exploration-frame-graph";
  const WORDS =
    "Exploration overview. Arrow keys move from evaluation to evaluation, space plays the search, Enter picks a trial, s tells its story.";

  explore.listen = function (view) {
    const { holder } = view;
    if (!ht.takeKeys(holder, WORDS, (event) => key(view, event))) return;
    holder.addEventListener("blur", () => ht.setHover(-1));
    holder.addEventListener("dblclick", () => explore.tell(state.hover));
  };

  /** Where an arrow key leads from a mark, or from nowhere; -1 for any other key. */
  explore.moved = function (scene, mark, name) {
    if (!MOVES[name]) return -1;
    return mark < 0 ? start(scene) : MOVES[name](scene, mark);
  };

  const MOVES = { ArrowLeft: back, ArrowRight: on, ArrowUp: (...a) => near(...a, -1), ArrowDown: (...a) => near(...a, 1) };

  function key(view, event) {
    const { scene } = view;
    if (!scene || !scene.trial.length || event.ctrlKey || event.metaKey || event.altKey) return;
    if (MOVES[event.key]) {
      const from = state.hover < 0 ? -1 : explore.markOf(view, state.hover);
      point(view, explore.moved(scene, from, event.key));
    } else if (event.key === " ") explore.player.toggle();
    else if (event.key === ".") explore.player.step(1);
    else if (event.key === ",") explore.player.step(-1);
    else if (event.key === "Enter" && state.hover >= 0) ht.pickTrial(state.hover, event.shiftKey, "exploration");
    else if (event.key === "s") explore.tell(state.hover);
    else if (event.key === "Escape" && explore.player.until < Infinity) explore.player.stop();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Where to begin: the best of all. */
  function start(scene) {
    return scene.drawn[scene.drawn.length - 1];
  }

  function back(scene, mark) {
    if (scene.previous[mark] >= 0) return scene.previous[mark];
    for (let e = 0; e < scene.edges.length; e += 2) {
      if (scene.edges[e] === mark) return scene.edges[e + 1];
    }
    return scene.kind === "sequence" ? neighbour(scene, mark, -1) : mark;
  }

  function on(scene, mark) {
    const next = scene.previous.indexOf(mark);
    if (next >= 0) return next;
    for (let e = 0; e < scene.edges.length; e += 2) {
      if (scene.edges[e + 1] === mark) return scene.edges[e];
    }
    return scene.kind === "sequence" ? neighbour(scene, mark, 1) : mark;
  }

  function neighbour(scene, mark, way) {
    const found = scene.when.indexOf(scene.when[mark] + way);
    return found < 0 ? mark : found;
  }

  /** The next mark above or below in the first strip, of the same column where there are columns. */
  function near(scene, mark, way) {
    const { xs, ys } = scene.at[Math.min(1, scene.at.length - 1)];
    const hasColumns = scene.kind === "generations" || scene.kind === "rungs";
    let found = mark;
    let least = Infinity;
    for (let i = 0; i < ys.length; i++) {
      const dy = (ys[i] - ys[mark]) * way;
      if (i === mark || !(dy > 0 || (dy === 0 && i > mark === way > 0))) continue;
      if (hasColumns && scene.column[i] !== scene.column[mark]) continue;
      const far = dy + (hasColumns ? 0.01 : 3) * Math.abs(xs[i] - xs[mark]);
      if (far < least) [least, found] = [far, i];
    }
    return found;
  }

  function point(view, mark) {
    if (mark < 0) return;
    view.mark = mark;
    const box = view.layers.top.canvas.getBoundingClientRect();
    const { xs, ys } = view.scene.at[Math.min(1, view.scene.at.length - 1)];
    ht.placeCard(box.left + xs[mark], box.top + (ys[mark] || view.tops[0]));
    ht.setHover(-1);
    ht.setHover(view.scene.trial[mark], GRAPH);
  }
})();

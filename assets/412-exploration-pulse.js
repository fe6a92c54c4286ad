/* Running trials breathe: rings on a canvas of their own, whose opacity the style sheet moves.
   No script runs for it, and nothing at all where nothing is being trained. */
(function () {
  "use strict";
  const ht = window.ht;
  const explore = ht.exploration;

  const RUNNING = 1;
  const REACH_PX = 2.4;
  // More, such as those a search left behind when it was killed, would bury all other marks.
  const MOST = 40;

  /** Marks of the trials that are being trained: where each of them stands now. */
  function runningIn(scene) {
    if (!scene.running) {
      const states = ht.state.data.col("state").values;
      scene.running = [];
      scene.trial.forEach((row, i) => {
        if (states[row] === RUNNING && !scene.goesOn[i]) scene.running.push(i);
      });
    }
    return scene.running;
  }

  function layerOf(view) {
    if (!view.breath || view.breath.parentNode !== view.holder) {
      view.breath = document.createElement("canvas");
      view.breath.className = "layer layer-breath";
      view.holder.insertBefore(view.breath, view.layers.top.canvas);
    }
    return view.breath;
  }

  /** Ring the running trials among the marks `keep` leaves. */
  explore.breathe = function (view, keep) {
    const running = runningIn(view.scene);
    const marks = running.length > MOST ? [] : running.filter(keep);
    if (!marks.length && !view.breath) return;
    const canvas = layerOf(view);
    canvas.hidden = !marks.length;
    if (!marks.length) return;
    canvas.width = Math.round(view.width * view.ratio);
    canvas.height = Math.round(view.height * view.ratio);
    const g = canvas.getContext("2d");
    g.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    explore.ring(g, view.scene, marks, ht.token("accent"), view.scene.radius + REACH_PX);
  };

  // Of another study nothing is known yet, and nothing may be drawn while it is empty.
  ht.onData(() => {
    if (explore.view && explore.view.breath) explore.view.breath.hidden = true;
  });
})();

/* Playback: the search as it happened. The moment is a place in the order of all evaluations. */
(function () {
  "use strict";
  const ht = window.ht;
  const { state } = ht;
  const explore = ht.exploration;

  const HOLDER = "exploration-player-div";
  const LASTS_MS = 12000;
  const KEEP_MS = 200;
  const KEPT = [1, 2]; // promoted, survived
  const player = { until: Infinity, isPlaying: false };
  explore.player = player;
  let parts = null;
  let before = 0;
  let order = null;

  const count = () => (explore.view && explore.view.scene ? explore.view.scene.when.length : 0);

  /** Marks in the order of happening. */
  function happened(scene) {
    if (!order || order.scene !== scene) {
      const marks = new Int32Array(scene.when.length);
      scene.when.forEach((place, mark) => (marks[place] = mark));
      order = { scene, marks };
    }
    return order.marks;
  }

  function go(until) {
    const last = count() - 1;
    player.until = until >= last && !player.isPlaying ? Infinity : Math.max(0, until);
    if (explore.view) ht.redraw(explore.view);
    show();
    if (!player.isPlaying) keep();
  }

  /* ---- address: the moment, while nothing plays ---- */
  let linked = null;
  let keeping = 0;
  /** Soon: a scrub passes many moments, and browsers refuse an address that changes as fast. */
  function keep() {
    clearTimeout(keeping);
    keeping = setTimeout(() => state.data && ht.address.write(true), KEEP_MS);
  }
  function written() {
    const { study } = state.selection;
    const at = [linked, player].find((one) => one && one.study === study);
    return at && at.until < Infinity && !at.isPlaying ? String(Math.round(at.until)) : "";
  }
  ht.address.part("moment", {
    read(text, study) {
      if (player.study === study && text === written()) return;
      linked = { study, until: /^\d+$/.test(text) ? Number(text) : Infinity };
      if (explore.view && explore.view.scene && state.data.study === study) follow();
    },
    write: written,
  });
  function follow() {
    player.isPlaying = false;
    player.until = linked.until;
    linked = null;
    ht.redraw(explore.view);
    show();
  }

  function frame(now) {
    if (!player.isPlaying) return;
    const last = count() - 1;
    const speed = Math.max(count(), 24) / LASTS_MS;
    const next = player.until + Math.min(100, now - before) * speed;
    before = now;
    if (next >= last) {
      player.isPlaying = false;
      go(last);
      return;
    }
    go(next);
    requestAnimationFrame(frame);
  }

  player.toggle = function () {
    player.isPlaying = !player.isPlaying;
    if (player.isPlaying) {
      if (player.until === Infinity) player.until = 0;
      before = performance.now();
      requestAnimationFrame(frame);
    } else keep();
    show();
  };

  /** Go to the end of the next (1) or the previous (-1) decision: where the column changes. */
  player.step = function (way) {
    const scene = explore.view && explore.view.scene;
    if (!scene) return;
    player.isPlaying = false;
    const marks = happened(scene);
    const last = marks.length - 1;
    let at = player.until === Infinity ? (way > 0 ? -1 : last) : Math.round(player.until);
    const isEnd = (k) => k === last || scene.column[marks[k]] !== scene.column[marks[k + 1]];
    for (at += way; at >= 0 && at < last && !isEnd(at); ) at += way;
    go(Math.min(last, Math.max(0, at)));
  };

  player.stop = function () {
    player.isPlaying = false;
    go(Infinity);
  };

  /* ---- drawing ---- */
  /** The area of the best so far, as far as it had come. */
  player.past = function (g, view, until) {
    const { scene } = view;
    const marks = happened(scene);
    let right = view.left;
    for (let k = 0; k <= until && k < marks.length; k++) right = Math.max(right, scene.xs[marks[k]]);
    g.save();
    g.beginPath();
    g.rect(view.left, 0, right - view.left + 1, view.height);
    g.clip();
    explore.area(g, scene);
    g.restore();
  };

  /** Marks of the column that is being decided which go on. */
  player.survivors = function (scene, until) {
    if (scene.kind === "sequence" || scene.kind === "measured") return [];
    const marks = happened(scene);
    const now = marks[Math.min(marks.length - 1, Math.floor(until))];
    const found = [];
    for (let i = 0; i < scene.column.length; i++) {
      const isOf = scene.column[i] === scene.column[now] && scene.when[i] <= until;
      if (isOf && (scene.goesOn[i] || KEPT.includes(scene.outcome[i]))) found.push(i);
    }
    return found;
  };

  player.decision = function (g, scene, until) {
    explore.ring(g, scene, player.survivors(scene, until), ht.token("accent"), scene.radius + 2.2);
  };

  /* ---- the bar ---- */
  function button(text, title, act) {
    const made = ht.made("button", "pill exploration-key", text, { title, "aria-label": title });
    made.addEventListener("click", act);
    return made;
  }

  function make(holder) {
    const play = button("▶", "Play the search as it happened (space)", player.toggle);
    const step = button("⇥", "To the next decision", () => player.step(1));
    const scale = { type: "range", min: 0, step: 1, "aria-label": "Moment of the search" };
    const scrub = ht.made("input", "exploration-scrub", "", scale);
    scrub.addEventListener("input", () => {
      player.isPlaying = false;
      go(Number(scrub.value));
    });
    const story = button("story", "Why it was stopped, and its schedule: of the trial picked", () =>
      explore.tell(explore.picked()),
    );
    parts = { holder, play, step, scrub, story };
    holder.replaceChildren(play, step, scrub, story);
  }

  /** The trial picked last, else -1. */
  explore.picked = function () {
    const brush = state.selection.brushes.find((one) => one.kind === "trials");
    return brush && brush.trials.length ? brush.trials[brush.trials.length - 1] : -1;
  };
  /** Open the dialog about a trial. */
  explore.tell = function (row) {
    if (row >= 0) ht.send("exploration-story-store", { row, at: Date.now() });
  };

  function show() {
    const holder = document.getElementById(HOLDER);
    if (!holder) return;
    if (!parts || parts.holder !== holder) make(holder);
    const last = Math.max(0, count() - 1);
    parts.scrub.max = last;
    parts.scrub.value = player.until === Infinity ? last : Math.round(player.until);
    parts.play.textContent = player.isPlaying ? "❚❚" : "▶";
    parts.story.disabled = explore.picked() < 0;
  }

  explore.laidOut = function (view) {
    // A study that grows keeps its moment; another study starts at its end.
    if (player.study !== state.data.study) {
      player.isPlaying = false;
      player.until = Infinity;
    }
    player.study = state.data.study;
    if (linked && linked.study === player.study) follow();
    explore.listen(view);
    show();
  };
  ht.onChange(() => {
    if (parts) parts.story.disabled = explore.picked() < 0;
  });
})();

/* Studies side by side: one scene a study over one frame, one range of colours; saved as a picture. */
(function () {
  "use strict";
  const ht = window.ht;
  const explore = ht.exploration;

  const TOOLS = "exploration-export-div";
  const MOST_KEPT = 12;
  const PRINT_SCALE = 2;
  const kept = new Map();
  let shown = null;

  /** The columns of a study in the version the frame was drawn from; null while they come. */
  function columnsOf(view, { study, version }) {
    const key = `${study}@${version}`;
    if (!kept.has(key)) {
      if (kept.size > MOST_KEPT) kept.clear();
      kept.set(key, null);
      ht.fetchColumns(study, version)
        .then((data) => {
          kept.set(key, data);
          ht.invalidate(view);
        })
        .catch((error) => {
          kept.delete(key);
          console.warn(`columns: ${error.message}`);
        });
    }
    return kept.get(key);
  }

  function layout(view) {
    const { meta, scenes: before = [] } = view;
    shown = view;
    view.scenes = [];
    for (const column of meta.columns) {
      const data = columnsOf(view, column);
      if (!data || !meta.strips.every((strip) => data.col(strip.key))) continue;
      const scene = explore.scene({
        col: data.col,
        ev: data.col,
        strips: meta.strips,
        kind: column.kind,
        maximize: meta.maximize,
        px: (at) => view.px(column.axis, at),
        py: (at) => view.px("y", at),
        colour: { worst: meta.worst, best: meta.best, log: meta.log },
        n: data.n,
      });
      const axis = view.gd._fullLayout[`xaxis${column.axis.slice(1)}`];
      Object.assign(scene, { data, left: axis._offset, right: axis._offset + axis._length });
      view.scenes.push(scene);
    }
    keepPointed(view, before);
    listen(view);
    tools();
  }

  /** What was shown stays shown while studies arrive and the dialog finds its size. */
  function keepPointed(view, before) {
    if (!view.pointed) return;
    const { k, mark } = view.pointed;
    const at = view.scenes.findIndex(({ data }) => data === before[k].data);
    if (at < 0) point(view, 0, -1);
    else view.pointed = { k: at, mark };
  }

  function base(g, view) {
    const keep = () => true;
    for (const scene of view.scenes) {
      explore.area(g, scene);
      explore.circles(g, view, scene, { keep, alpha: 0.4 });
      explore.records(g, scene, keep);
      explore.links(g, scene, keep, 0.34);
      explore.points(g, view, scene, { keep, alpha: 0.94 });
    }
  }

  /* ---- pointer and keys ---- */
  const PICK_PX = 9;
  const WORDS =
    "Searches side by side. Arrow keys move from evaluation to evaluation, Page Down and Page Up from search to search.";

  /** Show a mark of the k-th study with all that belongs to it; -1 for none. */
  function point(view, k, mark) {
    const was = view.pointed;
    view.pointed = mark < 0 ? null : { k, mark };
    if (was && view.pointed && was.k === k && was.mark === mark) return;
    if (!was && !view.pointed) return;
    const { scene, data } = mark < 0 ? {} : { scene: view.scenes[k], data: view.scenes[k].data };
    ht.cardGuest = scene ? { data, row: scene.trial[mark], graph: view.spec.graph, mark } : null;
    ht.repaint();
  }

  function moved(x, y, view) {
    if (x === null || !view.scenes.length) return point(view, 0, -1);
    let [found, at, least] = [-1, 0, PICK_PX ** 2];
    view.scenes.forEach((scene, k) => {
      if (x < scene.left - PICK_PX || x > scene.right + PICK_PX) return;
      for (const { xs, ys } of scene.at) {
        for (let i = 0; i < ys.length; i++) {
          const far = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
          if (far < least) [found, at, least] = [i, k, far];
        }
      }
    });
    return point(view, at, found);
  }

  function hover(g, view) {
    if (!view.pointed) return;
    const { k, mark } = view.pointed;
    const scene = view.scenes[k];
    explore.lineage(g, view, scene, scene.trial[mark], mark);
  }

  function listen(view) {
    const { holder } = view;
    if (!ht.takeKeys(holder, WORDS, (event) => key(view, event))) return;
    holder.addEventListener("blur", () => point(view, 0, -1));
  }

  // A dialog that is closed under the pointer tells nobody that the pointer has left it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) point(shown, 0, -1);
  }, true);

  const TURNS = { PageDown: 1, PageUp: -1 };

  function key(view, event) {
    const { scenes } = view;
    if (!scenes.length || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = view.pointed || { k: 0, mark: -1 };
    const turn = TURNS[event.key] || 0;
    const k = (at.k + turn + scenes.length) % scenes.length;
    const mark = explore.moved(scenes[k], turn ? -1 : at.mark, turn ? "ArrowRight" : event.key);
    if (mark < 0) return;
    event.preventDefault();
    const box = view.layers.top.canvas.getBoundingClientRect();
    ht.placeCard(box.left + scenes[k].xs[mark], box.top + scenes[k].at[1].ys[mark]);
    // The layer of the pointer is drawn where there is one.
    view.pointer = view.pointer || [0, 0];
    point(view, k, mark);
  }

  /* ---- pictures ---- */
  function tools() {
    const holder = document.getElementById(TOOLS);
    if (!holder || holder.childElementCount) return;
    for (const [name, save] of [["SVG", saveVector], ["PNG", saveRaster]]) {
      const button = ht.made("button", "pill", name, { title: `Save the comparison as ${name}` });
      button.addEventListener("click", () => save(shown));
      holder.appendChild(button);
    }
  }

  function frame(view, format) {
    const { width, height } = view;
    return window.Plotly.toImage(view.gd, { format, width, height, scale: PRINT_SCALE });
  }

  async function saveVector(view) {
    const address = await frame(view, "svg");
    const text = decodeURIComponent(address.slice(address.indexOf(",") + 1));
    const g = ht.vectorCanvas();
    base(g, view);
    const ground = `<rect width="100%" height="100%" fill="${ht.token("card")}"/>`;
    const open = text.indexOf(">") + 1;
    const end = text.lastIndexOf("</svg>");
    const whole = text.slice(0, open) + ground + text.slice(open, end) + g + text.slice(end);
    ht.offer(new Blob([whole], { type: "image/svg+xml" }), "comparison.svg");
  }

  async function saveRaster(view) {
    const image = new Image();
    image.src = await frame(view, "png");
    await image.decode();
    const canvas = new OffscreenCanvas(view.width * PRINT_SCALE, view.height * PRINT_SCALE);
    const g = canvas.getContext("2d");
    g.fillStyle = ht.token("card");
    g.fillRect(0, 0, canvas.width, canvas.height);
    g.drawImage(image, 0, 0, canvas.width, canvas.height);
    g.scale(PRINT_SCALE, PRINT_SCALE);
    // Drawn as shapes, so that points are as sharp as the print.
    g.isVector = true;
    base(g, view);
    ht.offer(await canvas.convertToBlob({ type: "image/png" }), "comparison.png");
  }

  ht.view({ graph: "exploration-compare-graph", isOptional: true, isFree: true, layout, base, moved, hover });
})();

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
    const { meta } = view;
    shown = view;
    view.scenes = [];
    for (const column of meta.columns) {
      const data = columnsOf(view, column);
      if (!data || !meta.strips.every((strip) => data.col(strip.key))) continue;
      view.scenes.push(
        explore.scene({
          col: data.col,
          ev: data.col,
          strips: meta.strips,
          kind: column.kind,
          maximize: meta.maximize,
          px: (at) => view.px(column.axis, at),
          py: (at) => view.px("y", at),
          colour: { worst: meta.worst, best: meta.best },
          n: data.n,
        }),
      );
    }
    tools();
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

  /* ---- pictures ---- */
  function tools() {
    const holder = document.getElementById(TOOLS);
    if (!holder || holder.childElementCount) return;
    for (const [name, save] of [["SVG", saveVector], ["PNG", saveRaster]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "pill";
      button.textContent = name;
      button.title = `Save the comparison as ${name}`;
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
    offer(new Blob([whole], { type: "image/svg+xml" }), "comparison.svg");
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
    offer(await canvas.convertToBlob({ type: "image/png" }), "comparison.png");
  }

  function offer(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  ht.view({ graph: "exploration-compare-graph", isOptional: true, isFree: true, layout, base });
})();

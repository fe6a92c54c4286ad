/* A card beside the pointer: which trial is under it, how it did, where it came from. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;

  const STATES = ["waiting", "running", "complete", "pruned", "failed"];
  const OFFSET_PX = 14;
  const WIDEST_PX = 290;
  // These say the values themselves, on their axes or in a table; a card would cover them.
  const OWN_WORDS = new Set(["space-parcoords-graph", "curves-frame-graph"]);
  let card = null;
  let shown = null;
  let pointer = [0, 0];

  ht.stateName = (row, data = state.data) => STATES[data.col("state").values[row]];

  function make() {
    card = ht.made("div", "ht-card", "", { role: "tooltip" });
    document.body.appendChild(card);
  }

  /* Lines are written over, not made anew: that takes the browser several times as long. */
  const lines = [];
  let count = 0;

  function line(name, value, className) {
    const made = lines[count] || (lines[count] = newLine());
    count += 1;
    write(made.label, name);
    write(made.text, value);
    if (made.row.className !== (className || "")) made.row.className = className || "";
    if (!made.row.parentNode) card.appendChild(made.row);
  }

  function newLine() {
    const row = ht.made("div");
    const [label, text] = ["span", "b"].map((tag) => {
      const words = document.createTextNode("");
      const holder = ht.made(tag);
      holder.appendChild(words);
      row.appendChild(holder);
      return words;
    });
    return { row, label, text };
  }

  function write(node, words) {
    const text = String(words);
    if (node.data !== text) node.data = text;
  }

  /** Words on a line of their own, below the others. */
  function sentence(words) {
    const made = ht.made("p", "", words);
    card.appendChild(made);
    sentences.push(made);
  }
  const sentences = [];

  function fill() {
    const { data, row } = shown;
    count = 0;
    sentences.splice(0).forEach((made) => made.remove());
    const number = data.col("number").values;
    line(`trial ${number[row]}`, ht.stateName(row, data), "is-title");
    for (const column of data.columns.values()) {
      if (column.kind !== "objective" && column.kind !== "metric") continue;
      const value = column.values[row];
      if (!Number.isNaN(value)) line(column.label, ht.number(value));
    }
    const parent = data.col("parent").values[row];
    if (parent >= 0) line("forked from", `trial ${number[parent]}`);
    for (const column of data.columns.values()) {
      if (!column.key.startsWith("param:")) continue;
      const value = column.values[row];
      if (!Number.isNaN(value)) line(column.label, column.text(value), "is-param");
    }
    for (const add of ht.cardParts) add(shown, { line, sentence });
    for (const spare of lines.slice(count)) spare.row.remove();
  }

  /** What views add to the card: functions of ({data, row, graph}, {line(name, value, class),
      sentence(words)}); the graph is the view the trial is hovered in. */
  ht.cardParts = [];
  /** A trial of another study that a view shows: {data, row, graph, mark}, null for none. */
  ht.cardGuest = null;
  /** A view whose marks the card must not cover says where its left edge is; null elsewhere. */
  ht.cardBeside = null;
  /** Write the card again: more is known of the trial it shows. */
  ht.refreshCard = function (data, row) {
    if (!shown || shown.data !== data || shown.row !== row) return;
    fill();
    place();
  };
  /** Put the card where the keyboard is, not the pointer; window pixels. */
  ht.placeCard = (x, y) => (pointer = [x, y]);

  /* Anchored at the side with room instead of measured: asking for its size would make the
     browser lay out the page at every move. */
  function place() {
    const { innerWidth, innerHeight } = window;
    const [x, y] = pointer;
    const beside = ht.cardBeside ? ht.cardBeside() : null;
    const isBeside = beside !== null && beside > WIDEST_PX + OFFSET_PX;
    const isLeft = isBeside || x + OFFSET_PX + WIDEST_PX > innerWidth;
    const edge = isBeside ? beside : x;
    const isAbove = y > innerHeight * 0.55;
    const { style } = card;
    style.left = isLeft ? "auto" : `${x + OFFSET_PX}px`;
    style.right = isLeft ? `${Math.max(2, innerWidth - edge + OFFSET_PX)}px` : "auto";
    style.top = isAbove ? "auto" : `${y + OFFSET_PX}px`;
    style.bottom = isAbove ? `${Math.max(2, innerHeight - y - OFFSET_PX)}px` : "auto";
  }

  function wanted() {
    if (ht.cardGuest) return ht.cardGuest;
    const { data, hover: row, hoverView: graph } = state;
    return row >= 0 && data && !OWN_WORDS.has(graph) ? { data, row, graph } : null;
  }

  function update() {
    const next = wanted();
    if (!card) make();
    if (!next) {
      if (shown) card.style.display = "none";
      shown = null;
      return;
    }
    const isOther = !shown || ["data", "row", "mark"].some((key) => shown[key] !== next[key]);
    if (!shown) card.style.display = "block";
    shown = next;
    if (isOther) fill();
    place();
  }

  document.addEventListener("pointermove", (event) => {
    pointer = [event.clientX, event.clientY];
    if (shown) place();
  }, { passive: true });
  ht.onChange(update);
})();

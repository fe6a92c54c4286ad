/* Elements made by scripts: their text is never markup, and lists keep what did not change. */
(function () {
  "use strict";
  const ht = window.ht;

  /** Return a new element; `attributes` are set as they are, `data-...` and `aria-...` too. */
  ht.made = function (tag, className, text, attributes = {}) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    if (tag === "button") node.type = "button";
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };

  // A long name may break after these.
  ht.SEPARATORS = /(?<=[_.:/ -])/;

  /** Show one element a line in `holder`, as `build(line)` makes it. A line that says the same as
      before keeps its element: what a person points at or has the focus on stays. */
  ht.drawLines = function (holder, lines, build) {
    const words = lines.map((line) => JSON.stringify(line));
    const before = new Map((holder.lines || []).map((text, i) => [text, holder.children[i]]));
    const wanted = new Set(words);
    for (const [text, node] of before) if (!wanted.has(text)) node.remove();
    words.forEach((text, i) => {
      const node = before.get(text) || build(lines[i]);
      if (holder.children[i] !== node) holder.insertBefore(node, holder.children[i] || null);
    });
    holder.lines = words;
  };
})();

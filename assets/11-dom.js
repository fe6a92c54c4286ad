/* Elements made by scripts: their text is never markup, lists keep what did not change, and buttons
   drawn anew their clicks; files that a script hands to the person. */
(function () {
  "use strict";
  const ht = window.ht;

  // A browser that is busy, or asks where to save, reads the file some time after the click.
  const KEPT_MS = 60000;

  /** Return a new element; `attributes` are set as they are, `data-...` and `aria-...` too. */
  ht.made = function (tag, className, text, attributes = {}) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text) node.textContent = text;
    if (tag === "button") node.type = "button";
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };

  /** Let `holder` have the focus and hear of keys; `words` say to screen readers what it is.
      Returns false where it does already. */
  ht.takeKeys = function (holder, words, key) {
    if (holder.dataset.hasKeys) return false;
    holder.dataset.hasKeys = "1";
    holder.tabIndex = 0;
    holder.setAttribute("role", "application");
    holder.setAttribute("aria-label", words);
    holder.addEventListener("keydown", key);
    return true;
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

  /* A button that is drawn anew between press and release gets no click from the browser. */
  const buttonOf = ({ target }) => target.closest && target.closest("button");
  const same = (a, b) => JSON.stringify(a.dataset) === JSON.stringify(b.dataset);
  let pressed = null;
  document.addEventListener("pointerdown", (event) => (pressed = buttonOf(event)), true);
  document.addEventListener("pointerup", (event) => {
    const now = buttonOf(event);
    if (!pressed || pressed.isConnected || !now || !Object.keys(now.dataset).length) return;
    if (same(pressed, now)) now.dispatchEvent(new MouseEvent("click", event));
  }, true);

  /** Let the browser save a file. */
  ht.offer = function (blob, name) {
    const link = ht.made("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
  };
})();

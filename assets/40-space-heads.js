/* Search space overview: the head of each axis. Its name is a button: a click puts the parameter in
   focus, a double click turns the axis round, sideways it moves. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = ht.space;

  const WIDEST_PX = 98;
  const ROOMY_PX = 58;
  const WORDS_PX = 86;
  // Narrower than this a name stands upright.
  const UPRIGHT_PX = 32;
  const DRAG_PX = 4;
  const NAME_PX = 11;
  const LEAST_NAME_PX = 8;
  const UPRIGHT_NAME_PX = 9;
  const heads = new Map();

  /** Make the heads of all axes anew, in `holder`. */
  space.makeHeads = function (view, holder) {
    heads.clear();
    view.meta.axes.forEach((axis, j) => heads.set(j, makeBox(view, holder, axis, j)));
  };

  let brush = null;
  function widthOf(words, size) {
    brush = brush || document.createElement("canvas").getContext("2d");
    brush.font = `600 ${size}px ${getComputedStyle(document.body).fontFamily}`;
    return brush.measureText(words).width;
  }

  /** Size of type in which the longest part of a name fits into `room` pixels. */
  function fitting(label, room) {
    const longest = Math.max(...label.split(ht.SEPARATORS).map((part) => widthOf(part, NAME_PX)), 1);
    return Math.max(LEAST_NAME_PX, Math.min(NAME_PX, (NAME_PX * room) / longest));
  }

  /** A name on two lines; of one too long for them what tells it from its like, and of that the
      beginning and the end. */
  function twoLines({ label, telling }, room, size) {
    const parts = label.split(ht.SEPARATORS);
    const lines = [""];
    for (const part of parts) {
      if (widthOf(lines.at(-1) + part, size) <= room || !lines.at(-1)) lines[lines.length - 1] += part;
      else lines.push(part);
    }
    if (lines.length <= 2 && lines.every((line) => widthOf(line, size) <= room)) return lines.join("\n");
    const words = telling === label ? label : `…${telling}`;
    let head = words.length;
    while (head > 2 && widthOf(words.slice(0, head), size) > room) head -= 1;
    if (head === words.length) return words;
    let tail = head;
    const rest = () => (tail > head ? `…${words.slice(tail)}` : words.slice(tail));
    while (tail < words.length - 1 && widthOf(rest(), size) > room) tail += 1;
    if (tail > head) return `${words.slice(0, head)}\n${rest()}`;
    // One long word: no letter of it stands alone.
    const middle = Math.ceil(words.length / 2);
    return `${words.slice(0, middle)}-\n${words.slice(middle)}`;
  }

  function makeBox(view, holder, axis, j) {
    const isParameter = space.isParameter(axis);
    const box = space.element("div", isParameter ? "space-box" : "space-box is-objective", holder);
    const name = space.element("button", "space-name", box);
    const title = space.element("b", "", name);
    const words = space.element("span", "", name);
    const badge = space.element("i", "", words, axis.choices.length ? "abc" : "123");
    const number = space.element("span", "", words);
    const bar = space.element("em", "", box);
    const menu = space.element("button", "space-more", box, "⋮");
    menu.setAttribute("aria-label", `Scale, direction and place of ${axis.label}`);
    menu.addEventListener("click", () => space.openMenu(view, j, menu));
    const made = { box, name, title, number, bar, badge };
    holdName(view, made, axis, j);
    return made;
  }

  /* ---- a name: click for focus, double click to flip, sideways to move ---- */
  function holdName(view, made, axis, j) {
    let start = null;
    let before = [];
    const isParameter = space.isParameter(axis);
    made.name.title = isParameter
      ? `${axis.label}: click to focus, drag sideways or press an arrow key to move, double click to turn round`
      : `${axis.label}: double click to turn round`;
    made.name.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !isParameter) return;
      start = { at: event.clientX, x: view.xs[j], isDragged: false };
      made.name.setPointerCapture(event.pointerId);
    });
    made.name.addEventListener("pointermove", (event) => {
      if (!start) return;
      const dx = event.clientX - start.at;
      if (!start.isDragged && Math.abs(dx) < DRAG_PX) return;
      start.isDragged = true;
      carry(view, j, start.x + dx);
    });
    const drop = () => {
      if (start && start.isDragged) {
        space.held = null;
        // It glides from where it was let go.
        view.targets = view.xs.slice();
        made.wasDragged = true;
        space.choose({ order: space.orderedKeys(view) });
      }
      start = null;
    };
    made.name.addEventListener("pointerup", drop);
    made.name.addEventListener("pointercancel", drop);
    made.name.addEventListener("click", (event) => {
      if (made.wasDragged) {
        made.wasDragged = false;
        return;
      }
      if (event.detail > 1) return;
      before = state.focus;
      if (isParameter) space.toggleFocus(axis.label);
    });
    if (isParameter) made.name.addEventListener("keydown", (event) => nudge(event, view, j));
    made.name.addEventListener("dblclick", () => {
      if (isParameter) space.setFocus(before);
      space.flip(axis.key);
    });
  }

  /** Arrow keys move the axis whose name has the keyboard. */
  function nudge(event, view, j) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const keys = space.orderedKeys(view);
    const from = keys.indexOf(view.meta.axes[j].key);
    const to = Math.min(keys.length - 1, Math.max(0, from + way));
    keys.splice(to, 0, ...keys.splice(from, 1));
    space.choose({ order: keys });
  }

  space.flip = function (key) {
    const { flips } = space.options();
    space.choose({ flips: { ...flips, [key]: !flips[key] } });
  };

  /** Hold axis j at pixel x: the others make room. */
  function carry(view, j, x) {
    const parameters = view.shown.filter((k) => space.isParameter(view.meta.axes[k]));
    const left = view.px("x", 0);
    const right = Math.max(...parameters.map((k) => view.targets[k]));
    space.held = { j, x: Math.min(right + 12, Math.max(left - 12, x)) };
    const others = parameters.filter((k) => k !== j);
    const pitch = parameters.length > 1 ? (right - left) / (parameters.length - 1) : 1;
    const place = Math.min(others.length, Math.max(0, Math.round((space.held.x - left) / pitch)));
    others.splice(place, 0, j);
    space.choose({ order: others.map((k) => view.meta.axes[k].key) }, true);
  }

  /* ---- drawing ---- */
  /** Draw the heads; `main` is the parameter whose pairs are shown. */
  space.drawHeads = function (view, main) {
    const parameters = view.meta.axes.filter(space.isParameter);
    const most = Math.max(...parameters.map((axis) => space.share(axis.label)), 1e-9);
    const width = Math.min(WIDEST_PX, space.pitch(view) - 4);
    view.meta.axes.forEach((axis, j) => drawHead(view, j, width, main, most));
  };

  function drawHead(view, j, width, main, most) {
    const axis = view.meta.axes[j];
    const { box, name, title, number, bar, badge } = heads.get(j);
    const isShown = view.shown.includes(j);
    box.style.display = isShown ? "" : "none";
    if (!isShown) return;
    const isUpright = width < UPRIGHT_PX;
    Object.assign(box.style, { left: `${view.xs[j]}px`, width: `${width}px` });
    box.classList.toggle("is-crowded", width < ROOMY_PX);
    box.classList.toggle("is-upright", isUpright);
    box.classList.toggle("is-held", Boolean(space.held && space.held.j === j));
    const room = width - (width < ROOMY_PX ? 5 : 12);
    const size = isUpright ? UPRIGHT_NAME_PX : fitting(axis.label, room);
    title.style.fontSize = `${size.toFixed(1)}px`;
    const words = isUpright ? axis.label : twoLines(axis, room, size);
    if (title.textContent !== words) title.textContent = words;
    const marks = [view.scales[j].isFlipped ? "↓" : "", scaleMark(axis)].join("");
    badge.textContent = `${axis.choices.length ? "abc" : "123"}${marks ? ` ${marks}` : ""}`;
    if (!space.isParameter(axis)) {
      number.textContent = width < ROOMY_PX ? "" : axis.isMaximised ? "max" : "min";
      return;
    }
    const isOn = state.focus.includes(axis.label);
    box.classList.toggle("is-on", isOn);
    name.setAttribute("aria-pressed", String(isOn));
    number.textContent = boxWords(axis.label, main, isOn, width);
    bar.style.width = space.known() ? `${(100 * space.share(axis.label)) / most}%` : "0";
  }

  /** The scale, where it is not the declared one. */
  function scaleMark(axis) {
    const name = space.scaleName(axis);
    return name === (axis.log ? "log" : "linear") ? "" : { linear: "lin", log: "log", quantile: "q" }[name];
  }

  function boxWords(name, main, isOn, width) {
    if (!space.known()) return "…";
    if (!space.hasShares()) return "";
    const isRoomy = width >= WORDS_PX;
    if (!state.focus.length || isOn) {
      return `${isOn && isRoomy ? "main " : ""}${space.share(name).toFixed(2)}`;
    }
    const share = space.pairShare(main, name);
    return share < 0.0005 ? "–" : `${isRoomy ? "pair " : ""}${share.toFixed(3)}`;
  }
})();

/* Search space overview: importance above the axes. Row 1 holds the single effects, each as wide as
   its share; row 2 one parameter enlarged and, left of a divider, what it does together with others,
   the strongest nearest; links lead to the axes; a ring says how much is explained. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const space = ht.space;

  const HOLDER = "space-boxes-div";
  const FOCUS = "page-focus-store";
  const SVG = "http://www.w3.org/2000/svg";
  const EDGE = 14;
  const RING = 38;
  const ROW1 = { top: 0, height: 15 };
  const ROW2 = { top: 22, height: 17 };
  const LEAST_PX = 5;
  const LEAST_MAIN_SHARE = 0.3;
  const GAP_PX = 2;
  const DIVIDER_PX = 13;
  const LABELLED_PX = 40;
  const LABELLED_ROW1_PX = 34;
  const ROOMY_PX = 58;
  const WORDS_PX = 86;
  const MOST_LINK_PX = 13;
  const DRAG_PX = 4;
  const NAME_PX = 11;
  const LEAST_NAME_PX = 8;
  let parts = null;

  /* ---- focus ---- */
  function setFocus(names) {
    ht.send(FOCUS, { names });
  }
  /** The last two clicked; a click on one of them takes it out. */
  function toggle(name) {
    const { focus } = state;
    if (focus.includes(name)) setFocus(focus.filter((other) => other !== name));
    else setFocus([...focus, name].slice(-2));
  }
  space.toggleFocus = toggle;

  /** The parameter row 2 enlarges: the first in focus, else the most important. */
  function enlarged(view) {
    const names = view.shown.map((j) => view.meta.axes[j]).filter(space.isParameter).map((a) => a.label);
    if (names.includes(state.focus[0])) return state.focus[0];
    return names.length ? names.reduce((a, b) => (space.share(b) >= space.share(a) ? b : a)) : null;
  }

  /* ---- elements ---- */
  function element(tag, className, parent, words) {
    const made = document.createElement(tag);
    made.className = className;
    if (words !== undefined) made.textContent = words;
    if (tag === "button") made.type = "button";
    parent.appendChild(made);
    return made;
  }
  function shape(tag, parent, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.appendChild(made);
    return made;
  }

  function make(view, holder) {
    holder.replaceChildren();
    const svg = shape("svg", holder, { class: "space-links", "aria-hidden": "true" });
    const found = { key: keyOf(view), svg, singles: new Map(), partners: new Map(), boxes: new Map(), links: new Map() };
    found.rest = element("div", "space-share is-rest", holder);
    found.divider = element("div", "space-divider", holder);
    found.main = element("button", "space-share is-main", holder);
    found.main.addEventListener("click", () => toggle(found.main.dataset.name));
    found.zoom = shape("path", svg, { class: "space-zoom" });
    found.ring = makeRing(holder);
    view.meta.axes.forEach((axis, j) => {
      if (space.isParameter(axis)) {
        const { label } = axis;
        found.links.set(label, shape("path", svg, { class: "space-link" }));
        found.singles.set(label, shareButton(holder, label, () => toggle(label)));
        found.partners.set(label, shareButton(holder, label, () => pair(view, label)));
      }
      found.boxes.set(j, makeBox(view, holder, axis, j));
    });
    return found;
  }

  function shareButton(holder, name, act) {
    const button = element("button", "space-share", holder);
    button.addEventListener("click", act);
    button.dataset.name = name;
    return button;
  }

  function pair(view, partner) {
    const main = enlarged(view);
    setFocus(state.focus[1] === partner ? [main] : [main, partner]);
  }

  function makeRing(holder) {
    const box = element("div", "space-ring", holder);
    const svg = shape("svg", box, { viewBox: "0 0 40 40", width: RING, height: RING });
    shape("circle", svg, { cx: 20, cy: 20, r: 17, class: "is-track" });
    const arc = shape("circle", svg, { cx: 20, cy: 20, r: 17, pathLength: 100, transform: "rotate(-90 20 20)" });
    const words = element("b", "", box);
    return { box, arc, words };
  }

  let measure = null;
  /** Size of type in which the longest part of a name fits into `room` pixels. */
  function fitting(label, room) {
    measure = measure || document.createElement("canvas").getContext("2d");
    measure.font = `600 ${NAME_PX}px ${getComputedStyle(document.body).fontFamily}`;
    const longest = Math.max(...label.split(/(?<=[_./-])/).map((word) => measure.measureText(word).width), 1);
    return Math.max(LEAST_NAME_PX, Math.min(NAME_PX, (NAME_PX * room) / longest)).toFixed(1);
  }

  /** A name may break after an underscore or a dot: boxes are narrow where axes are many. */
  const breakable = (name) => name.replace(/([_./-])/g, "$1\u200b");

  function makeBox(view, holder, axis, j) {
    const isParameter = space.isParameter(axis);
    const box = element("div", isParameter ? "space-box" : "space-box is-objective", holder);
    const name = element("button", "space-name", box);
    const title = element("b", "", name, breakable(axis.label));
    const words = element("span", "", name);
    const badge = element("i", "", words, axis.choices.length ? "abc" : "123");
    const number = element("span", "", words);
    const bar = element("em", "", box);
    const menu = element("button", "space-more", box, "⋮");
    menu.setAttribute("aria-label", `Scale and direction of ${axis.label}`);
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
      if (isParameter) toggle(axis.label);
    });
    if (isParameter) made.name.addEventListener("keydown", (event) => nudge(event, view, j));
    made.name.addEventListener("dblclick", () => {
      if (isParameter) setFocus(before);
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
    space.choose({ order: others.map((k) => view.meta.axes[k].key) });
  }

  /* ---- drawing ---- */
  const keyOf = (view) => JSON.stringify([view.meta.study, view.meta.axes.map((a) => [a.key, a.choices.length])]);

  space.drawBoxes = function (view) {
    const holder = document.getElementById(HOLDER);
    if (!holder) return;
    if (!parts || parts.key !== keyOf(view) || !holder.contains(parts.svg)) parts = make(view, holder);
    const width = view.width;
    const height = holder.clientHeight;
    parts.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const isKnown = Boolean(space.known() && Object.keys(space.known().singles).length);
    holder.classList.toggle("is-blank", !isKnown);
    holder.classList.toggle("is-unsure", isKnown && !space.known().hasRanks);
    const main = isKnown ? enlarged(view) : null;
    const right = width - EDGE - RING - 10;
    drawBoxes(view, main);
    if (!isKnown) return;
    const single = drawSingles(view, right);
    const doubles = drawPairs(view, main, right);
    drawRing(main);
    drawZoom(single.get(main), doubles.get(main));
    drawLinks(view, main, doubles);
  };

  function put(button, x, width, row, text) {
    Object.assign(button.style, { left: `${x}px`, width: `${width}px`, top: `${row.top}px` });
    Object.assign(button.style, { height: `${row.height}px`, lineHeight: `${row.height}px`, display: "" });
    if (button.textContent !== text) button.textContent = text;
  }

  /** Row 1; returns parameter -> [left, right]. */
  function drawSingles(view, right) {
    const names = view.meta.axes.filter(space.isParameter).map((a) => a.label);
    const drawn = view.shown.map((j) => view.meta.axes[j].label).filter((name) => names.includes(name));
    for (const name of names) if (!drawn.includes(name)) parts.singles.get(name).style.display = "none";
    const order = drawn.slice().sort((a, b) => space.share(a) - space.share(b) || drawn.indexOf(a) - drawn.indexOf(b));
    const rest = Math.max(0, 1 - order.reduce((sum, name) => sum + space.share(name), 0));
    const widths = shared([rest, ...order.map(space.share)], right - EDGE);
    let x = EDGE;
    const room = rest > 0.005 ? widths[0] : 0;
    put(parts.rest, x, room, ROW1, room > 150 ? "interactions and unexplained" : "");
    parts.rest.title = `Interactions and what no model explains: ${percent(rest)} of the variance`;
    x += widths[0] + GAP_PX;
    const places = new Map();
    order.forEach((name, k) => {
      const button = parts.singles.get(name);
      const w = widths[k + 1];
      put(button, x, w, ROW1, w > LABELLED_ROW1_PX ? name : "");
      button.classList.toggle("is-on", state.focus.includes(name));
      button.title = `${name} alone: ${percent(space.share(name))} of the variance`;
      places.set(name, [x, x + w]);
      x += w + GAP_PX;
    });
    return places;
  }

  /** Widths by share, none too narrow to be seen, together with their gaps as wide as `room`. */
  function shared(shares, room) {
    const free = room - GAP_PX * (shares.length - 1);
    const sum = shares.reduce((a, b) => a + b, 0) || 1;
    const raw = shares.map((share) => Math.max(LEAST_PX, (share / sum) * free));
    const excess = raw.reduce((a, b) => a + b, 0) - free;
    const spare = raw.reduce((a, w) => a + (w - LEAST_PX), 0) || 1;
    return raw.map((w) => w - (excess * (w - LEAST_PX)) / spare);
  }

  /** Widths of row 2: the enlarged parameter, the last, stays large enough to be read. */
  function pairWidths(shares, room) {
    const widths = shared(shares, room);
    const least = LEAST_MAIN_SHARE * room;
    if (widths[widths.length - 1] >= least) return widths;
    return [...shared(shares.slice(0, -1), room - least - GAP_PX), least];
  }

  /** Row 2; returns parameter -> [left, right]. */
  function drawPairs(view, main, right) {
    const names = [...parts.partners.keys()];
    const drawn = new Set(view.shown.map((j) => view.meta.axes[j].label));
    const partners = names
      .filter((name) => name !== main && drawn.has(name) && space.pairShare(main, name) > 0)
      .sort((a, b) => space.pairShare(main, a) - space.pairShare(main, b));
    for (const name of names) if (!partners.includes(name)) parts.partners.get(name).style.display = "none";
    const divided = partners.length ? DIVIDER_PX - 2 * GAP_PX : 0;
    const shares = [...partners.map((name) => space.pairShare(main, name)), space.share(main)];
    const widths = pairWidths(shares, right - EDGE - divided);
    const places = new Map();
    let x = EDGE;
    partners.forEach((name, k) => {
      const button = parts.partners.get(name);
      put(button, x, widths[k], ROW2, widths[k] > LABELLED_PX ? name : "");
      button.classList.add("is-pair");
      button.classList.toggle("is-on", state.focus[1] === name);
      button.title = `${main} and ${name} together, beyond each alone: ${percent(shares[k])} of the variance; click for the pair`;
      places.set(name, [x, x + widths[k]]);
      x += widths[k] + GAP_PX;
    });
    parts.divider.style.display = partners.length ? "" : "none";
    if (partners.length) {
      const middle = x + (DIVIDER_PX - 2 * GAP_PX) / 2 - GAP_PX / 2;
      Object.assign(parts.divider.style, { left: `${middle}px`, top: `${ROW2.top - 2}px`, height: `${ROW2.height + 4}px` });
      x += divided;
    }
    put(parts.main, x, right - x, ROW2, `${main} ${space.share(main).toFixed(2)}`);
    parts.main.dataset.name = main;
    parts.main.title = `${main} alone: ${percent(space.share(main))} of the variance`;
    parts.main.classList.toggle("is-on", state.focus.includes(main));
    places.set(main, [x, right]);
    return places;
  }

  const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

  function drawRing(main) {
    const [first, second] = state.focus.filter((name) => parts.singles.has(name));
    let share = space.known().explained;
    let words = "All single and pair effects";
    if (second) {
      share = space.share(first) + space.share(second) + space.pairShare(first, second);
      words = `${first}, ${second} and their interaction`;
    } else if (first) {
      share = space.share(first);
      words = `${main} alone`;
    }
    const shown = Math.min(1, Math.max(0, share));
    parts.ring.arc.setAttribute("stroke-dasharray", `${100 * shown} 100`);
    parts.ring.words.textContent = shown.toFixed(2);
    parts.ring.box.classList.toggle("is-on", Boolean(first));
    parts.ring.box.title = `${words}: ${percent(share)} of the variance explained`;
  }

  function drawZoom(from, to) {
    if (!from || !to) return;
    const [a, b] = [ROW1.top + ROW1.height, ROW2.top];
    parts.zoom.setAttribute("d", `M${from[0]} ${a}L${from[1]} ${a}L${to[1]} ${b}L${to[0]} ${b}Z`);
  }

  function drawLinks(view, main, places) {
    const top = ROW2.top + ROW2.height;
    const holder = document.getElementById(HOLDER);
    const bottom = holder.clientHeight - parseFloat(getComputedStyle(holder).getPropertyValue("--box-height"));
    const sizes = [...places].map(([name]) => (name === main ? space.share(main) : space.pairShare(main, name)));
    const most = Math.max(...sizes, 1e-9);
    for (const [name, path] of parts.links) {
      const place = places.get(name);
      const j = view.meta.axes.findIndex((axis) => axis.key === `param:${name}`);
      if (!place || Number.isNaN(view.xs[j])) {
        path.setAttribute("d", "");
        continue;
      }
      const share = name === main ? space.share(main) : space.pairShare(main, name);
      const w = Math.max(1, (MOST_LINK_PX * share) / most);
      const x0 = (place[0] + place[1]) / 2;
      const x1 = view.xs[j];
      const middle = (top + bottom) / 2;
      path.setAttribute("d", `M${x0} ${top}C${x0} ${middle} ${x1} ${middle} ${x1} ${bottom}`);
      path.setAttribute("stroke-width", w.toFixed(1));
      path.setAttribute("class", name === main ? "space-link is-main" : "space-link");
      path.classList.toggle("is-on", state.focus.includes(name));
    }
  }

  function drawBoxes(view, main) {
    const most = Math.max(...[...parts.singles.keys()].map(space.share), 1e-9);
    const pitch = view.shown.length > 1 ? (view.px("x", 1) - view.px("x", 0)) / (view.shown.length - 1) : 96;
    const width = Math.min(98, pitch - 4);
    view.meta.axes.forEach((axis, j) => {
      const { box, name, title, number, bar, badge } = parts.boxes.get(j);
      const isShown = view.shown.includes(j);
      box.style.display = isShown ? "" : "none";
      if (!isShown) return;
      Object.assign(box.style, { left: `${view.xs[j]}px`, width: `${width}px` });
      box.classList.toggle("is-crowded", width < ROOMY_PX);
      title.style.fontSize = `${fitting(axis.label, width - (width < ROOMY_PX ? 10 : 14))}px`;
      box.classList.toggle("is-held", Boolean(space.held && space.held.j === j));
      const isFlipped = view.scales[j].isFlipped;
      const marks = [isFlipped ? "↓" : "", scaleMark(axis)].join("");
      badge.textContent = `${axis.choices.length ? "abc" : "123"}${marks ? ` ${marks}` : ""}`;
      if (!space.isParameter(axis)) {
        number.textContent = width < ROOMY_PX ? "" : space.isMaximised() ? "max" : "min";
        return;
      }
      const isOn = state.focus.includes(axis.label);
      box.classList.toggle("is-on", isOn);
      name.setAttribute("aria-pressed", String(isOn));
      number.textContent = boxWords(axis.label, main, isOn, width);
      bar.style.width = space.known() ? `${(100 * space.share(axis.label)) / most}%` : "0";
    });
  }

  /** The scale, where it is not the declared one. */
  function scaleMark(axis) {
    const name = space.scaleName(axis);
    return name === (axis.log ? "log" : "linear") ? "" : { linear: "lin", log: "log", quantile: "q" }[name];
  }

  function boxWords(name, main, isOn, width) {
    if (!space.known() || !(name in space.known().singles)) return space.known() ? "" : "…";
    const isRoomy = width >= WORDS_PX;
    if (!state.focus.length || isOn) {
      return `${isOn && isRoomy ? "main " : ""}${space.share(name).toFixed(2)}`;
    }
    const share = space.pairShare(main, name);
    return share < 0.0005 ? "–" : `${isRoomy ? "pair " : ""}${share.toFixed(3)}`;
  }
})();

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
  // Of many boxes each must still be seen, and together they must not lie about the shares.
  const LEAST_PX = 5;
  const LEAST_OF_MANY_PX = 2;
  const MANY = 14;
  // More would fill the row with their gaps alone.
  const MOST = 60;
  const CHAR_PX = 6;
  const LEAST_MAIN_SHARE = 0.3;
  const GAP_PX = 2;
  const DIVIDER_PX = 13;
  const LABELLED_PX = 40;
  const LABELLED_ROW1_PX = 34;
  const MOST_LINK_PX = 13;
  let parts = null;

  /* ---- focus ---- */
  function setFocus(names) {
    state.focus = names; // at once: on a busy page a second click comes before the store has answered
    ht.send(FOCUS, { names });
  }
  space.setFocus = setFocus;
  /** The last two clicked; a click on one of them takes it out. */
  function toggle(name) {
    const { focus } = state;
    if (focus.includes(name)) setFocus(focus.filter((other) => other !== name));
    else setFocus([...focus.filter((other) => parts.singles.has(other)), name].slice(-2));
  }
  space.toggleFocus = toggle;

  /** Parameters that have a share: all that vary, with or without an axis, in the order of axes. */
  function sharers(view) {
    const { axes } = view.meta;
    const shown = view.shown.map((j) => axes[j]);
    const all = [...axes.filter((axis) => !axis.isConstant && !shown.includes(axis)), ...shown];
    return all.filter(space.isParameter).map((axis) => axis.label);
  }

  /** The parameter row 2 enlarges: the first in focus, else the most important. */
  function enlarged(view) {
    const names = sharers(view);
    if (names.includes(state.focus[0])) return state.focus[0];
    return names.length ? names.reduce((a, b) => (space.share(b) >= space.share(a) ? b : a)) : null;
  }

  /* ---- elements ---- */
  space.element = function (tag, className, parent, words) {
    const made = ht.made(tag, className, words);
    parent.appendChild(made);
    return made;
  };
  const { element } = space;
  function shape(tag, parent, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    parent.appendChild(made);
    return made;
  }

  function make(view, holder) {
    holder.replaceChildren();
    const svg = shape("svg", holder, { class: "space-links", "aria-hidden": "true" });
    const found = { key: keyOf(view), svg, singles: new Map(), partners: new Map(), links: new Map() };
    found.hint = element("p", "space-hint", holder);
    found.rest = element("div", "space-share is-rest", holder);
    found.divider = element("div", "space-divider", holder);
    found.main = element("button", "space-share is-main", holder);
    found.main.addEventListener("click", () => toggle(found.main.dataset.name));
    found.zoom = shape("path", svg, { class: "space-zoom" });
    found.ring = makeRing(holder);
    view.meta.axes.filter(space.isParameter).forEach(({ label }) => {
      found.links.set(label, shape("path", svg, { class: "space-link" }));
      found.singles.set(label, shareButton(holder, label, () => toggle(label)));
      found.partners.set(label, shareButton(holder, label, () => pair(view, label)));
    });
    space.makeHeads(view, holder);
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

  /* ---- drawing ---- */
  const keyOf = (view) => JSON.stringify([view.meta.study, view.meta.axes.map((a) => [a.key, a.choices.length])]);

  space.drawBoxes = function (view) {
    const holder = document.getElementById(HOLDER);
    if (!holder) return;
    if (!parts || parts.key !== keyOf(view) || !holder.contains(parts.svg)) parts = make(view, holder);
    const width = view.width;
    const height = holder.clientHeight;
    parts.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const isKnown = space.hasShares();
    const isComing = !space.known() || !space.known().isFinal;
    parts.hint.textContent = isComing ? "importance is being computed" : "too little is known for importance";
    holder.classList.toggle("is-blank", !isKnown);
    holder.classList.toggle("is-unsure", isKnown && !space.known().hasRanks);
    const main = isKnown ? enlarged(view) : null;
    const right = width - EDGE - RING - 10;
    space.drawHeads(view, main);
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

  /** Of a name too long for its box what tells it from its like. */
  function shortened(view, name, width) {
    const { telling } = view.meta.axes.find((axis) => axis.label === name);
    return name.length * CHAR_PX <= width || telling === name ? name : `…${telling}`;
  }

  /** Row 1; returns parameter -> [left, right]. */
  function drawSingles(view, right) {
    const names = sharers(view);
    const ranked = names.slice().sort((a, b) => space.share(a) - space.share(b) || names.indexOf(a) - names.indexOf(b));
    const order = ranked.slice(-MOST);
    for (const [name, button] of parts.singles) if (!order.includes(name)) button.style.display = "none";
    const rest = Math.max(0, 1 - order.reduce((sum, name) => sum + space.share(name), 0));
    const widths = shared([rest, ...order.map(space.share)], right - EDGE);
    let x = EDGE;
    const room = rest > 0.005 ? widths[0] : 0;
    put(parts.rest, x, room, ROW1, room > 150 ? "interactions and unexplained" : "");
    const lesser = ranked.length - order.length;
    const others = lesser ? `, ${lesser} lesser parameters` : "";
    parts.rest.title = `Interactions${others} and what no model explains: ${percent(rest)} of the variance`;
    x += widths[0] + GAP_PX;
    const places = new Map();
    order.forEach((name, k) => {
      const button = parts.singles.get(name);
      const w = widths[k + 1];
      put(button, x, w, ROW1, w > LABELLED_ROW1_PX ? shortened(view, name, w) : "");
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
    const least = shares.length > MANY ? LEAST_OF_MANY_PX : LEAST_PX;
    const raw = shares.map((share) => Math.max(least, (share / sum) * free));
    const excess = raw.reduce((a, b) => a + b, 0) - free;
    const spare = raw.reduce((a, w) => a + (w - least), 0) || 1;
    return raw.map((w) => w - (excess * (w - least)) / spare);
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
    const drawn = new Set(sharers(view));
    const partners = names
      .filter((name) => name !== main && drawn.has(name) && space.pairShare(main, name) > 0)
      .sort((a, b) => space.pairShare(main, a) - space.pairShare(main, b))
      .slice(-MOST);
    for (const name of names) if (!partners.includes(name)) parts.partners.get(name).style.display = "none";
    const divided = partners.length ? DIVIDER_PX - 2 * GAP_PX : 0;
    const shares = [...partners.map((name) => space.pairShare(main, name)), space.share(main)];
    const widths = pairWidths(shares, right - EDGE - divided);
    const places = new Map();
    let x = EDGE;
    partners.forEach((name, k) => {
      const button = parts.partners.get(name);
      put(button, x, widths[k], ROW2, widths[k] > LABELLED_PX ? shortened(view, name, widths[k]) : "");
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

})();

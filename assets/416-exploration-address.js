/* Exploration overview, what the reader chose: kept in the address, so that a link and the back
   button bring it back. The components stay the one place where a choice is made; this script is
   told of every change and, when the address says otherwise, sets them. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;
  const explore = ht.exploration;

  const ID = {
    x: "exploration-x-select",
    order: "exploration-order-select",
    metric: "exploration-metrics-select",
    zoom: "exploration-zoom-button",
    moved: "exploration-moved-store",
    story: "exploration-story-modal",
    compare: "exploration-compare-modal",
    compared: "exploration-compared-store",
  };
  const DEFAULT = {
    x: "method",
    order: "importance",
    metric: "-",
    isZoomed: false,
    moved: [],
    story: -1,
    compared: [],
  };
  const SELECTS = ["x", "order", "metric"];
  let clicks = 0;
  let isMounted = false;
  let awaited = -1; // the trial of a story that is told once its study is here
  let comparing = []; // the studies of a comparison that the server is about to open
  let wanted = { ...DEFAULT };
  let current = "";
  let isByHand = false;

  /** Choices as text, those that are the default left out. */
  function textOf(choices) {
    const own = Object.keys(DEFAULT).filter(
      (key) => JSON.stringify(choices[key]) !== JSON.stringify(DEFAULT[key]),
    );
    return own.length ? JSON.stringify(Object.fromEntries(own.map((key) => [key, choices[key]]))) : "";
  }

  /** The choices of a link; what it can not mean counts as not said. */
  function choicesOf(text) {
    let said = {};
    try {
      said = JSON.parse(text || "{}") || {};
    } catch {
      // Cut short on its way: the defaults hold.
    }
    const isFit = (key) =>
      typeof said[key] === typeof DEFAULT[key] && Array.isArray(said[key]) === Array.isArray(DEFAULT[key]);
    const fit = Object.keys(DEFAULT).filter(isFit);
    return { ...DEFAULT, ...Object.fromEntries(fit.map((key) => [key, said[key]])) };
  }

  const set = (id, props) => window.dash_clientside.set_props(id, props);

  function apply() {
    for (const key of SELECTS) set(ID[key], { value: wanted[key] });
    if ((clicks % 2 === 1) !== wanted.isZoomed) set(ID.zoom, { n_clicks: clicks + 1 });
    ht.send(ID.moved, { names: wanted.moved, order: wanted.order });
    if (wanted.story < 0) set(ID.story, { is_open: false });
    awaited = wanted.story;
    comparing = wanted.compared;
    if (comparing.length) ht.send(ID.compared, { studies: comparing });
    else set(ID.compare, { is_open: false });
    tell();
  }

  function tell() {
    if (awaited >= 0 && state.data && state.data.study === ht.address.study()) {
      explore.tell(awaited);
      awaited = -1;
    }
  }
  ht.onData(tell);

  ht.address.part("explore", {
    read(text) {
      if (text === current) return;
      current = text;
      wanted = choicesOf(text);
      if (isMounted) apply();
    },
    write: () => current,
  });

  /** What Dash calls whenever a choice changed. */
  function chosen(x, order, metric, pressed, moved, isOpen, isComparing, studies, story) {
    clicks = pressed || 0;
    if (!isMounted) {
      isMounted = true;
      if (current) apply();
      return;
    }
    const names = moved && moved.order === order ? moved.names : [];
    if (isComparing) comparing = [];
    const text = textOf({
      x,
      order,
      metric,
      isZoomed: clicks % 2 === 1,
      moved: names,
      story: isOpen && story ? story.row : awaited,
      compared: isComparing ? studies || [] : comparing,
    });
    if (text === current || !state.data) return;
    current = text;
    ht.address.write(!isByHand);
    isByHand = false;
  }
  window.dash_clientside = Object.assign(window.dash_clientside || {}, { htExploration: { chosen } });

  // Going back stops at what a reader did, not at what followed from it.
  const BAR = ".exploration-bar, #exploration-frame-graph, #exploration-compare-button, .exploration-dialog";
  for (const kind of ["change", "click", "pointerup", "dblclick", "keydown"]) {
    document.addEventListener(
      kind,
      (event) => (isByHand = isByHand || Boolean(event.target.closest && event.target.closest(BAR))),
      true,
    );
  }
})();

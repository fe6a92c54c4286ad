/* The page around the views: which study is shown, what changed on the server, chips in words,
   keys, theme, and the state in the address so that a link or the back button restores it. */
(function () {
  "use strict";
  const ht = window.ht;
  const state = ht.state;

  const PULSE_MS = 1000;
  const START_MS = 30;
  const PATIENCE_MS = 15000;
  const AGAIN_MS = 2000;
  const THEME_KEY = "hypertendril-theme";
  const ID = {
    shown: "page-shown-store",
    selection: "page-selection-store",
    pulse: "page-pulse-store",
    derived: "page-derived-store",
    theme: "page-theme-store",
    chips: "page-chips-div",
    count: "page-count-span",
    root: "page-root-div",
    awaited: "control-awaited-store",
    notice: "page-notice-toast",
    focus: "page-focus-store",
  };
  let pulse = null;
  let shown = null;
  let wanted = null;
  let awaited = null;
  let loading = 0;
  let ready = 0;
  const kept = new Map();
  // Ids of the studies shown so far, each once, the latest last.
  let visited = [];

  /* ---- theme ---- */
  const preferred = () =>
    localStorage.getItem(THEME_KEY) ||
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  function applyTheme(name) {
    document.documentElement.dataset.bsTheme = name;
    ht.themeChanged();
  }
  applyTheme(preferred());

  /* ---- address ---- */
  // A link may have been cut short: what can't be read is not there.
  function parsed(text) {
    try {
      return JSON.parse(text || "[]");
    } catch {
      return [];
    }
  }

  ht.address.part("brushes", {
    read(text, study) {
      const brushes = parsed(text);
      if (study) kept.set(study, Array.isArray(brushes) ? brushes : []);
    },
    write: () => (state.selection.brushes.length ? JSON.stringify(state.selection.brushes) : ""),
  });

  /* The parameters in focus: no step of their own for the back button, which brings back those of
     the moment it goes to. */
  let linkedFocus = [];
  let hasFocusStore = false;
  ht.address.part("focus", {
    read(text) {
      const names = parsed(text);
      linkedFocus = Array.isArray(names) ? names.filter((name) => typeof name === "string").slice(0, 2) : [];
      if (hasFocusStore && JSON.stringify(linkedFocus) !== JSON.stringify(state.focus)) {
        ht.send(ID.focus, { names: linkedFocus });
      }
    },
    write() {
      // Before the page has its stores, a link's is all that is known.
      const names = hasFocusStore ? state.focus : linkedFocus;
      return names.length ? JSON.stringify(names) : "";
    },
  });

  function focusChanged(told) {
    if (!told) return;
    const isFirst = !hasFocusStore;
    hasFocusStore = true;
    state.focus = told.names || [];
    if (isFirst && linkedFocus.length) ht.send(ID.focus, { names: linkedFocus });
    else if (state.data) ht.address.write(true);
    ht.themeChanged();
  }

  // What the page was opened with: the study of a link, and what its views kept.
  let linked = ht.address.study();
  ht.address.read();

  /* ---- selection ---- */
  ht.selectionChanged = function (isSilent) {
    kept.set(state.selection.study, state.selection.brushes);
    ht.send(ID.selection, state.selection);
    ht.address.write(isSilent);
  };

  function restore(study, brushes) {
    const before = state.selection.brushes;
    // Another study than the address names was chosen just now: going back shall stop there.
    const isSilent = [null, study].includes(ht.address.study());
    state.selection = { ...ht.selection.empty(study), brushes: usable(brushes) };
    // The server takes brushes of another study for none: without any there is nothing to tell.
    if (before.length || state.selection.brushes.length) ht.setBrushes(state.selection.brushes, isSilent);
    else ht.address.write(isSilent);
  }

  /** Brushes the shown study has columns for: a link may be older than the study. */
  const usable = (brushes) => brushes.filter((brush) => ht.selection.isUsable(brush, state.data));

  window.addEventListener("popstate", () => {
    ht.address.read();
    const study = ht.address.study();
    if (study && study !== state.selection.study) ht.show(study);
    else if (state.data) restore(state.selection.study, kept.get(state.selection.study) || []);
  });

  /* ---- which study ---- */
  let askedAt = 0;
  /** Whether the figures asked for last have come. Dash drops the answer to a question that is
      asked anew: of a study that grows each second a busy server's answers would all be dropped. */
  function isAnswered() {
    const isOld = ({ gd }) => {
      const { study, version } = (gd && gd.layout && gd.layout.meta) || {};
      return version !== undefined && (study !== wanted.study || version < wanted.version);
    };
    return !ht.debug.views.some(isOld) || performance.now() - askedAt > PATIENCE_MS;
  }

  ht.show = function (study) {
    if (!pulse || !(study in pulse.studies)) return;
    const next = { study, version: pulse.studies[study] };
    // Asked for twice, all views would be drawn twice: Dash compares no contents.
    const isSame = wanted && wanted.study === next.study;
    if (isSame && (wanted.version === next.version || !isAnswered())) return;
    wanted = next;
    visited = [...visited.filter((one) => one !== study), study];
    askedAt = performance.now();
    ht.send(ID.shown, next);
  };

  async function load(next) {
    const ticket = ++loading;
    const data = await ht.fetchColumns(next.study, next.version);
    if (ticket !== loading) return;
    const isOther = !state.data || state.data.study !== data.study;
    ht.setData(data);
    if (isOther) restore(data.study, kept.get(data.study) || []);
    drawChips();
  }

  function shownChanged(next) {
    if (!next || !next.study) return;
    wanted = next;
    if (shown && shown.study === next.study && shown.version === next.version) return;
    shown = next;
    load(next).catch((error) => {
      console.warn(`columns: ${error.message}`);
      // The study may never change again: nothing else would ask.
      setTimeout(() => again(next), AGAIN_MS);
    });
  }

  function again(missed) {
    if (shown !== missed) return;
    shown = null;
    shownChanged(missed);
  }

  /* ---- pulse ---- */
  let isBeating = false;
  /** Ask what is new, unless an answer is on its way: of two the older could come last. */
  async function beat() {
    if (document.hidden || isBeating) return;
    isBeating = true;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(`${ht.prefix()}_ht/pulse${ht.awaited()}`, { signal })
      .then((reply) => (reply.ok ? reply.json() : null))
      .catch(() => null);
    isBeating = false;
    const { classList } = document.documentElement;
    const isBack = classList.contains("is-offline") && answer;
    classList.toggle("is-offline", !answer);
    if (answer) take(answer);
    if (isBack && wanted) askAgain();
  }

  /** What was asked while the server was away got no answer. */
  function askAgain() {
    shown = null;
    ht.send(ID.shown, { ...wanted });
  }

  function take({ derived, under_way: underWay, ...rest }) {
    ht.underWay(underWay);
    // What was computed in the background concerns other views than what is new in the studies.
    if (derived !== ready) ht.send(ID.derived, derived);
    ready = derived;
    if (JSON.stringify(pulse) === JSON.stringify(rest)) {
      if (wanted && rest.studies[wanted.study] !== wanted.version) follow();
      return;
    }
    pulse = rest;
    ht.send(ID.pulse, rest);
    follow();
  }

  function follow() {
    document.documentElement.classList.toggle("has-no-study", !pulse.first);
    const asked = linked in pulse.studies ? linked : null;
    linked = null;
    if (awaited && awaited in pulse.studies) {
      ht.show(awaited);
      ht.send(ID.awaited, null);
    } else if (asked) ht.show(asked);
    else if (!wanted) ht.show(pulse.first);
    else if (!(wanted.study in pulse.studies)) leave();
    else ht.show(wanted.study);
  }

  /** Go back to the study shown before one that is open no more; who closed it elsewhere is not
      who looks here. */
  function leave() {
    if (ht.closing !== wanted.study && state.data) {
      const children = `${state.data.name} is not open any more.`;
      window.dash_clientside.set_props(ID.notice, { children, is_open: true });
    }
    visited = visited.filter((study) => study in pulse.studies);
    const next = visited.at(-1) || pulse.first;
    if (next) ht.show(next);
    else showNone();
  }

  function showNone() {
    wanted = shown = null;
    ht.setBrushes([], true);
    history.replaceState(null, "", location.pathname + location.search);
    ht.send(ID.shown, null);
  }

  /* ---- chips ---- */
  let chipsDrawn = "";
  let drawnFor = [];
  function drawChips() {
    const holder = document.getElementById(ID.chips);
    const count = document.getElementById(ID.count);
    if (!holder || !state.data) return;
    // A hover changes none of these; writing the same words again would lay out the page.
    const from = [holder, state.data, state.count, state.selection, state.preview];
    if (from.every((one, k) => one === drawnFor[k])) return;
    drawnFor = from;
    const brushes = ht.activeBrushes();
    const words = brushes.map((brush) => ht.brushWords(brush, state.data));
    const total = state.data.n;
    count.textContent = brushes.length
      ? `${state.count.toLocaleString("en")} of ${total.toLocaleString("en")} trials selected`
      : `${total.toLocaleString("en")} ${total === 1 ? "trial" : "trials"}`;
    const key = JSON.stringify(words);
    if (key === chipsDrawn) return;
    chipsDrawn = key;
    holder.replaceChildren(...words.map((text, index) => chip(text, index)));
  }

  function chip(text, index) {
    const button = ht.made("button", "chip", "", {
      title: `${text} – click to remove (Escape removes the last)`,
      "aria-label": `Remove ${text}`,
    });
    button.append(ht.made("span", "", text), ht.made("i", "", "×"));
    button.addEventListener("click", () => ht.removeBrush(index));
    return button;
  }
  ht.onChange(drawChips);

  /* ---- keys ---- */
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.key !== "Escape" || (target.closest && target.closest(".modal, .offcanvas"))) return;
    if (ht.abandonDrag()) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) {
      target.blur();
      return;
    }
    if (state.selection.brushes.length) ht.removeBrush(state.selection.brushes.length - 1);
  });

  /* ---- what Dash calls ---- */
  function highlightedChanged(told) {
    if (!told) return;
    state.highlighted = told.rows || [];
    ht.themeChanged();
  }
  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    ht: {
      shownChanged,
      awaitedChanged(study) {
        awaited = study || null;
      },
      focusChanged,
      highlightedChanged,
      themeSwitched(clicks) {
        const name = clicks
          ? document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark"
          : preferred();
        if (clicks) localStorage.setItem(THEME_KEY, name);
        applyTheme(name);
        return name;
      },
    },
  });

  const starting = setInterval(() => {
    const isReady = window.dash_clientside.set_props && document.getElementById(ID.root);
    if (!isReady) return;
    clearInterval(starting);
    ready = Number(document.getElementById(ID.root).dataset.derived);
    beat();
    setInterval(beat, PULSE_MS);
  }, START_MS);
  document.addEventListener("visibilitychange", beat);
})();

/* Hyperparameter importance: the ranked effects as buttons of the focus, the words around them, and
   how far a computation is that takes long. */
(function () {
  "use strict";
  const ht = window.ht;
  const { made } = ht;

  const LIST = "importance-ranking-div";
  const FOCUS = "page-focus-store";
  const COMMAND = "importance-command-store";
  let awaited = "";

  const percent = (share) => `${(100 * share).toFixed(1)}%`;

  /* ---- clicks ---- */
  document.addEventListener("click", ({ target }) => {
    const effect = target.closest(".effect[data-names]");
    if (effect) ht.send(FOCUS, { names: JSON.parse(effect.dataset.names) });
    const ranges = target.closest(".importance-ranges [data-ranges]");
    if (ranges) ht.space.choose({ ranges: ranges.dataset.ranges });
    const command = target.closest("[data-importance]");
    if (!command) return;
    const { importance, ticket } = command.dataset;
    ht.send(COMMAND, { do: importance, ticket, at: Date.now() });
  });

  /* ---- one line each ---- */
  function summary({ explained, r2, trust, surrogate, scope, title }) {
    const line = made("p", "importance-note", "", { title });
    line.append(made("b", "", explained), " explained · R² ", made("b", "", r2), ` (${trust}) · ${surrogate}`);
    if (scope) line.append(made("span", "importance-scope", ` · ${scope}`));
    return line;
  }

  const warning = ({ text, title }) =>
    // Cut in a small panel; with the focus it is whole.
    made("p", "importance-warning", text, { title, tabindex: 0 });

  function bar({ length, band }) {
    const holder = made("span", "effect-bar");
    const filled = made("i");
    filled.style.width = percent(length);
    holder.append(filled);
    if (band) {
      const interval = made("em");
      interval.style.left = percent(band[0]);
      interval.style.right = percent(1 - band[1]);
      holder.append(interval);
    }
    holder.append(made("s")); // where "no effect" ends
    return holder;
  }

  function effect(line) {
    const kind = line.names.length > 1 ? "pair" : "single";
    const button = made("button", `effect ${kind}${line.isOn ? " on" : ""}`, "", {
      title: line.title,
      "data-names": JSON.stringify(line.names),
      "aria-pressed": String(line.isOn),
    });
    const names = made("span", "effect-name");
    line.labels.forEach((label, k) => {
      if (k) names.append(made("i", "", "×"));
      names.append(made("span", "", label));
    });
    button.append(names, bar(line), made("span", "effect-share", line.share));
    return button;
  }

  function shadow({ title }) {
    const line = made("p", "importance-shadow", "", { title });
    line.append(made("i"), "no effect");
    return line;
  }

  /* ---- promising ranges: the one that is meant, here and in the Search space overview ---- */
  function promising(kinds) {
    const holder = made("div", "importance-ranges", "", { role: "group", "aria-label": "Promising ranges" });
    holder.append(...kinds.map(promisingLine), made("p"));
    holder.kinds = kinds;
    return holder;
  }

  function promisingLine({ kind, name, keeps, inside, title }) {
    const line = made("button", "", "", { title, "data-ranges": kind });
    const first = made("span", "");
    first.append(made("i", `is-${kind}`), name);
    const kept = made("span", "", keeps);
    const held = made("span", "", inside);
    kept.prepend(made("em", "", "keeps "));
    held.append(made("em", "", " best"));
    line.append(first, kept, held);
    return line;
  }

  function markMeant() {
    const holder = document.querySelector(`#${LIST} .importance-ranges`);
    if (!holder) return;
    const { kind, gain } = ht.space.meant(holder.kinds);
    const words = gain ? `expected there ${gain} better` : "";
    if (holder.lastChild.textContent !== words) holder.lastChild.textContent = words;
    for (const line of holder.querySelectorAll("button")) {
      line.setAttribute("aria-pressed", String(line.dataset.ranges === kind));
    }
  }
  ht.onChange(markMeant);

  /* ---- work that takes long ---- */
  function message(text) {
    return made("p", "importance-note", text);
  }

  function work(ticket) {
    const holder = made("div", "importance-work", "", { hidden: "" });
    const track = made("span", "importance-progress", "", {
      role: "progressbar",
      "aria-label": "Computing the importance",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
    });
    track.append(made("span"));
    holder.append(track, command("stop", "stop", "Stop the computation", ticket));
    return holder;
  }

  const command = (verb, words, title, ticket) =>
    made("button", "pill", words, { title, "data-importance": verb, "data-ticket": ticket });

  /** Words for the pulse: what this page waits for. */
  ht.awaited = () => (awaited ? `?awaited=${encodeURIComponent(awaited)}` : "");

  /** What the pulse says of work that takes over a second: ticket to share. */
  ht.underWay = function (shares) {
    const holder = document.querySelector(`#${LIST} .importance-work`);
    if (!holder) return;
    const share = shares && shares[awaited];
    holder.hidden = share === undefined;
    if (holder.hidden) return;
    const track = holder.querySelector(".importance-progress");
    track.firstElementChild.style.width = percent(Math.max(share, 0.02));
    track.setAttribute("aria-valuenow", String(Math.round(100 * share)));
  };

  /* ---- the whole list ---- */
  function ranking(told) {
    const holder = document.getElementById(LIST);
    if (!told || !holder) return;
    awaited = told.awaited;
    const effects = made("div", told.isSure ? "importance-effects" : "importance-effects unsure");
    if (told.shadow) effects.style.setProperty("--shadow", percent(told.shadow.at));
    effects.append(...told.effects.map(effect));
    // The first warning is the gravest and may not be overlooked; the others may wait below.
    const [first, ...others] = told.warnings.map(warning);
    const parts = [
      ...told.messages.map(message),
      told.awaited && work(told.awaited),
      told.restart && command("restart", "compute", "Compute the importance", told.restart),
      told.summary && summary(told.summary),
      first,
      told.effects.length && effects,
      told.shadow && shadow(told.shadow),
      ...others,
      told.promising.length && promising(told.promising),
    ];
    const focused = holder.contains(document.activeElement) && document.activeElement.dataset.names;
    const { scrollTop } = holder;
    holder.replaceChildren(...parts.filter(Boolean));
    holder.scrollTop = scrollTop;
    markMeant();
    if (focused) {
      const same = [...holder.querySelectorAll(".effect")].find((e) => e.dataset.names === focused);
      if (same) same.focus({ preventScroll: true });
    }
  }

  window.dash_clientside = Object.assign(window.dash_clientside || {}, { htImportance: { ranking } });
})();

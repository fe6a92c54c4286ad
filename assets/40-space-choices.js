/* Search space overview: what a person chose of its axes (order, direction, scale, which are shown) and
   which promising ranges are meant, here and in Hyperparameter importance.
   It stands in the address, so that a link or the back button restores it, and is remembered for each
   study as long as the page's tab lives. */
(function () {
  "use strict";
  const ht = window.ht;
  const space = ht.space;

  const KEPT = "hypertendril-space:";
  const SCALES = ["linear", "log", "quantile"];
  /** Axes shown: the most important that fit, all that vary, all; or a list of keys. */
  const SHOWN = ["fit", "varying", "all"];
  /** Which promising ranges: of the best trials, or one of the model's two opinions. */
  const RANGES = ["quantiles", "marginal", "joint"];
  const blank = () => ({ order: null, flips: {}, scales: {}, shown: "fit", isBundled: false, ranges: RANGES[0] });
  let options = blank();
  let optionsOf = null;

  space.options = () => options;
  /** Of some promising ranges those that are meant; the first where there are none such. */
  space.meant = (promising) => promising.find(({ kind }) => kind === options.ranges) || promising[0];

  const keysIn = (list) => (Array.isArray(list) ? list.filter((key) => typeof key === "string") : null);
  const entriesOf = (value, isGood) =>
    Object.fromEntries(Object.entries(Object(value)).filter(([, part]) => isGood(part)));

  /** The choices a text tells of, as far as they mean something; it may come from anywhere. */
  function parsed(text) {
    let raw = {};
    try {
      raw = Object(JSON.parse(text || "{}"));
    } catch {
      // Half a link: none.
    }
    return {
      order: keysIn(raw.order),
      flips: entriesOf(raw.flips, (isFlipped) => isFlipped === true),
      scales: entriesOf(raw.scales, (name) => SCALES.includes(name)),
      shown: keysIn(raw.shown) || (SHOWN.includes(raw.shown) ? raw.shown : "fit"),
      isBundled: raw.isBundled === true,
      ranges: RANGES.includes(raw.ranges) ? raw.ranges : RANGES[0],
    };
  }

  /** What differs from the usual, as text; nothing if nothing does. */
  function textOf(chosen) {
    const usual = blank();
    const parts = Object.entries(chosen).filter(([key, part]) => JSON.stringify(part) !== JSON.stringify(usual[key]));
    return parts.length ? JSON.stringify(Object.fromEntries(parts)) : "";
  }

  function remember(study, chosen) {
    try {
      sessionStorage.setItem(KEPT + study, textOf(chosen));
    } catch {
      // A full or forbidden storage: the choice lasts until another study is shown.
    }
  }
  const remembered = (study) => parsed(sessionStorage.getItem(KEPT + study));

  /** Take up what was chosen for the study that is shown now. */
  space.recall = function (study) {
    if (optionsOf === study) return;
    optionsOf = study;
    options = remembered(study);
  };

  /** Change what was chosen; axes that get another place glide there. `isUnderWay`: more is to come. */
  space.choose = function (change, isUnderWay) {
    options = { ...options, ...change };
    if (!isUnderWay) {
      options = parsed(textOf(options));
      remember(optionsOf, options);
      ht.address.write();
    }
    space.refresh();
  };

  ht.address.part("axes", {
    read(text, study) {
      if (!study) return;
      const chosen = parsed(text);
      remember(study, chosen);
      if (study !== optionsOf) return;
      options = chosen;
      space.refresh();
    },
    write() {
      const { study } = ht.state.selection;
      return textOf(study === optionsOf ? options : remembered(study));
    },
  });
})();

/* The form of the next study in the Control panel: in a low window it begins folded away, so that
   the ranges of the search space are in sight; its heading then tells what it holds. */
(function () {
  "use strict";

  const FORM = "control-form-details";
  const LOW_PX = 900;
  let isBegun = false;

  function outline(objective, method, trials, methods) {
    const form = document.getElementById(FORM);
    if (!isBegun && innerHeight < LOW_PX) form.open = false;
    isBegun = true;
    const { label } = methods.find(({ value }) => value === method) || { label: "" };
    return [label, `${trials} trials`, objective || "no objective fits"].filter(Boolean).join(" · ");
  }

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    htNextForm: { outline },
  });
})();

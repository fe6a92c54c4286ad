/* The tree of studies follows the page: the study that is shown is in sight; clicks in it. */
(function () {
  "use strict";
  const ht = window.ht;

  const STUDIES = "control-studies-div";
  const START_MS = 200;
  let shown = null;

  function follow(holder) {
    const row = holder.querySelector(".study.is-shown");
    const id = row && row.firstElementChild.dataset.study;
    if (!row || id === shown) return;
    shown = id;
    const top = row.offsetTop - holder.offsetTop;
    const isAbove = top < holder.scrollTop;
    const isBelow = top + row.offsetHeight > holder.scrollTop + holder.clientHeight;
    if (isAbove || isBelow) holder.scrollTop = top - holder.clientHeight / 3;
  }

  /* A button that is drawn anew between press and release gets no click: what holds it does. */
  const same = (a, b) => JSON.stringify(a.dataset) === JSON.stringify(b.dataset);
  let pressed = null;
  document.addEventListener("pointerdown", (event) => { pressed = event.target; }, true);
  ht.clicked = function (event, selector) {
    const found = event.target.closest(selector);
    if (found || !pressed || event.detail === 0) return found;
    const before = pressed.closest(selector);
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const now = before && under && under.closest(selector);
    return now && same(before, now) ? now : null;
  };

  document.addEventListener("click", (event) => {
    const button = ht.clicked(event, "[data-study], [data-cancel]");
    if (!button) return;
    const { study, cancel } = button.dataset;
    if (study) {
      ht.send("control-awaited-store", null);
      ht.show(study);
    } else ht.send("control-cancel-store", { job: cancel, at: Date.now() });
  });

  const starting = setInterval(() => {
    const holder = document.getElementById(STUDIES);
    if (!holder) return;
    clearInterval(starting);
    new MutationObserver(() => follow(holder)).observe(holder, { childList: true, subtree: true });
    follow(holder);
  }, START_MS);
})();

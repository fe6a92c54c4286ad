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

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-study], [data-cancel]");
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

/* Diagnosis: the trials a finding rests on are selected in all views. */
(function () {
  "use strict";
  const ht = window.ht;

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-diagnosis-rows]");
    if (!button || !ht.state.data) return;
    const trials = button.dataset.diagnosisRows.split(",").map(Number);
    ht.commitBrush({ view: "diagnosis", kind: "trials", trials });
  });
})();

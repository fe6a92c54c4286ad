/* The tree of studies and the queue: drawn line by line, the shown study in sight; clicks in them. */
(function () {
  "use strict";
  const ht = window.ht;

  const { made } = ht;

  const STUDIES = "control-studies-div";
  const JOBS = "control-jobs-div";
  const INDENT_PX = 12;
  const WELCOME = [
    "No study yet.",
    "Drop results here, open them by their path,",
    "or run a registered objective below.",
  ];
  const OTHERS = "importance-others-select";
  const MOST_TOGETHER = 8;
  let shown = null;
  /** Ids of the studies whose importance is judged together with that of the shown one. */
  let together = [];

  /** Bring the study that is shown into sight, once. */
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

  /* ---- a line of the tree ---- */
  const action = (words, label, data) =>
    made("button", "pill", words, { title: label, "aria-label": label, ...data });
  const stop = (words, label, job) => action(words, label, { "data-cancel": job });
  const resume = ({ id, name }) =>
    action("resume", `Resume ${name}`, { "data-do": "resume", "data-job": id });

  const dismiss = ({ id, name }) =>
    action("dismiss", `Dismiss ${name}`, { "data-do": "dismiss", "data-job": id });

  function progress(share) {
    const bar = made("span", "study-bar");
    const filled = made("span");
    filled.style.width = `${(100 * Math.min(Math.max(share, 0), 1)).toFixed(1)}%`;
    bar.append(filled);
    return bar;
  }

  function studyButton(line) {
    const button = made("button", "study-button", "", {
      title: line.isShown ? line.title : `${line.title}\n${line.isTogether ? APART : TOGETHER}`.trim(),
      "aria-current": String(line.isShown),
      "data-study": line.id,
    });
    button.append(
      made("span", `dot is-${line.state}`),
      made("b", "", line.name),
      made("span", "study-meta", line.meta),
      made("span", "study-best", line.best),
    );
    // Beside the button that stops it there is no room for what its second line tells anyway.
    button.classList.toggle("is-told-below", line.progress !== null);
    if (line.detail) button.append(made("span", "study-detail", line.detail));
    if (line.progress !== null) button.append(progress(line.progress));
    return button;
  }

  function studyRow(line) {
    if (line.words) return made("div", "control-more", line.words);
    if (line.closed) return closedRow(line.closed);
    const row = made("div", line.isShown ? "study is-shown" : line.isTogether ? "study is-together" : "study");
    row.style.paddingLeft = `${INDENT_PX * line.depth}px`;
    row.append(studyButton(line));
    if (line.job !== null) row.append(stop("stop", `Stop ${line.name}`, line.job));
    if (line.state === "paused") row.append(resume(line));
    if (line.actions.length) {
      // The menu itself opens outside of the list.
      const menu = {
        "aria-label": `More of ${line.name}`,
        "aria-haspopup": "menu",
        "data-menu": line.id,
        "data-actions": line.actions.join(" "),
      };
      row.append(made("button", "study-menu", "⋯", menu));
    }
    return row;
  }

  function closedRow(count) {
    const words = count === 1 ? "1 study is closed " : `${count} studies are closed `;
    const row = made("div", "control-more", words);
    row.append(made("button", "pill", "show", { "data-do": "show-closed" }));
    return row;
  }

  function welcome() {
    const block = made("div", "control-welcome");
    block.append(...WELCOME.map((words) => made("p", "", words)));
    return block;
  }

  /* ---- a line of the queue ---- */
  function jobRow(line) {
    if (line.heading) return made("h3", "control-heading", line.heading);
    const row = made("div", "job");
    row.append(
      made("span", `dot is-${line.state}`),
      made("b", "", line.name),
      made("span", "study-meta", line.detail),
    );
    if (line.can_cancel) row.append(stop("cancel", `Cancel ${line.name}`, line.id));
    if (line.can_resume) row.append(resume(line));
    if (line.can_dismiss) row.append(dismiss(line));
    if (line.message) row.append(made("span", "job-message", line.message, { title: line.message }));
    return row;
  }

  function drawLists(lists, showing, picked) {
    together = picked || [];
    if (!lists) return;
    const holder = document.getElementById(STUDIES);
    const id = showing && showing.study;
    const rows = lists.studies.map((line) => {
      const isTogether = together.includes(line.id);
      return { ...line, isShown: line.id === id, isTogether };
    });
    if (lists.older) rows.push({ words: `and ${lists.older.toLocaleString("en")} older studies` });
    if (!rows.length) rows.push({ isEmpty: true });
    if (lists.closed) rows.push({ closed: lists.closed });
    ht.drawLines(holder, rows, (line) => (line.isEmpty ? welcome() : studyRow(line)));
    follow(holder);
    const jobs = lists.jobs.length ? [{ heading: "Queue" }, ...lists.jobs] : [];
    ht.drawLines(document.getElementById(JOBS), jobs, jobRow);
  }
  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    htControl: { lists: drawLists },
  });

  /* ---- studies together ---- */
  const TOGETHER = "Ctrl-click: importance of the study shown and of this one together";
  const APART = "Its importance is judged together with the study shown; Ctrl-click: no more";
  const NEEDED = "both need trials, the same leading objective and a parameter in common";
  const say = (children) => window.dash_clientside.set_props("control-message-div", { children });

  // As many as the chooser in Hyperparameter importance names.
  const MOST_OFFERED = 40;
  const isStudy = (value) => !value.startsWith("studies:") && !value.startsWith("[");

  /** Put a study together with the one shown, or take it out again. */
  function toggleTogether(study, name) {
    const offered = [...document.getElementById(OTHERS).options].map(({ value }) => value);
    // A long list is cut: whether a study fits that is not in it the server knows.
    const can = offered.includes(study) || offered.filter(isStudy).length >= MOST_OFFERED;
    const isIn = together.includes(study);
    if (study === ht.state.selection.study) return;
    if (!isIn && !can) {
      say(`${name} cannot be judged together with the study shown: ${NEEDED}.`);
      return;
    }
    if (!isIn && together.length + 1 >= MOST_TOGETHER) {
      say(`At most ${MOST_TOGETHER} studies can be judged together.`);
      return;
    }
    const ids = isIn ? together.filter((id) => id !== study) : [...together, study];
    const value = ids.length > 1 ? JSON.stringify(ids) : ids[0] || "studies:alone";
    window.dash_clientside.set_props(OTHERS, { value });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-study], [data-cancel]");
    if (!button) return;
    const { study, cancel } = button.dataset;
    if (study && (event.ctrlKey || event.metaKey || event.shiftKey)) {
      toggleTogether(study, button.querySelector("b").textContent);
    } else if (study) {
      ht.send("control-awaited-store", null);
      ht.show(study);
    } else ht.send("control-cancel-store", { job: cancel, at: Date.now() });
  });
})();

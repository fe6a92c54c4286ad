/* The next study's space in the Control panel: a row a parameter, with the bar of its range to
   drag and the bounds to type. What was edited goes to the server, which says what is wrong. */
(function () {
  "use strict";
  const ht = window.ht;
  const { made } = ht;

  const HOLDER = "control-space-div";
  const EDITS = "control-edits-store";
  // More choices than this scroll inside their row.
  const FEW_CHOICES = 8;
  const DIGITS = 3;
  const LEAST_PERCENT = 3;
  let edits = {};

  function edit(key, content) {
    edits = { ...edits, [key]: { ...edits[key], ...content } };
    ht.send(EDITS, edits);
  }

  function placeBar(bar, place) {
    bar.hidden = !place;
    if (!place) return;
    bar.style.left = `${place[0]}%`;
    bar.style.width = `${place[1]}%`;
  }

  /* ---- a range ---- */
  function valueAt({ declared: [low, high], isLog, isInt }, share) {
    const value = isLog ? low * (high / low) ** share : low + share * (high - low);
    if (isInt) return String(Math.round(value));
    const text = String(Number(value.toPrecision(DIGITS)));
    const isWithin = Number(text) >= low && Number(text) <= high;
    return isWithin ? text : String(share < 0.5 ? low : high);
  }

  /** Let the nearer end of the bar follow the pointer, shares of the track from 0 to 1. */
  function dragged(event, row, track, bar, inputs) {
    const box = track.getBoundingClientRect();
    const share = (x) => Math.min(Math.max((x - box.left) / box.width, 0), 1);
    const place = bar.hidden
      ? [0, 100]
      : [parseFloat(bar.style.left), parseFloat(bar.style.width)];
    const ends = [place[0] / 100, (place[0] + place[1]) / 100];
    const start = share(event.clientX);
    const end = Math.abs(start - ends[0]) <= Math.abs(start - ends[1]) ? 0 : 1;
    const name = ["low", "high"][end];
    const move = ({ clientX }) => {
      const gap = LEAST_PERCENT / 100;
      const now = share(clientX);
      ends[end] = end ? Math.max(now, ends[0] + gap) : Math.min(now, ends[1] - gap);
      inputs[name].value = valueAt(row, ends[end]);
      placeBar(bar, [100 * ends[0], 100 * (ends[1] - ends[0])]);
    };
    const release = () => {
      track.removeEventListener("pointermove", move);
      edit(row.key, { [name]: inputs[name].value });
    };
    track.setPointerCapture(event.pointerId);
    track.addEventListener("pointermove", move);
    track.addEventListener("lostpointercapture", release, { once: true });
    move(event);
    event.preventDefault();
  }

  function bound(row, name) {
    const label = made("label");
    const input = made("input", "ht-input is-number", "", { inputmode: "decimal", autocomplete: "off" });
    input.value = row[name];
    input.addEventListener("change", () => edit(row.key, { [name]: input.value }));
    label.append(made("span", "visually-hidden", `${row.name}: ${name}`), input);
    return { label, input };
  }

  function range(row) {
    const scale = row.isLog ? "logarithmic; " : "";
    const track = made("div", "range-bar", "", { title: `${scale}drag an end to narrow the range` });
    const bar = made("span");
    placeBar(bar, row.bar);
    track.append(bar);
    const low = bound(row, "low");
    const high = bound(row, "high");
    const inputs = { low: low.input, high: high.input };
    track.addEventListener("pointerdown", (event) => dragged(event, row, track, bar, inputs));
    return [track, low.label, high.label];
  }

  /* ---- choices ---- */
  function choices(row) {
    const group = made("div", row.choices.length > FEW_CHOICES ? "choices is-many" : "choices");
    const boxes = row.choices.map((words, code) => {
      const label = made("label", "choice", "", { title: words });
      const box = made("input", "choice-input", "", { type: "checkbox" });
      box.checked = row.kept.includes(code);
      label.append(box, words);
      group.append(label);
      return box;
    });
    group.addEventListener("change", () => {
      edit(row.key, { choices: [...boxes.keys()].filter((code) => boxes[code].checked) });
    });
    return [group];
  }

  const CONTENT = {
    range,
    choices,
    inactive: () => [made("span", "range-note", "never active")],
  };

  function drawRows(rows) {
    const holder = document.getElementById(HOLDER);
    edits = {};
    const nodes = (rows || []).map((row) => {
      const node = made("div", row.kind === "range" ? "range-row" : `range-row is-${row.kind}`);
      node.dataset.row = row.key;
      node.append(made("span", "range-name", row.name, { title: row.title }), ...CONTENT[row.kind](row));
      return node;
    });
    holder.replaceChildren(...nodes);
  }

  function drawBars(bars) {
    for (const [key, place] of Object.entries(bars || {})) {
      const bar = document.querySelector(`#${HOLDER} [data-row="${key}"] .range-bar > span`);
      if (bar) placeBar(bar, place);
    }
  }

  window.dash_clientside = Object.assign(window.dash_clientside || {}, {
    htNextSpace: { rows: drawRows, bars: drawBars },
  });
})();

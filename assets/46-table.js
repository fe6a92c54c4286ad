/* The table of selected experiments: rows take part in hover and picking like every other mark. */
(function () {
  "use strict";
  const ht = (window.ht = window.ht || {});

  const TABLE = "selected-trials-table";
  const OPEN = "selected-open-store";
  const MENU = "selected-menu-div";
  const MENU_BUTTON = "selected-menu-button";
  const FIELDS = "selected-columns-div";
  const CLEAR = "selected-clear-button";
  // A second click within this time asks for details instead of picking.
  const DOUBLE_CLICK_MS = 240;
  const NO_CLICK = { row: -1, pending: 0, before: null };

  /* ---- what AG Grid's columns call ---- */
  const figure = (value) => (value === null || value === undefined ? null : Number(value));
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  /** Figures of a column share their decimals (`context.decimals`), where one number serves all. */
  functions.htNumber = (value, context) => {
    if (value === null || value === undefined) return "–";
    const number = Number(value);
    const decimals = context ? context.decimals : null;
    const isFixed = Number.isInteger(decimals) && Number.isFinite(number);
    if (!isFixed) return ht.number(number);
    const text = number.toFixed(decimals);
    return decimals === 0 ? text.replace(/\B(?=(\d{3})+$)/g, ",") : text;
  };
  functions.htFigure = figure;
  functions.htChoice = (params) => {
    const code = params.data[params.colDef.field];
    return code === null || code === undefined ? "" : params.colDef.refData[code];
  };
  /** Numeric order; what is missing stays last in both directions. */
  functions.htCompare = (a, b, nodeA, nodeB, isDescending) => {
    const x = figure(a);
    const y = figure(b);
    if (x === null || y === null) {
      if (x === y) return 0;
      return (x === null) === isDescending ? -1 : 1;
    }
    return x === y ? 0 : x < y ? -1 : 1;
  };

  /* ---- rows ---- */
  const table = () => document.getElementById(TABLE);
  const rowOf = (target) => {
    const element = target.closest && target.closest(".ag-row[row-id]");
    return element ? Number(element.getAttribute("row-id")) : -1;
  };
  const inTable = (event) => event.target.closest && event.target.closest(`#${TABLE}`);
  const openDetails = (row) => {
    const study = ht.state.data && ht.state.data.study;
    ht.send(OPEN, { study, row, at: Date.now() });
  };

  /* The click a second may follow. On a busy page the second comes after the first has picked, and
     maybe over another row: then it takes the pick back. */
  let first = NO_CLICK;

  function clicked(row, isAdditive) {
    if (row >= 0) clearTimeout(first.pending);
    const click = { ...NO_CLICK, row };
    first = click;
    if (row < 0) return;
    click.pending = setTimeout(() => {
      click.before = ht.state.selection.brushes;
      ht.pickTrial(row, isAdditive, "selected");
    }, DOUBLE_CLICK_MS);
  }

  function doubleClicked() {
    const { row, pending, before } = first;
    if (row < 0) return;
    clearTimeout(pending);
    if (before) ht.setBrushes(before, true);
    first = NO_CLICK;
    openDetails(row);
  }

  document.addEventListener("pointerover", (event) => {
    if (inTable(event)) ht.setHover(rowOf(event.target), TABLE);
  });
  document.addEventListener("pointerout", (event) => {
    const to = event.relatedTarget;
    if (inTable(event) && !(to && to.closest(`#${TABLE}`))) ht.setHover(-1, TABLE);
  });
  document.addEventListener("click", (event) => {
    if (!inTable(event)) return;
    if (event.detail > 1) doubleClicked();
    else clicked(rowOf(event.target), event.shiftKey || event.ctrlKey || event.metaKey);
  });
  /* AG Grid lets Tab walk through every cell, thousands of them: here it is one stop among the
     others of the page, and arrows walk inside. */
  const STOPS = "a[href], button, input, select, summary, textarea, [tabindex]";

  function leave(event) {
    const holder = table();
    const isStop = (e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true });
    const stops = [...document.querySelectorAll(STOPS)].filter((e) => isStop(e) && !holder.contains(e));
    const isAfter = (e) => holder.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING;
    const next = event.shiftKey ? stops.findLast((e) => !isAfter(e)) : stops.find(isAfter);
    if (!next) return;
    next.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  document.addEventListener("keydown", (event) => {
    if (!inTable(event)) return;
    if (event.key === "Tab" && event.target.closest(".ag-row, .ag-header-cell")) leave(event);
    const row = rowOf(event.target);
    if (row < 0) return;
    if (event.key === "Enter") openDetails(row);
    else if (event.key === " ") ht.pickTrial(row, event.shiftKey, "selected");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  /* A trial hovered elsewhere is marked here, if its row is on the screen. */
  let marked = -1;
  function mark() {
    const row = ht.state.hover;
    if (row === marked) return;
    const holder = table();
    if (!holder) return;
    holder.querySelectorAll(".ag-row.is-hovered").forEach((e) => e.classList.remove("is-hovered"));
    if (row >= 0) {
      holder.querySelectorAll(`.ag-row[row-id="${row}"]`).forEach((e) => e.classList.add("is-hovered"));
    }
    marked = row;
  }
  function showClear() {
    const button = document.getElementById(CLEAR);
    if (button) button.hidden = ht.state.selection.brushes.length === 0;
  }
  ht.onChange(() => {
    mark();
    showClear();
  });

  /* ---- menu of columns ---- */
  const api = () => window.dash_ag_grid && window.dash_ag_grid.getApi(TABLE);

  function menuRow(grid, column) {
    const line = ht.made("div");
    const definition = column.getColDef();
    const label = ht.made("label", "", "", { title: definition.headerTooltip || "" });
    const box = ht.made("input", "", "", { type: "checkbox" });
    box.checked = column.isVisible();
    box.addEventListener("change", () => grid.setColumnsVisible([column.getColId()], box.checked));
    label.append(box, definition.headerName || definition.field);
    const pin = ht.made("button", "pill");
    const show = () => {
      pin.textContent = column.isPinned() ? "unpin" : "pin";
      pin.setAttribute("aria-pressed", String(Boolean(column.isPinned())));
    };
    pin.addEventListener("click", () => {
      grid.setColumnsPinned([column.getColId()], column.isPinned() ? null : "left");
      show();
    });
    show();
    line.append(label, pin);
    return line;
  }

  function toggleMenu(isOpen) {
    const menu = document.getElementById(MENU);
    const grid = api();
    if (!menu || !grid) return;
    menu.hidden = !isOpen;
    const lines = isOpen ? grid.getColumns().map((column) => menuRow(grid, column)) : [];
    document.getElementById(FIELDS).replaceChildren(...lines);
  }

  document.addEventListener("click", (event) => {
    const menu = document.getElementById(MENU);
    if (!menu || !event.target.closest) return;
    if (event.target.closest(`#${MENU_BUTTON}`)) toggleMenu(menu.hidden);
    else if (!menu.hidden && !event.target.closest(`#${MENU}`)) toggleMenu(false);
    if (event.target.closest(`#${CLEAR}`)) ht.clear();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.getElementById(MENU);
    const close = document.querySelector(".detail.show .btn-close");
    if (menu && !menu.hidden) toggleMenu(false);
    else if (close) {
      close.click();
      // The keyboard goes back to the page at once, not when the drawer has slid away.
      if (document.activeElement) document.activeElement.blur();
    } else return;
    // What is open goes first; the next Escape clears a brush.
    event.stopPropagation();
  }, true);

  /* ---- copying ---- */
  async function copy(button) {
    const source = button.parentElement.querySelector(".detail-configuration");
    let words = "Copied";
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // Without a secure origin there is no clipboard: select the text for the person to copy.
      getSelection().selectAllChildren(source);
      words = "Press Ctrl+C";
    }
    const before = button.textContent;
    button.textContent = words;
    setTimeout(() => (button.textContent = before), 1500);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-copy]");
    if (button) copy(button);
  });
})();

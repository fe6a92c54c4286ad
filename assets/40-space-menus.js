/* Search space overview: the menu of an axis, the list of axes, the choice of promising ranges. */
(function () {
  "use strict";
  const ht = window.ht;
  const space = ht.space;
  const { element } = space;

  const EDGE_PX = 8;
  const HIGHEST_PX = 420;
  let menu = null;
  let opener = null;

  function close() {
    if (menu) menu.remove();
    if (opener) opener.setAttribute("aria-expanded", "false");
    menu = opener = null;
  }
  document.addEventListener("pointerdown", (event) => {
    if (menu && !menu.contains(event.target) && !opener.contains(event.target)) close();
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !menu) return;
      opener.focus();
      close();
      event.stopPropagation();
    },
    true,
  );

  /** Open a menu below a button, filled by `fill`; a second time closes it. */
  function open(button, fill) {
    const wasOpen = opener === button;
    close();
    if (wasOpen) return;
    opener = button;
    opener.setAttribute("aria-expanded", "true");
    menu = element("div", "space-menu", document.body);
    menu.setAttribute("role", "menu");
    fill();
    const at = button.getBoundingClientRect();
    menu.style.left = `${Math.min(at.left, window.innerWidth - menu.offsetWidth - EDGE_PX)}px`;
    menu.style.top = `${at.bottom + 2}px`;
    menu.style.maxHeight = `${Math.min(HIGHEST_PX, window.innerHeight - at.bottom - EDGE_PX)}px`;
    menu.querySelector("button").focus();
  }

  /** One line of the menu, which closes it. */
  function entry(words, act) {
    const button = element("button", "", menu, words);
    button.setAttribute("role", "menuitem");
    button.addEventListener("click", () => {
      close();
      act();
    });
    return button;
  }

  function mark(button, isOn) {
    button.classList.toggle("is-on", isOn);
    button.setAttribute("aria-checked", String(isOn));
  }

  /** One of several, of which one is chosen. */
  function choice(words, isOn, act) {
    const button = entry(words, act);
    button.setAttribute("role", "menuitemradio");
    mark(button, isOn);
    return button;
  }

  /** Something that is on or off; the menu stays. */
  function check(words, isOn, act) {
    const button = element("button", "", menu, words);
    button.setAttribute("role", "menuitemcheckbox");
    mark(button, isOn);
    button.addEventListener("click", act);
    return button;
  }

  /* ---- one axis ---- */
  space.openMenu = function (view, j, button) {
    const axis = view.meta.axes[j];
    const { scales, flips } = space.options();
    open(button, () => {
      for (const name of space.scaleNames(axis)) {
        const declared = name === (axis.log ? "log" : "linear");
        const words = name + (declared && space.isParameter(axis) ? " (declared)" : "");
        const chosen = { scales: { ...scales, [axis.key]: declared ? undefined : name } };
        choice(words, name === space.scaleName(axis), () => space.choose(chosen));
      }
      check("turned round", Boolean(flips[axis.key]), () => {
        close();
        space.flip(axis.key);
      });
      const others = space.orderedKeys(view).filter((key) => key !== axis.key);
      if (space.isParameter(axis) && others.length) entry("hide", () => space.choose({ shown: others }));
    });
  };

  /* ---- promising ranges ---- */
  space.openRanges = (button) =>
    open(button, () => {
      const meant = space.promising();
      for (const one of space.known().promising) {
        const row = choice(one.name, one === meant, () => space.choose({ ranges: one.kind }));
        row.title = one.title;
        const words = [`keeps ${one.keeps}`, `${one.inside} best`, one.gain];
        element("span", "", row, words.filter(Boolean).join(" · "));
      }
      entry("brush all of these", () => space.refineAll(space.view)).title = meant.title;
    });

  /* ---- all axes ---- */
  const SETS = [
    ["fit", "most important that fit"],
    ["varying", "all that vary"],
    ["all", "all, constant ones too"],
  ];

  space.openAxes = (view, button) => open(button, () => listAxes(view));

  function listAxes(view) {
    const { shown } = space.options();
    for (const [name, words] of SETS) choice(words, shown === name, () => space.choose({ shown: name }));
    const parameters = view.meta.axes.filter(space.isParameter);
    const ranked = parameters.slice().sort((a, b) => space.share(b.label) - space.share(a.label));
    for (const axis of ranked) {
      const isShown = space.orderedKeys(view).includes(axis.key);
      const row = check(axis.label, isShown, () => toggle(view, axis.key, row));
      row.title = axis.label;
      const share = space.known() ? space.share(axis.label).toFixed(2) : "";
      element("span", "", row, axis.isConstant ? "constant" : share);
    }
  }

  /** Show or hide one axis; the last one stays. */
  function toggle(view, key, row) {
    const isOn = row.getAttribute("aria-checked") === "true";
    const keys = space.orderedKeys(view).filter((other) => other !== key);
    if (isOn && !keys.length) return;
    mark(row, !isOn);
    for (const set of menu.querySelectorAll("[role=menuitemradio]")) mark(set, false);
    space.choose({ shown: isOn ? keys : [...keys, key] });
  }
})();

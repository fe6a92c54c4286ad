/* What the page shows, in its address: a link or the back button brings it back. The page and the
   views each keep a part of it, under a word of their own. */
(function () {
  "use strict";
  const ht = window.ht;

  const parts = new Map();
  const words = () => new URLSearchParams(location.hash.slice(1));

  ht.address = {
    /** Id of the study it names, null for none. */
    study: () => words().get("study"),

    /** Keep something under `key`. `write()` returns it as text for the study that is shown, ""
        for nothing to keep; `read(text, study)` takes what a link or the back button brought. */
    part(key, { read, write }) {
      parts.set(key, { read, write });
    },

    /** Hand every part what the address says. */
    read() {
      const now = words();
      for (const [key, part] of parts) part.read(now.get(key) || "", now.get("study"));
    },

    /** Write what every part keeps; silently where going back should not stop at it. */
    write(isSilent) {
      const now = new URLSearchParams({ study: ht.state.selection.study });
      for (const [key, part] of parts) {
        const text = part.write();
        if (text) now.set(key, text);
      }
      const hash = `#${now}`;
      if (hash === location.hash) return;
      history[isSilent ? "replaceState" : "pushState"](null, "", hash);
    },
  };
})();

/* Results come in and go out: files dropped on the Control panel, menus of the lists, downloads. */
(function () {
  "use strict";
  const ht = window.ht;

  const PANEL = ".ht-panel-a";
  const UPLOAD = "control-upload-div";
  const SLICE_BYTES = 8 * 2 ** 20;
  const WORDS = {
    pause: "Pause",
    resume: "Resume",
    steer: "Workers, trials …",
    cancel: "Stop the study",
    columns: "Columns …",
    "export-json": "Save as JSON",
    "export-csv": "Save as CSV",
    "export-parquet": "Save as Parquet",
    "export-optuna": "Save as Optuna storage",
    close: "Close",
  };
  const command = (data) => ht.send("control-command-store", { ...data, at: Date.now() });
  const { made } = ht;

  /* ---- buttons in lists that are drawn anew ---- */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do], [data-menu]");
    if (!button) return;
    if (button.dataset.menu) openMenu(button);
    else command(button.dataset);
  });

  /* ---- the menu of a study ---- */
  let menu = null;

  function closeMenu(isBack) {
    if (!menu) return;
    const { node, study } = menu;
    menu = null;
    node.remove();
    // The list may have been drawn anew: the button is another one now.
    const button = isBack && document.querySelector(`[data-menu="${CSS.escape(study)}"]`);
    if (button) button.focus();
  }

  function openMenu(button) {
    const { menu: study, actions } = button.dataset;
    if (menu && menu.study === study) return closeMenu(true);
    closeMenu(false);
    const node = made("div", "ht-menu");
    node.setAttribute("role", "menu");
    for (const action of actions.split(" ")) {
      const item = made("button", "", WORDS[action] || action);
      item.setAttribute("role", "menuitem");
      item.addEventListener("click", () => {
        closeMenu(true);
        act(action, study);
      });
      node.append(item);
    }
    document.body.append(node);
    const place = button.getBoundingClientRect();
    const top = Math.min(place.bottom + 2, innerHeight - node.offsetHeight - 8);
    node.style.top = `${Math.max(8, top)}px`;
    node.style.left = `${Math.max(8, place.right - node.offsetWidth)}px`;
    menu = { node, study };
    node.firstElementChild.focus();
  }

  function act(action, study) {
    if (action.startsWith("export-")) save(study, action.slice(7));
    else if (action === "cancel") ht.send("control-cancel-store", { job: study, at: Date.now() });
    else {
      if (action === "close") ht.closing = study;
      command({ do: action, study, job: study });
    }
  }

  document.addEventListener("pointerdown", (event) => {
    if (menu && !menu.node.contains(event.target) && !event.target.closest("[data-menu]")) {
      closeMenu(false);
    }
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (!menu) return;
      const items = [...menu.node.children];
      const at = items.indexOf(document.activeElement);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") closeMenu(true);
      else if (event.key === "Tab") return closeMenu(false);
      else if (step) items[(at + step + items.length) % items.length].focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  async function save(study, format) {
    const url = `${ht.prefix()}_ht/export/${encodeURIComponent(study)}?format=${format}`;
    say("Writing …");
    try {
      const reply = await fetch(url);
      if (!reply.ok) throw new Error(await reply.text());
      const name = /filename="([^"]+)"/.exec(reply.headers.get("Content-Disposition") || "");
      ht.offer(await reply.blob(), name ? name[1] : `study.${format}`);
      say("");
    } catch (error) {
      say(error.message, { isError: true });
    }
  }

  /* ---- files on their way ---- */
  let upload = null;

  function say(text, { isError = false, share = null } = {}) {
    const holder = document.getElementById(UPLOAD);
    if (!holder) return;
    holder.replaceChildren();
    if (!text) return;
    const row = made("div", isError ? "notice is-problem" : "notice");
    row.append(made("span", "notice-words", text));
    const button = made("button", "pill", share === null ? "Dismiss" : "Cancel");
    button.addEventListener("click", () => (share === null ? say("") : upload && upload.abort()));
    row.append(button);
    if (share !== null) {
      const bar = made("span", "study-bar");
      const filled = made("span");
      filled.style.width = `${(100 * share).toFixed(1)}%`;
      bar.append(filled);
      row.append(bar);
    }
    holder.append(row);
  }

  function newBatch() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function request(method, address, body, signal) {
    const reply = await fetch(address, { method, body, signal });
    if (!reply.ok) throw new Error(await reply.text());
  }

  /** Send files ({path, file} each) slice by slice, then let the server open them. */
  async function send(files) {
    if (!files.length) return;
    if (upload) return say("Wait until the files before have arrived.", { isError: true });
    const batch = newBatch();
    const address = `${ht.prefix()}_ht/upload/${batch}`;
    const total = files.reduce((sum, { file }) => sum + file.size, 0) || 1;
    const words = files.length === 1 ? files[0].path : `${files.length} files`;
    let sent = 0;
    upload = new AbortController();
    try {
      for (const { path, file } of files) {
        for (let offset = 0; offset === 0 || offset < file.size; offset += SLICE_BYTES) {
          say(`Sending ${words}`, { share: sent / total });
          const slice = file.slice(offset, offset + SLICE_BYTES);
          const query = new URLSearchParams({ path, offset });
          await request("PUT", `${address}?${query}`, slice, upload.signal);
          sent += slice.size;
        }
      }
      await request("POST", address, null, upload.signal);
      say("");
      ht.send("control-dropped-store", { batch });
    } catch (error) {
      request("DELETE", address).catch(() => {});
      if (error.name === "AbortError") say("");
      else say(error instanceof TypeError ? "The server can't be reached." : error.message, { isError: true });
    } finally {
      upload = null;
    }
  }

  /* ---- what was dropped: files, and folders with all that is in them ---- */
  const read = (reader) => new Promise((done, failed) => reader.readEntries(done, failed));
  const fileOf = (entry) => new Promise((done, failed) => entry.file(done, failed));

  async function filesIn(entry) {
    const path = entry.fullPath.replace(/^\//, "");
    if (entry.isFile) return [{ path, file: await fileOf(entry) }];
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const entries = await read(reader);
      if (!entries.length) return found;
      for (const child of entries) found.push(...(await filesIn(child)));
    }
  }

  async function dropped(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    const plain = [...transfer.files].map((file) => ({ path: file.name, file }));
    const text = transfer.getData("text/plain");
    if (!entries.length && !plain.length && text) return;
    const found = [];
    for (const entry of entries) found.push(...(await filesIn(entry)));
    send(entries.length ? found : plain);
  }

  const holdsFiles = (event) => event.dataTransfer && event.dataTransfer.types.includes("Files");
  let depth = 0;

  function follow(event) {
    if (!holdsFiles(event)) return;
    const panel = document.querySelector(PANEL);
    const isOver = panel && panel.contains(event.target);
    event.preventDefault(); // else the browser leaves the page for the file
    if (event.type === "dragover") event.dataTransfer.dropEffect = isOver ? "copy" : "none";
    if (event.type === "dragenter") depth += 1;
    if (event.type === "dragleave") depth -= 1;
    if (event.type === "drop") {
      depth = 0;
      if (isOver) dropped(event.dataTransfer).catch((error) => say(error.message, { isError: true }));
    }
    if (panel) panel.classList.toggle("is-target", depth > 0);
  }
  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(type, follow);
  }

  /* ---- or chosen ---- */
  function choose(isFolder) {
    const input = made("input");
    input.type = "file";
    input.multiple = true;
    input.webkitdirectory = isFolder;
    input.addEventListener("change", () =>
      send([...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }))),
    );
    input.click();
  }
  document.addEventListener("click", (event) => {
    if (event.target.id === "control-files-button") choose(false);
    if (event.target.id === "control-folder-button") choose(true);
  });
})();

// Puts the page together, and makes it follow its address: #c3 is a connection, #c3f17 a frame, #r-… a rule.

// Goes to an address; one that follows the arrow keys through a list replaces the one before and does not scroll.
function go(hash, quietly = false) {
  if (quietly) {
    history.replaceState(null, "", hash);
    follow({ scroll: false });
  } else if (location.hash === hash) follow({ scroll: true });
  else location.hash = hash;
}

function follow({ scroll }) {
  const hash = decodeHash();
  if (hash.startsWith("#r-")) return void openRule(hash.slice(3));
  const [, id, index] = hash.match(/^#c(\d+)(?:f(\d+))?$/) ?? [];
  if (id === undefined) return;
  const connection = connections.get(Number(id));
  if (!connection) return void announce(`Connection ${id} is not on this page.`);
  showConnection(connection);
  if (index === undefined) {
    if (scroll) reveal(byId("connection"));
    return;
  }
  const table = framesOf(connection);
  const row = table.of(Number(index));
  if (row < 0) {
    showFrame(null);
    frameBox.replaceChildren(el("p", { class: "notice" }, `Frame ${index} of connection ${id} is not on this page.`));
  } else showFrame(table.at(row));
  if (scroll) reveal(frameBox.clientWidth < 560 ? frameBox : byId("frames-title"), frameBox);
}

function decodeHash() {
  try {
    return decodeURIComponent(location.hash);
  } catch {
    return "";
  }
}

function reveal(element, focus = element) {
  element.scrollIntoView({ block: "start" });
  focus.focus({ preventScroll: true });
}

// Light, dark, or as the system has it; remembered where the browser lets a file remember.
function colours() {
  const names = { auto: "Auto", light: "Light", dark: "Dark" };
  const button = byId("theme");
  const remembered = () => {
    try {
      return localStorage.getItem("wslens-colours");
    } catch {
      return null;
    }
  };
  const set = (name) => {
    document.documentElement.dataset.colours = name;
    button.textContent = names[name];
    button.setAttribute("aria-label", `Colours: ${names[name]}`);
  };
  set(remembered() in names ? remembered() : "auto");
  button.addEventListener("click", () => {
    const order = Object.keys(names);
    const next = order[(order.indexOf(document.documentElement.dataset.colours) + 1) % order.length];
    set(next);
    try {
      localStorage.setItem("wslens-colours", next);
    } catch {
      // It is forgotten with the page.
    }
  });
}

function drawFacts() {
  const { summary, captures, cut } = data;
  const { findings } = summary;
  const tiles = [
    ["connections", summary.connections],
    ["frames", summary.frames],
    ["messages", summary.messages],
    ["payload", size(summary.payload_bytes)],
    ["errors", findings.error],
    ["warnings", findings.warning],
    ["notes", findings.note],
  ];
  const box = byId("facts");
  box.append(
    el(
      "dl",
      { class: "tiles" },
      tiles.map(([name, value]) =>
        el(
          "div",
          { class: name === "errors" && value ? "error" : name === "warnings" && value ? "warning" : null },
          el("dt", {}, name),
          el("dd", {}, typeof value === "number" ? grouped(value) : value),
        ),
      ),
    ),
  );
  box.append(
    el(
      "ul",
      { class: "captures" },
      captures
        .slice(0, 6)
        .map((capture) =>
          el(
            "li",
            {},
            quoted(capture.path),
            el(
              "span",
              { class: "quiet" },
              ` ${[capture.format, capture.compression, ...capture.link_types, counted(capture.packets, "packet"), size(capture.bytes)].filter(Boolean).map(printable).join(", ")}`,
            ),
          ),
        ),
      captures.length > 6 ? el("li", { class: "quiet" }, `and ${captures.length - 6} more`) : null,
    ),
  );
  const missing = [
    cut.frames ? counted(cut.frames, "frame") : null,
    cut.connections ? counted(cut.connections, "connection") : null,
    cut.findings ? counted(cut.findings, "finding") : null,
  ].filter(Boolean);
  if (missing.length > 0) {
    box.append(
      el(
        "p",
        { class: "cut" },
        `To keep the page small, ${missing.join(", ")} ${missing.length === 1 && missing[0].startsWith("1 ") ? "is" : "are"} left out. ` +
          "Counts and charts are of everything. wslens analyze --format jsonl tells all.",
      ),
    );
  }
}

colours();
drawFacts();
drawFindings();
drawTime();
drawConnections();
byId("footer").append(
  el(
    "p",
    {},
    `Written by ${data.tool.name} ${data.tool.version}. This page holds everything it shows and asks no network for anything; payloads and headers in it come from the capture.`,
  ),
);
if (data.connections.length > 0) {
  // One connection needs no choosing; of several the first with a fault is the one to look at.
  const faulty = data.connections.find(({ found }) =>
    found.some(({ severity, known }) => severity === "error" && !known),
  );
  showConnection(
    faulty ??
      data.connections.find(({ found }) => found.some(({ severity, known }) => severity === "warning" && !known)) ??
      data.connections[0],
  );
}
addEventListener("hashchange", () => follow({ scroll: true }));
addEventListener("beforeprint", () => printGrids(true));
addEventListener("afterprint", () => printGrids(false));
follow({ scroll: true });
document.documentElement.dataset.ready = "true";

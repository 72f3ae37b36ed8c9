// The findings by rule: what the rule says, where that stands, why it matters, and every place where it was broken.

const ORDER = { error: 0, warning: 1, note: 2 };
// So many places of a rule are listed at once.
const PLACES = 12;

// `#c3f17`, `#c3`, or nothing for what belongs to a capture.
function placeOf(finding) {
  if (finding.connection === null) return null;
  return finding.frame === null ? `#c${finding.connection}` : `#c${finding.connection}f${finding.frame}`;
}

function placeName(finding) {
  const { connection, frame, packet } = finding;
  if (connection === null) return packet === null ? "capture" : `packet ${packet}`;
  if (frame !== null) return `connection ${connection}, frame ${frame}`;
  return packet === null ? `connection ${connection}` : `connection ${connection}, packet ${packet}`;
}

// A link to the place; bare words where the page does not have it.
function placeLink(finding) {
  const name = placeName(finding);
  const connection = connections.get(finding.connection);
  if (!connection) return el("span", {}, name, finding.connection === null ? null : " (not on this page)");
  return el("a", { href: placeOf(finding) }, name);
}

// The rule's source as a link to its section.
function sourceLink({ source, link }) {
  if (!source) return null;
  if (!link?.startsWith("https://")) return el("span", { class: "source" }, source);
  return el("a", { class: "source", href: link, target: "_blank", rel: "noreferrer noopener external" }, source);
}

const SURENESS = {
  "after-gap": "bytes before it are missing from the capture",
  "role-inferred": "who is client and who server was inferred",
  statistical: "unlikely to be chance, but not proven",
};

function occurrence(finding) {
  const doubt = SURENESS[finding.confidence];
  return el(
    "li",
    { class: finding.known ? "known" : null },
    placeLink(finding),
    el("span", { class: "message" }, quoted(finding.message)),
    doubt ? el("span", { class: "doubt" }, doubt) : null,
    finding.known ? el("span", { class: "doubt" }, "known: a baseline lists it") : null,
  );
}

// A list that shows some, and more when asked.
function growing(items, make, step, tag = "ul", attributes = {}) {
  const list = el(tag, attributes);
  const more = el("button", { type: "button", class: "more" });
  let shown = 0;
  const grow = () => {
    list.append(...items.slice(shown, shown + step).map(make));
    shown = Math.min(items.length, shown + step);
    more.hidden = shown === items.length;
    more.textContent = `Show ${Math.min(step * 10, items.length - shown)} more of ${grouped(items.length - shown)}`;
    step *= 10;
  };
  more.addEventListener("click", grow);
  grow();
  return [list, more];
}

function page(id, rule) {
  const found = data.findings.filter((finding) => finding.rule === id);
  const unlisted = rule.errors + rule.warnings + rule.notes + rule.known - found.length;
  const who = [
    ["client", rule.client],
    ["server", rule.server],
  ].filter(([, times]) => times > 0);
  const body = el("div", { class: "rule-body" });
  const details = el(
    "details",
    { class: `rule ${rule.severity}`, id: `r-${id}` },
    el(
      "summary",
      {},
      badge(rule.severity),
      el("code", { class: "id" }, id),
      el("span", { class: "statement" }, rule.statement),
      el(
        "span",
        { class: "who" },
        who.map(([role]) => el("span", { class: `role ${role}` }, role)),
      ),
      el("span", { class: "times" }, `×${grouped(rule.errors + rule.warnings + rule.notes || rule.known)}`),
    ),
    body,
  );
  // Made when it is opened: a page may have a hundred rules with a thousand places each.
  const fill = () => {
    if (body.firstChild) return;
    const section = (title, text) => (text ? [el("h3", {}, title), el("p", {}, text)] : []);
    body.append(
      el(
        "div",
        { class: "lesson" },
        rule.quote
          ? [el("h3", {}, "What the text says"), el("blockquote", {}, rule.quote, el("footer", {}, sourceLink(rule)))]
          : rule.source
            ? [el("h3", {}, "Source"), el("p", {}, sourceLink(rule))]
            : [],
        section("Why it matters", rule.why),
        section("What it does not guess", rule.restraint),
      ),
      el(
        "div",
        { class: "places" },
        el("h3", {}, "Where"),
        growing(found, occurrence, PLACES),
        unlisted > 0
          ? el("p", { class: "cut" }, `${counted(unlisted, "further finding")} of this rule did not fit on the page.`)
          : null,
      ),
    );
  };
  details.addEventListener("toggle", fill);
  details.fill = fill;
  return details;
}

function drawFindings() {
  const section = byId("findings");
  const rules = Object.entries(data.rules).sort(
    ([a, left], [b, right]) =>
      ORDER[left.severity] - ORDER[right.severity] ||
      right.errors + right.warnings - left.errors - left.warnings ||
      (a < b ? -1 : 1),
  );
  if (rules.length === 0) {
    section.append(
      el("p", { class: "quiet" }, data.summary.connections > 0 ? "None: every rule that applies was kept." : "None."),
    );
    return;
  }
  const loud = rules.filter(([, rule]) => rule.severity !== "note");
  const notes = rules.filter(([, rule]) => rule.severity === "note");
  section.append(
    el(
      "div",
      { class: "rules" },
      loud.map(([id, rule]) => page(id, rule)),
    ),
  );
  if (notes.length > 0) {
    const group = el(
      "details",
      { class: "notes", open: loud.length === 0 },
      el("summary", {}, `${counted(notes.length, "note")}: legal, but worth knowing`),
      el(
        "div",
        { class: "rules" },
        notes.map(([id, rule]) => page(id, rule)),
      ),
    );
    section.append(group);
  }
}

// Opens a rule's page and goes there.
function openRule(id) {
  const details = byId(`r-${id}`);
  if (!details) return false;
  details.closest("details.notes")?.setAttribute("open", "");
  details.open = true;
  details.fill();
  details.scrollIntoView({ block: "start" });
  details.querySelector("summary").focus({ preventScroll: true });
  return true;
}

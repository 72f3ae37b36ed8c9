// A table that makes rows only for what is in sight, so that a hundred thousand scroll as smoothly as ten. To a screen
// reader it is a grid with all its rows counted (WAI-ARIA 1.2, "grid").

class Grid {
  // `columns` are {name, label}; `cells(item)` gives their contents; `choose(item, how)` is told what is chosen, by a "click",
  // by a "move" with the arrow keys, or by "enter".
  constructor({ label, columns, cells, rowClass, choose, rows, name }) {
    Object.assign(this, { columns, cells, rowClass, choose, name });
    this.items = [];
    this.chosen = -1;
    this.most = rows;
    const heads = columns.map(({ name: column, label: text }, n) =>
      el("span", { role: "columnheader", class: `cell ${column}`, "aria-colindex": n + 1 }, text),
    );
    this.head = el("div", { role: "row", class: "row head", "aria-rowindex": 1 }, heads);
    this.space = el("div", { class: "space", role: "rowgroup" });
    this.element = el(
      "div",
      {
        role: "grid",
        class: `grid ${name}`,
        tabindex: 0,
        "aria-label": label,
        "aria-colcount": columns.length,
        "aria-readonly": "true",
        onkeydown: (event) => this.key(event),
      },
      el("div", { role: "rowgroup", class: "heads-of" }, this.head),
      this.space,
    );
    this.element.addEventListener("scroll", () => this.draw(), { passive: true });
    this.space.addEventListener("click", (event) => {
      const row = event.target.closest("[data-at]");
      if (row) this.pick(Number(row.dataset.at), "click");
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
    Grid.all.push(this);
  }

  // Other items; `chosen` is the place of the chosen one or -1.
  show(items, chosen = -1) {
    this.items = items;
    this.chosen = chosen;
    this.element.setAttribute("aria-rowcount", items.length + 1);
    this.height = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 28;
    this.space.style.height = `${items.length * this.height}px`;
    const shown = Math.max(1, Math.min(items.length, this.most));
    this.element.style.height = `calc(${(shown + 1) * this.height}px + 3px)`;
    this.reveal();
    this.draw(true);
  }

  // The height in which rows are seen: the head stays where it is.
  get room() {
    return this.element.clientHeight - this.head.offsetHeight;
  }

  // Scrolls the chosen row into sight.
  reveal() {
    if (this.chosen < 0) return;
    const top = this.chosen * this.height;
    const { element, room } = this;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + this.height > element.scrollTop + room) {
      element.scrollTop = top + this.height - room + (room > 4 * this.height ? this.height : 0);
    }
  }

  draw(anew = false) {
    if (!this.height) return;
    const { scrollTop } = this.element;
    const spare = 6;
    let from = Math.max(0, Math.floor(scrollTop / this.height) - spare);
    let to = Math.min(this.items.length, Math.ceil((scrollTop + this.room) / this.height) + spare);
    if (this.printing) [from, to] = [0, Math.min(this.items.length, 300)];
    if (!anew && from === this.from && to === this.to) return;
    const kept = anew ? new Map() : new Map(Array.from(this.space.children, (row) => [Number(row.dataset.at), row]));
    [this.from, this.to] = [from, to];
    const rows = [];
    for (let at = from; at < to; at += 1) rows.push(kept.get(at) ?? this.row(at));
    this.space.replaceChildren(...rows);
  }

  row(at) {
    const item = this.items[at];
    const chosen = at === this.chosen;
    const contents = this.cells(item);
    const cells = this.columns.map(({ name }, n) =>
      el("span", { role: "gridcell", class: `cell ${name}`, "aria-colindex": n + 1 }, contents[n]),
    );
    const row = el(
      "div",
      {
        role: "row",
        id: `${this.name}-${at}`,
        class: `row ${this.rowClass?.(item) ?? ""}`,
        "data-at": at,
        "aria-rowindex": at + 2,
        "aria-selected": chosen ? "true" : "false",
      },
      cells,
    );
    row.style.top = `${at * this.height}px`;
    if (chosen) this.element.setAttribute("aria-activedescendant", row.id);
    return row;
  }

  pick(at, how) {
    if (at < 0 || at >= this.items.length) return;
    this.chosen = at;
    this.reveal();
    this.draw(true);
    this.choose(this.items[at], how);
  }

  // Marks another row as the chosen one without telling anybody.
  mark(at) {
    this.chosen = at;
    if (at < 0) this.element.removeAttribute("aria-activedescendant");
    this.reveal();
    this.draw(true);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      this.pick(this.chosen, "enter");
      return;
    }
    const page = Math.max(1, Math.floor(this.room / this.height) - 1);
    const last = this.items.length - 1;
    const from = this.chosen;
    const to = {
      ArrowDown: from + 1,
      ArrowUp: Math.max(0, from - 1),
      PageDown: Math.min(last, from + page),
      PageUp: Math.max(0, from - page),
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.pick(Math.min(last, to), "move");
  }
}
Grid.all = [];

// Paper does not scroll: the first rows are printed, and how many there are.
function printGrids(printing) {
  for (const grid of Grid.all) {
    grid.printing = printing;
    grid.element.dataset.more =
      printing && grid.items.length > 300 ? `${grouped(grid.items.length - 300)} more rows` : "";
    grid.draw(true);
  }
}

"use strict";
(() => {
  const settings = { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false, doubleClick: false };
  const language = document.documentElement.lang;
  // Days on the axes, which plotly itself writes in English alone.
  const months = Array.from({ length: 12 }, (_, month) => `${month + 1}월`);
  const days = { year: "%Y년", month: "%Y-%m", dayMonth: "%b %-d일", dayMonthYear: "%Y년 %b %-d일" };
  settings.locales = { ko: { dictionary: {}, format: { ...days, months, shortMonths: months } } };
  settings.locale = language;

  function draw(chart) {
    near.unobserve(chart);
    if (chart.querySelector(".main-svg")) return;
    const spec = JSON.parse(chart.nextElementSibling.textContent);
    if (spec.layout.meta?.least) chart.style.minWidth = `${spec.layout.meta.least}px`; // the figure scrolls sideways
    const zoomed = spec.layout.dragmode === "zoom"; // a double click shows the whole chart again
    Plotly.newPlot(chart, spec.data, spec.layout, zoomed ? { ...settings, doubleClick: "reset" } : settings);
    const around = chart.closest("figure");
    if (around.scrollWidth > around.clientWidth) around.tabIndex = 0; // so that the arrow keys scroll it, too
  }

  // A chart is drawn when it comes near the screen: all at once would keep a long page from opening.
  // In a closed fold it has no place yet, so it is drawn when the fold opens.
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) draw(entry.target);
  }, { rootMargin: "600px 0px" });
  for (const chart of document.querySelectorAll(".chart")) near.observe(chart);
  window.addEventListener("beforeprint", () => {
    for (const chart of document.querySelectorAll(".chart:not(details:not([open]) .chart)")) draw(chart);
  });

  // The section that lies a fifth below the top of the screen is marked in the contents.
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const reading = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries)
      if (isIntersecting) for (const [anchor, link] of links) link.ariaCurrent = anchor === target.id ? "true" : null;
  }, { rootMargin: "-20% 0px -79% 0px" });
  for (const section of document.querySelectorAll("section")) reading.observe(section);

  // A table or a chart that goes on to the right fades there, so that a reader sees that it scrolls.
  const fade = (box) => box.classList.toggle("wider", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
  const resized = new ResizeObserver((entries) => { for (const { target } of entries) fade(target.closest(".box, figure")); });
  for (const box of document.querySelectorAll(".table > .box, figure")) {
    box.addEventListener("scroll", () => fade(box), { passive: true });
    resized.observe(box);
    resized.observe(box.querySelector("table, .chart"));
  }

  // What the page says is in its text, in the reader's language; numbers stand where {names} are.
  const say = (sentence, numbers) =>
    sentence.replace(/\{(\w+)\}/g, (_, name) => numbers[name].toLocaleString(language));
  // On a narrow screen tables grow with the page instead of scrolling in a box, so they begin short.
  const small = window.matchMedia("(max-width: 40rem)"), SHORT = 10;
  const number = (text) => Number(text.replace(",", ".").replace(/\s*%$/, ""));
  const collator = new Intl.Collator(language, { numeric: true });
  // A spreadsheet would run a pasted cell that begins so as a formula, and takes a no-break space for a letter.
  const safe = (value) => (/^[=+\-@\t\r\n]/.test(value) ? "'" + value : value).replace(/\n/g, "; ").replace(/[\t\r\u00a0]+/g, " ");

  /** The rows of a table: those in the page's text, and those that are drawn when they are asked for. */
  class List {
    constructor(block) {
      this.block = block;
      this.table = block.querySelector("table");
      this.body = this.table.tBodies[0];
      this.heads = [...this.table.tHead.rows[0].cells];
      const later = block.querySelector("script");
      this.pattern = this.body.rows[0];
      this.rows = [...this.body.rows].map((element) => ({
        element,
        texts: [...element.cells].map((cell) => (cell.querySelector(".main, .clipped") ?? cell).textContent),
        orders: [...element.cells].map((cell) => cell.dataset.order),
        words: element.textContent.toLowerCase(),
      }));
      const { lines, rows } = later ? JSON.parse(later.textContent) : { rows: [] };
      for (const cells of rows) {
        const texts = cells.map((cell) => this.text(cell, lines));
        const orders = cells.map((cell) => (Array.isArray(cell) && typeof cell[0] === "string" ? cell[1] : undefined));
        const badges = cells.map((cell) => (cell.badge ? cell : undefined));
        this.rows.push({ texts, orders, badges });
      }
      this.found = this.rows;
      this.more = block.querySelector("[data-more]");
      this.step = this.more ? Number(this.more.dataset.more) : Infinity;
      this.limit = this.first;
      for (const head of this.heads) head.firstElementChild.addEventListener("click", () => this.sort(head));
      if (this.more) this.growing();
      if (block.dataset.found) this.tools();
    }

    // A cell is its text, its text with what it sorts by or with a badge, or the places of its lines.
    text(cell, lines) {
      if (!Array.isArray(cell)) return cell.text ?? cell;
      return typeof cell[0] === "string" ? cell[0] : cell.map((place) => lines[place]).join("\n");
    }

    get first() { return small.matches ? Math.min(SHORT, this.step) : this.step; }

    growing() {
      const grow = () => { this.limit += this.step; this.show(); };
      this.more.addEventListener("click", grow);
      new IntersectionObserver((entries) => {
        if (entries.some((entry) => entry.isIntersecting) && !this.more.hidden && !small.matches) grow();
      }, { root: this.more.parentElement, rootMargin: "0px 0px 400px 0px" }).observe(this.more);
      window.addEventListener("beforeprint", () => { this.limit = this.step; this.show(); });
      this.show();
    }

    tools() {
      this.status = this.block.querySelector(".status");
      this.fields = [...this.block.querySelectorAll("input, select")];
      this.clear = this.block.querySelector("[data-clear]");
      this.filtered = this.block.querySelector(".filtered");
      this.nothing = this.block.querySelector(".nothing");
      for (const field of this.fields) field.addEventListener("input", () => this.filter());
      this.clear.addEventListener("click", () => {
        for (const field of this.fields) field.value = "";
        this.filter();
        this.fields[0].focus();
      });
      for (const button of this.block.querySelectorAll("[data-copy]"))
        button.addEventListener("click", () => this.copy(button.dataset.copy));
      if (this.more) this.tell("found");
    }

    tell(sentence) {
      this.status.textContent = say(this.block.dataset[sentence], { found: this.found.length, total: this.rows.length });
    }

    drawn(row) {
      if (row.element) return row.element;
      const element = this.pattern.cloneNode(true);
      for (const [place, cell] of [...element.cells].entries()) {
        const text = cell.querySelector(".main, .clipped");
        text.textContent = row.texts[place];
        if (text.title) text.title = row.texts[place];
        if (row.orders[place] !== undefined) cell.dataset.order = row.orders[place];
        else delete cell.dataset.order;
        cell.querySelector(".badge")?.remove();
        if (row.badges[place]) text.after(" ", this.badge(row.badges[place]));
      }
      return (row.element = element);
    }

    badge({ badge, hint }) {
      return Object.assign(document.createElement("span"), { className: "badge", textContent: badge, title: hint });
    }

    show() {
      const rows = this.found.slice(0, this.limit), rest = this.found.length - rows.length;
      this.body.replaceChildren(...rows.map((row) => this.drawn(row)));
      if (!this.more) return;
      this.more.hidden = rest === 0;
      this.more.textContent = say(this.more.dataset.label, { count: Math.min(rest, this.step) });
      const paper = this.block.querySelector(".on-paper");
      if (paper) paper.textContent = say(paper.dataset.label, { shown: rows.length, found: this.found.length });
    }

    filter() {
      const given = this.fields.filter((field) => field.value.trim() !== "");
      const tests = given.map((field) => {
        const { choice, least } = field.dataset, value = field.value.trim();
        if (choice) return (row) => row.texts[choice].split("\n").some((line) => line.startsWith(value + ":"));
        if (least) return this.atLeast(field, number(value), least);
        const words = value.toLowerCase().split(/\s+/);
        return (row) => words.every((word) => this.words(row).includes(word));
      });
      this.found = this.rows.filter((row) => tests.every((test) => test(row)));
      this.limit = this.first;
      this.note(given);
      this.nothing.hidden = this.found.length > 0;
      this.clear.hidden = given.length === 0;
      this.show();
      this.tell("found");
    }

    // Paper has no fields, so it says what was asked for.
    note(given) {
      const asked = given.map((field) => {
        const name = field.labels[0] ? field.labels[0].firstChild.data.trim() : field.placeholder;
        return `${name}: ${field.selectedOptions ? field.selectedOptions[0].text : field.value.trim()}`;
      });
      const values = { found: this.found.length, total: this.rows.length, asked: asked.join("; ") };
      this.filtered.textContent = say(this.filtered.dataset.label, values);
      this.filtered.hidden = given.length === 0;
    }

    // What the cell shows is compared, since a reader types what the cell shows; what is no number leaves all rows.
    atLeast(field, value, place) {
      field.ariaInvalid = String(Number.isNaN(value));
      return (row) => Number.isNaN(value) || parseFloat(row.texts[place]) >= value;
    }

    words(row) { return (row.words ??= [...row.texts, ...row.badges.map((one) => one?.badge ?? "")].join(" ").toLowerCase()); }

    sort(head) {
      const place = head.cellIndex, numeric = head.classList.contains("number");
      const first = numeric && place > 0 ? "descending" : "ascending";
      const second = first === "ascending" ? "descending" : "ascending";
      const next = head.ariaSort === first ? second : first, sign = next === "ascending" ? 1 : -1;
      for (const other of this.heads) other.ariaSort = other === head ? next : "none";
      // A cell without a number goes last in either direction.
      const key = (row) => (numeric ? Number(row.orders[place] ?? NaN) : row.orders[place] ?? row.texts[place]);
      const order = numeric
        ? (a, b) => Number.isNaN(a) - Number.isNaN(b) || (Number.isNaN(a) ? 0 : sign * (a - b))
        : (a, b) => sign * collator.compare(a, b);
      const keyed = (rows) => rows.map((row) => [key(row), row]).sort(([a], [b]) => order(a, b)).map(([, row]) => row);
      this.rows = keyed(this.rows);
      const found = new Set(this.found);
      this.found = this.rows.filter((row) => found.has(row));
      this.limit = this.first;
      this.show();
    }

    copied(place) {
      if (place !== "") return this.found.map((row) => safe(row.texts[place].trim())).join("\n");
      const heads = this.heads.map((head) => head.textContent.trim());
      return [heads, ...this.found.map((row) => row.texts.map((text) => safe(text.trim())))].map((row) => row.join("\t")).join("\n");
    }

    async copy(place) {
      const text = this.copied(place);
      try {
        await navigator.clipboard.writeText(text);
        this.tell("copied");
      } catch {
        // Without leave for the clipboard, the older way.
        const area = document.createElement("textarea"), before = document.activeElement;
        area.value = text;
        document.body.append(area);
        area.select();
        this.tell(document.execCommand("copy") ? "copied" : "failed");
        area.remove();
        before.focus();
      }
    }
  }

  for (const block of document.querySelectorAll("[data-table]")) new List(block);
})();

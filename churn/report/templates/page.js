"use strict";
(() => {
  const settings = { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false, doubleClick: false };
  function draw(charts) {
    for (const chart of charts) {
      if (chart.querySelector(".main-svg") || chart.closest("details:not([open])")) continue;
      const spec = JSON.parse(chart.nextElementSibling.textContent);
      Plotly.newPlot(chart, spec.data, spec.layout, settings);
    }
  }
  // A chart in a closed fold has no width yet: it is drawn when the fold opens.
  draw(document.querySelectorAll(".chart"));
  for (const fold of document.querySelectorAll("details")) fold.addEventListener("toggle", () => draw(fold.querySelectorAll(".chart")));

  const collator = new Intl.Collator("en", { numeric: true });
  const text = (cell) => (cell.querySelector(".main, .clipped") ?? cell).textContent;
  const order = (cell) => cell.dataset.order ?? text(cell);

  function compare(a, b, numeric) {
    if (!numeric) return collator.compare(order(a), order(b));
    // A cell without a number goes last in either direction.
    const [x, y] = [a, b].map((cell) => ("order" in cell.dataset ? Number(cell.dataset.order) : NaN));
    return Number.isNaN(x) || Number.isNaN(y) ? null : x - y;
  }

  function sort(table, head) {
    const place = head.cellIndex, numeric = head.classList.contains("number");
    const first = numeric && head.cellIndex > 0 ? "descending" : "ascending";
    const second = first === "ascending" ? "descending" : "ascending";
    const next = head.ariaSort === first ? second : first;
    for (const other of head.parentElement.cells) other.ariaSort = "none";
    head.ariaSort = next;
    const sign = next === "ascending" ? 1 : -1, body = table.tBodies[0];
    const last = (row) => (numeric && !("order" in row.cells[place].dataset) ? 1 : 0);
    const rows = [...body.rows].sort((a, b) =>
      last(a) - last(b) || sign * (compare(a.cells[place], b.cells[place], numeric) ?? 0));
    body.append(...rows);
  }

  // A spreadsheet would run a pasted cell that begins so as a formula.
  const safe = (value) => (/^[=+\-@\t\r]/.test(value) ? "'" + value : value).replace(/[\t\r\n]+/g, " ");

  function copied(table) {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    return [heads, ...rows.map((row) => [...row.cells].map((cell) => safe(text(cell).trim())))].map((row) => row.join("\t")).join("\n");
  }

  async function copy(table, status) {
    const area = document.createElement("textarea");
    try {
      await navigator.clipboard.writeText(copied(table));
      status.textContent = "Copied";
    } catch {
      // Without leave for the clipboard, the older way.
      area.value = copied(table);
      document.body.append(area);
      area.select();
      status.textContent = document.execCommand("copy") ? "Copied" : "Could not copy";
      area.remove();
    }
  }

  function search(table, words, status) {
    const wanted = words.trim().toLowerCase(), rows = [...table.tBodies[0].rows];
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    const found = rows.filter((row) => !row.hidden).length;
    status.textContent = `${found.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
  }

  for (const block of document.querySelectorAll("[data-table]")) {
    const table = block.querySelector("table"), status = block.querySelector(".status"), input = block.querySelector("input");
    for (const head of table.tHead.rows[0].cells) head.firstElementChild.addEventListener("click", () => sort(table, head));
    if (!input) continue;
    input.addEventListener("input", () => search(table, input.value, status));
    block.querySelector("[data-copy]").addEventListener("click", () => copy(table, status));
  }
})();

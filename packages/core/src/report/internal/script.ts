/**
 * The script in the page: it makes the tables searchable, sortable and paged. Data reach the page as text nodes only.
 *
 * It is a text, so that the same bytes are in every build. Each table's rows are JSON in a script element, which is parsed when the page is idle, or when
 * somebody first uses the table; until then the first rows stand there as markup.
 */

/** The text of the script element. */
export const script = `
"use strict";
for (const box of document.querySelectorAll("[data-table]")) {
  const id = box.dataset.table, size = 100;
  const body = box.querySelector("tbody"), said = box.querySelector("[data-said]"), tools = box.querySelector(".tools"), pages = box.querySelector(".pages");
  const kinds = box.dataset.kinds.split(",");
  let data, found, page = 0, sort = null;
  const load = () => {
    if (data) return data;
    data = JSON.parse(document.getElementById("data-" + id).textContent);
    found = data.rows;
    return data;
  };
  const text = (row, at) => { const it = row[at]; return typeof it === "number" && kinds[at] !== "number" ? data.words[it] : it === null ? "" : String(it); };
  const cell = (row, at) => {
    const td = document.createElement("td");
    const value = text(row, at);
    if (kinds[at] === "number" || kinds[at] === "choice") td.className = kinds[at];
    if (kinds[at] === "severity") td.className = value;
    const bdi = document.createElement("bdi");
    bdi.textContent = value;
    td.append(bdi);
    return td;
  };
  const last = () => Math.max(0, Math.ceil(found.length / size) - 1);
  const draw = () => {
    page = Math.min(page, last());
    const rows = found.slice(page * size, (page + 1) * size).map((row) => {
      const tr = document.createElement("tr");
      tr.append(...kinds.map((_, at) => cell(row, at)));
      return tr;
    });
    body.replaceChildren(...rows);
    const n = (value) => value.toLocaleString("en-US");
    said.textContent = found.length === 0 ? "Nothing is like that." : n(page * size + 1) + " to " + n(Math.min(found.length, (page + 1) * size)) + " of " + n(found.length) + (found.length < data.rows.length ? " found in " + n(data.rows.length) : "");
    pages.querySelector("[data-go=first]").disabled = pages.querySelector("[data-go=back]").disabled = page === 0;
    pages.querySelector("[data-go=on]").disabled = pages.querySelector("[data-go=last]").disabled = page === last();
  };
  const look = () => {
    load();
    const wanted = tools.querySelector("input").value.trim().toLowerCase();
    const choices = [...tools.querySelectorAll("select")].filter((it) => it.value !== "").map((it) => [Number(it.dataset.at), it.options[it.selectedIndex].dataset.word]);
    found = data.rows.filter((row) => choices.every(([at, word]) => text(row, at) === word) && (wanted === "" || kinds.some((_, at) => text(row, at).toLowerCase().includes(wanted))));
    if (sort) {
      const [at, way] = sort;
      const compare = new Intl.Collator("en", { numeric: true }).compare;
      found = found.map((row) => [row, text(row, at)]).sort((a, b) => way * compare(a[1], b[1])).map(([row]) => row);
    }
    page = 0;
    draw();
  };
  const fill = () => {
    load();
    for (const select of tools.querySelectorAll("select")) {
      if (select.options.length > 1) continue;
      const at = Number(select.dataset.at), counts = new Map();
      for (const row of data.rows) { const it = text(row, at); if (it !== "") counts.set(it, (counts.get(it) || 0) + 1); }
      const most = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 200);
      most.forEach(([word, times], index) => {
        const option = document.createElement("option");
        option.value = String(index + 1);
        option.dataset.word = word;
        option.textContent = word + " (" + times.toLocaleString("en-US") + ")";
        select.append(option);
      });
    }
  };
  let waiting;
  tools.querySelector("input").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 150); });
  for (const select of tools.querySelectorAll("select")) {
    select.addEventListener("focus", fill);
    select.addEventListener("pointerdown", fill);
    select.addEventListener("change", look);
  }
  box.querySelectorAll("thead th").forEach((th, at) => {
    th.querySelector("button").addEventListener("click", () => {
      const way = th.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of box.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
      sort = [at, way];
      look();
    });
  });
  pages.addEventListener("click", (event) => {
    const go = event.target.dataset && event.target.dataset.go;
    if (!go) return;
    load();
    page = go === "first" ? 0 : go === "last" ? last() : page + (go === "on" ? 1 : -1);
    draw();
    box.querySelector(".scroll").scrollTop = 0;
  });
  tools.hidden = pages.hidden = false;
  for (const button of box.querySelectorAll("thead th button")) button.disabled = false;
  (window.requestIdleCallback || setTimeout)(() => { if (!data) { fill(); draw(); } });
}
`

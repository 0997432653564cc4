/* The page can be read without this: it sorts tables, picks out curves and filters the gallery. */
(function () {
  "use strict";

  function key(cell) {
    const value = cell.getAttribute("data-sort");
    return value === null ? cell.textContent.trim().toLowerCase() : Number(value);
  }

  function compare(a, b) {
    if (typeof a === "number") { return a - b; }
    return a.localeCompare(b);
  }

  /* Numbers from the largest at first, words from A; the other way round the next time. */
  function sortBy(table, column, heading) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    if (rows.length === 0) { return; }
    const before = heading.getAttribute("aria-sort");
    const numbers = typeof key(rows[0].cells[column]) === "number";
    const down = before === null ? numbers : before === "ascending";
    rows.sort(function (a, b) {
      const order = compare(key(a.cells[column]), key(b.cells[column]));
      return down ? -order : order;
    });
    for (const other of table.tHead.rows[0].cells) { other.removeAttribute("aria-sort"); }
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    for (const row of rows) { body.appendChild(row); }
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    Array.from(table.tHead.rows[0].cells).forEach(function (heading, column) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.textContent = "";
      heading.appendChild(button);
      button.addEventListener("click", function () { sortBy(table, column, heading); });
    });
  }

  for (const group of document.querySelectorAll(".curves")) {
    let kept = null;
    const show = function (chosen) {
      group.classList.toggle("picking", chosen !== null);
      for (const part of group.querySelectorAll("[data-key]")) {
        part.classList.toggle("picked", part.getAttribute("data-key") === chosen);
      }
    };
    for (const button of group.querySelectorAll("button[data-key]")) {
      const own = button.getAttribute("data-key");
      const enter = function () { show(own); };
      const leave = function () { show(kept); };
      button.addEventListener("mouseenter", enter);
      button.addEventListener("focus", enter);
      button.addEventListener("mouseleave", leave);
      button.addEventListener("blur", leave);
      button.addEventListener("click", function () {
        kept = kept === own ? null : own;
        for (const other of group.querySelectorAll("button[data-key]")) {
          other.setAttribute("aria-pressed", String(other.getAttribute("data-key") === kept));
        }
        show(kept);
      });
    }
  }

  /* One sound at a time. */
  document.addEventListener("play", function (event) {
    for (const player of document.querySelectorAll("audio")) {
      if (player !== event.target) { player.pause(); }
    }
  }, true);
})();

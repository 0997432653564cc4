"use strict";
const rows = JSON.parse(document.getElementById("rows").textContent);
const cards = [...document.querySelectorAll("article")];
const verdicts = new Map();
let saved = true;

function say() {
  const left = cards.filter((card) => !verdicts.has(card.dataset.path)).length;
  const dropped = [...verdicts.values()].filter((verdict) => verdict === "no").length;
  document.getElementById("state").textContent =
    `${verdicts.size} decided, ${dropped} of them dropped; ${left} left` + (saved ? "" : "; not saved");
}

for (const card of cards) {
  card.addEventListener("change", (event) => {
    verdicts.set(card.dataset.path, event.target.value);
    card.className = event.target.value;
    saved = false;
    say();
  });
}

const kinds = [...document.querySelectorAll("nav button")];
for (const button of kinds) {
  button.addEventListener("click", () => {
    const kind = button.dataset.kind;
    for (const other of kinds) other.setAttribute("aria-pressed", String(other === button));
    for (const card of cards) card.hidden = kind !== "" && !card.dataset.kinds.split(" ").includes(kind);
  });
}

function field(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

document.getElementById("save").addEventListener("click", () => {
  const lines = rows.map((row) => [...row, verdicts.get(row[0]) ?? ""].map(field).join(","));
  const text = ["path,label,finding,detail,keep", ...lines, ""].join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "review.csv";
  link.click();
  URL.revokeObjectURL(link.href);
  saved = true;
  say();
});

window.addEventListener("beforeunload", (event) => {
  if (!saved) event.preventDefault();
});
say();

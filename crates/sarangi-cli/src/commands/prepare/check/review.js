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

function decide(card, verdict) {
  verdicts.set(card.dataset.path, verdict);
  card.className = verdict;
  card.querySelector(`input[value="${verdict}"]`).checked = true;
  saved = false;
  say();
}

const shown = () => cards.filter((card) => !card.hidden);
let current = null;

function go(card) {
  if (!card) return;
  current?.removeAttribute("aria-current");
  current = card;
  card.setAttribute("aria-current", "true");
  card.scrollIntoView({ block: "nearest" });
}

for (const card of cards) {
  card.addEventListener("change", (event) => decide(card, event.target.value));
  card.addEventListener("click", () => go(card));
}

for (const button of document.querySelectorAll("[data-rest]")) {
  button.addEventListener("click", () => {
    const rest = shown().filter((card) => !verdicts.has(card.dataset.path));
    for (const card of rest) decide(card, button.dataset.rest);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const list = shown();
  const at = list.indexOf(current);
  if (event.key === "j") go(list[at + 1]);
  if (event.key === "k") go(list[Math.max(at - 1, 0)]);
  const verdict = { y: "yes", n: "no" }[event.key];
  if (verdict && at >= 0) {
    decide(current, verdict);
    go(list[at + 1]);
  }
});

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

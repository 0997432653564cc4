// The page: models, files, and a card for each.

import { Card } from "./card.js";
import { share } from "./timeline.js";
import { Lane, send } from "./upload.js";

const form = document.querySelector("#form");
const input = document.querySelector("#files");
const select = document.querySelector("#model");
const cards = document.querySelector("#cards");
const status = document.querySelector("#status");
const trouble = document.querySelector("#trouble");
const lane = new Lane(2);
/** Models by their names, once they are known. */
let models = new Map();
let limits = { body_bytes: Infinity };

/** Ways to give up what is being sent, by card. */
const sending = new WeakMap();

function colours(name) {
  const model = models.get(name);
  return new Map(model?.labels.map((label, index) => [label, model.colours[index]]));
}

async function loadModels() {
  try {
    const response = await fetch("/v1/models");
    const known = await response.json();
    const chosen = select.value;
    models = new Map(known.models.map((model) => [model.name, model]));
    limits = known.limits;
    select.replaceChildren(
      ...known.models.map((model) => {
        const option = new Option(`${model.name} (${model.labels.length} genres)`, model.name);
        option.selected = model.name === chosen;
        return option;
      }),
    );
    select.disabled = models.size < 2;
    describe();
    trouble.hidden = true;
  } catch {
    trouble.textContent = "The server cannot be reached; is it still running?";
    trouble.hidden = false;
  }
}

/** Says what the chosen model takes. */
function describe() {
  const model = models.get(select.value);
  const isSound = model?.kind !== "picture";
  const formats = isSound ? limits.formats?.join(", ") : "PNG, JPEG";
  const size = `${Math.floor(limits.body_bytes / 2 ** 20)} MiB`;
  const length = isSound ? ` and ${Math.floor(limits.seconds / 60)} minutes` : "";
  document.querySelector("#terms").textContent =
    `${formats}. At most ${size}${length}. Files are held in memory and forgotten with the answer.`;
  document.querySelector(".drop-title").textContent = isSound ? "Drop songs here" : "Drop pictures here";
  if (!isSound) input.accept = "image/png,image/jpeg";
}

function add(files) {
  const list = [...files];
  if (list.length === 0) return;
  document.body.classList.add("busy");
  // The first of several on top, all above what was there.
  const fresh = list.map((file) => new Card(file, { again: ask, remove }));
  cards.prepend(...fresh.map((card) => card.element));
  fresh.forEach(ask);
  status.textContent = list.length === 1 ? `Sending ${list[0].name}` : `Sending ${list.length} files`;
}

function ask(card) {
  const { file } = card;
  card.close();
  if (file.size > limits.body_bytes) {
    finish(card, `${file.name} is larger than ${Math.floor(limits.body_bytes / 2 ** 20)} MiB; send a shorter or smaller one, such as MP3`);
    return;
  }
  card.wait(null);
  let gone = false;
  sending.set(card, () => {
    gone = true;
  });
  lane.add(async () => {
    if (gone) return;
    card.wait(0);
    const upload = send(file, select.value, (sent) => card.wait(sent));
    sending.set(card, () => {
      gone = true;
      upload.abort();
    });
    try {
      const answer = await upload.answer;
      if (!models.has(answer.model)) await loadModels();
      card.show(answer, colours(answer.model));
      const { label, confidence, sure } = answer.answer;
      status.textContent = `${file.name}: ${sure ? label : `not sure, perhaps ${label}`}, ${share(confidence)}`;
    } catch (error) {
      if (!gone) finish(card, error.message);
    } finally {
      sending.delete(card);
    }
  });
}

function finish(card, reason) {
  card.fail(reason);
  status.textContent = `${card.file.name}: no answer. ${reason}`;
}

function remove(card) {
  sending.get(card)?.();
  card.close();
  const next = card.element.nextElementSibling ?? card.element.previousElementSibling;
  card.element.remove();
  if (next) next.focus();
  else {
    document.body.classList.remove("busy");
    input.focus();
  }
}

input.addEventListener("change", () => {
  add(input.files);
  // The same file may be chosen again.
  input.value = "";
});
form.addEventListener("submit", (event) => event.preventDefault());
select.addEventListener("change", describe);

// A file may be dropped anywhere: missing the zone must not make the browser leave the page.
let depth = 0;
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
addEventListener("dragenter", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  depth += 1;
  document.body.classList.add("over");
});
addEventListener("dragover", (event) => {
  if (hasFiles(event)) event.preventDefault();
});
addEventListener("dragleave", () => {
  depth = Math.max(0, depth - 1);
  if (depth === 0) document.body.classList.remove("over");
});
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  depth = 0;
  document.body.classList.remove("over");
  add(event.dataTransfer.files);
});

loadModels();

// The card of one file: from waiting to its answer.

import { drawWave } from "./draw.js";
import { Player } from "./player.js";
import { clock, fillAxis, fillTimeline, fitTimeline, percent, share, spanAt, spans } from "./timeline.js";

const SHOWN = 5;
const template = document.querySelector("#card");

export class Card {
  #parts;
  #file;
  #player = null;
  #redraw = () => {};

  /** A card for a file; `again` and `remove` are called when their buttons are pressed. */
  constructor(file, { again, remove }) {
    this.#file = file;
    const element = template.content.firstElementChild.cloneNode(true);
    const part = (name) => element.querySelector(`.${name}`);
    const names = [
      "name", "about", "again", "remove", "waiting", "state", "fault", "result", "verdict", "label", "sureness",
      "ranking", "time", "stage", "wave", "spectrogram", "hz", "timeline", "playhead", "axis", "play", "seek", "clock",
      "now", "picture", "numbers", "timings",
    ];
    this.#parts = Object.fromEntries(names.map((name) => [name, part(name)]));
    this.#parts.card = element;
    this.#parts.progress = element.querySelector("progress");
    this.#parts.name.textContent = file.name;
    this.#parts.name.id = `card-${crypto.randomUUID?.() ?? Math.random()}`;
    element.setAttribute("aria-labelledby", this.#parts.name.id);
    this.#parts.remove.setAttribute("aria-label", `Remove ${file.name}`);
    this.#parts.again.setAttribute("aria-label", `Ask again about ${file.name}`);
    this.#parts.again.addEventListener("click", () => again(this));
    this.#parts.remove.addEventListener("click", () => remove(this));
    new ResizeObserver(() => this.#redraw()).observe(this.#parts.stage);
  }

  get element() {
    return this.#parts.card;
  }

  get file() {
    return this.#file;
  }

  /** Waiting for its turn, on its way, or with the server. */
  wait(sent) {
    const { progress, state, waiting, fault, result, again } = this.#parts;
    waiting.hidden = false;
    fault.hidden = true;
    result.hidden = true;
    again.hidden = true;
    if (sent === null) {
      progress.value = 0;
      state.textContent = "Waiting for the files before it";
    } else if (sent < 1) {
      progress.value = sent;
      state.textContent = `Uploading, ${share(sent)}`;
    } else {
      progress.removeAttribute("value");
      state.textContent = "Listening…";
    }
  }

  fail(reason) {
    const { waiting, fault, again, about } = this.#parts;
    waiting.hidden = true;
    fault.hidden = false;
    fault.textContent = reason;
    again.hidden = false;
    about.textContent = "No answer";
  }

  /** Shows the answer; `colours` has a colour for each label. */
  show({ answer, labels, model }, colours) {
    const parts = this.#parts;
    this.close();
    parts.waiting.hidden = true;
    parts.fault.hidden = true;
    parts.result.hidden = false;
    parts.again.hidden = false;
    const length = answer.seconds === null ? "picture" : clock(answer.seconds);
    parts.about.textContent = `${length} · ${model}`;
    this.#verdict(answer, colours);
    const isSound = answer.seconds !== null && answer.waveform;
    parts.time.hidden = !isSound;
    parts.picture.hidden = isSound;
    if (isSound) this.#sound(answer, labels, colours);
    else this.#picture();
    this.#table(answer, labels);
  }

  /** Lets go of the sound. */
  close() {
    this.#player?.close();
    this.#player = null;
  }

  #verdict(answer, colours) {
    const { verdict, label, sureness, ranking, result } = this.#parts;
    result.classList.toggle("unsure", !answer.sure);
    verdict.style.setProperty("--hue", colours.get(answer.label));
    label.textContent = answer.label;
    const confidence = share(answer.confidence);
    sureness.textContent = answer.sure ? `${confidence} sure` : `Not sure: only ${confidence}`;
    ranking.replaceChildren(
      ...answer.ranking.slice(0, SHOWN).map(({ label, probability }) => {
        const item = document.createElement("li");
        const [name, part, bar, fill] = ["span", "span", "span", "span"].map((tag) => document.createElement(tag));
        name.textContent = label;
        part.className = "share";
        part.textContent = share(probability);
        bar.className = "bar";
        bar.setAttribute("aria-hidden", "true");
        fill.style.setProperty("width", percent(probability));
        item.style.setProperty("--hue", colours.get(label));
        bar.append(fill);
        item.append(name, part, bar);
        return item;
      }),
    );
  }

  #sound(answer, labels, colours) {
    const { seconds, chunks } = answer;
    const { wave, spectrogram, hz, timeline, axis } = this.#parts;
    const pieces = spans(chunks, labels, seconds);
    const heard = pieces.map((p) => `${clock(p.start)} ${p.label}`).join(", ");
    wave.setAttribute("aria-label", `Waveform, coloured by genre: ${heard}`);
    spectrogram.src = answer.spectrogram.png;
    const highest = `${Math.round(answer.spectrogram.hz[1] / 100) / 10} kHz`;
    spectrogram.alt = `Spectrogram from 0 to ${highest}`;
    hz.textContent = highest;
    fillTimeline(timeline, pieces, seconds, colours);
    const unheard = getComputedStyle(wave).getPropertyValue("--soft");
    const colourAt = (time) => colours.get(spanAt(pieces, time)?.label) ?? unheard;
    this.#redraw = () => {
      drawWave(wave, answer.waveform, seconds, colourAt);
      fillAxis(axis, seconds);
      fitTimeline(timeline);
    };
    this.#redraw();
    this.#player = new Player(this.#file, this.#parts, seconds, pieces);
  }

  #picture() {
    const { picture } = this.#parts;
    picture.alt = `The picture ${this.#file.name}`;
    picture.src = URL.createObjectURL(this.#file);
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
  }

  #table({ chunks, timings, seconds }, labels) {
    const { numbers, timings: line } = this.#parts;
    const row = (tag, cells) => {
      const row = document.createElement("tr");
      row.append(
        ...cells.map((text) => {
          const cell = document.createElement(tag);
          if (tag === "th") cell.scope = "col";
          cell.textContent = text;
          return cell;
        }),
      );
      return row;
    };
    numbers.querySelector("thead").replaceChildren(row("th", ["Time", "Genre", ...labels]));
    numbers.querySelector("tbody").replaceChildren(
      ...chunks.map((chunk) => {
        const time = seconds === null ? "all" : `${clock(chunk.start)}–${clock(Math.min(chunk.end, seconds))}`;
        return row("td", [time, chunk.label, ...chunk.probabilities.map(share)]);
      }),
    );
    const steps = [
      ["waited", timings.queued_ms],
      ["decoded", timings.decode_ms],
      ["features", timings.features_ms],
      ["drawn", timings.portrait_ms],
      ["network", timings.network_ms],
    ];
    const text = steps.map(([what, ms]) => `${what} ${ms.toFixed(ms < 10 ? 1 : 0)} ms`).join(" · ");
    line.textContent = `Answered in ${timings.total_ms.toFixed(0)} ms: ${text}`;
  }
}

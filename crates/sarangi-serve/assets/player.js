// Playing the listener's own file, with the picture following.

import { clock, percent, spanAt } from "./timeline.js";

/** The player of the card that sounds: one at a time. */
let sounding = null;

export class Player {
  #audio;
  #parts;
  #seconds;
  #spans;

  /** `parts` are the elements of the card; `file` is played from where it is, nothing is sent. */
  constructor(file, parts, seconds, spans) {
    this.#parts = parts;
    this.#seconds = seconds;
    this.#spans = spans;
    this.#audio = new Audio();
    this.#audio.preload = "metadata";
    this.#audio.src = URL.createObjectURL(file);
    parts.seek.max = String(seconds);
    parts.play.addEventListener("click", () => this.toggle());
    parts.seek.addEventListener("input", () => this.#jump(Number(parts.seek.value)));
    parts.stage.addEventListener("click", (event) => {
      const box = parts.stage.getBoundingClientRect();
      this.#jump(((event.clientX - box.left) / box.width) * seconds);
    });
    for (const event of ["play", "pause", "ended"]) {
      this.#audio.addEventListener(event, () => this.#show());
    }
    this.#audio.addEventListener("timeupdate", () => this.#show());
    // Not every format that can be heard by a model can be played by a browser.
    this.#audio.addEventListener("error", () => {
      parts.play.disabled = true;
      parts.play.hidden = true;
    });
    this.#show();
  }

  toggle() {
    if (!this.#audio.paused) {
      this.#audio.pause();
      return;
    }
    if (sounding !== this) sounding?.pause();
    sounding = this;
    this.#audio.play().then(() => this.#follow(), () => this.#show());
  }

  pause() {
    this.#audio.pause();
  }

  /** Lets go of the file. */
  close() {
    this.#audio.pause();
    URL.revokeObjectURL(this.#audio.src);
    this.#audio.removeAttribute("src");
  }

  #jump(time) {
    const inside = Math.min(Math.max(time, 0), this.#seconds);
    this.#audio.currentTime = inside;
    this.#show(inside);
  }

  /** Smoother than the few events a second that audio gives. */
  #follow() {
    this.#show();
    if (!this.#audio.paused) requestAnimationFrame(() => this.#follow());
  }

  #show(time = this.#audio.currentTime) {
    const { play, seek, clock: label, now, playhead, card } = this.#parts;
    const playing = !this.#audio.paused;
    card.classList.toggle("playing", playing);
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    const heard = spanAt(this.#spans, time)?.label ?? "";
    seek.value = String(time);
    seek.setAttribute("aria-valuetext", `${clock(time)} of ${clock(this.#seconds)}${heard && `, ${heard}`}`);
    label.textContent = `${clock(time)} / ${clock(this.#seconds)}`;
    playhead.hidden = time === 0 && !playing;
    playhead.style.setProperty("left", percent(time / this.#seconds));
    now.textContent = playing || time > 0 ? heard : "";
  }
}

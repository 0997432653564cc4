// Genre over time.

/** The pieces of a sound that have an answer: neighbours of one genre together, each with its mean
 *  probability. Where pieces overlap, the later one begins where it begins. */
export function spans(chunks, labels, seconds) {
  const spans = [];
  chunks.forEach((chunk, index) => {
    const next = chunks[index + 1];
    const end = Math.min(seconds, next ? Math.max(chunk.start, Math.min(chunk.end, next.start)) : chunk.end);
    const share = chunk.probabilities[labels.indexOf(chunk.label)] ?? 0;
    const last = spans.at(-1);
    if (last && last.label === chunk.label && Math.abs(last.end - chunk.start) < 0.01) {
      last.end = end;
      last.shares.push(share);
    } else if (end > chunk.start) {
      spans.push({ label: chunk.label, start: chunk.start, end, shares: [share] });
    }
  });
  return spans.map(({ shares, ...span }) => ({
    ...span,
    share: shares.reduce((sum, share) => sum + share, 0) / shares.length,
  }));
}

/** What is heard at a time, if that is known. */
export function spanAt(spans, time) {
  return spans.find((span) => time >= span.start && time < span.end);
}

/** Fills the list: a coloured piece for each span, with text for those who do not see it. */
export function fillTimeline(list, spans, seconds, colours) {
  list.replaceChildren(
    ...spans.map((span) => {
      const item = document.createElement("li");
      item.style.setProperty("left", percent(span.start / seconds));
      item.style.setProperty("width", percent((span.end - span.start) / seconds));
      item.style.setProperty("--hue", colours.get(span.label));
      const what = document.createElement("span");
      what.className = "what";
      what.textContent = span.label;
      const when = document.createElement("span");
      when.className = "unseen";
      when.textContent = `, ${clock(span.start)} to ${clock(span.end)}, ${share(span.share)}`;
      item.title = `${clock(span.start)}–${clock(span.end)}  ${span.label} ${share(span.share)}`;
      item.append(what, when);
      return item;
    }),
  );
}

/** Hides names that do not fit their pieces; the colour and the legend say them. */
export function fitTimeline(list) {
  for (const item of list.children) {
    const name = item.querySelector(".what");
    item.classList.toggle("narrow", name.offsetWidth + 10 > item.clientWidth);
  }
}

/** Marks of time below the sound, about one for each `room` pixels. */
export function fillAxis(axis, seconds, room = 80) {
  const most = Math.max(1, Math.floor(axis.clientWidth / room));
  const steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];
  const step = steps.find((step) => seconds / step <= most) ?? 900;
  const marks = [];
  for (let time = 0; time <= seconds; time += step) {
    const mark = document.createElement("span");
    mark.textContent = step < 1 ? `${time.toFixed(1)} s` : clock(time);
    mark.style.setProperty("left", percent(time / seconds));
    mark.classList.toggle("last", time > 0 && time / seconds > 0.97);
    marks.push(mark);
  }
  axis.replaceChildren(...marks);
}

export function clock(seconds) {
  const whole = Math.floor(seconds + 0.001);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function share(probability) {
  return `${Math.round(100 * probability)} %`;
}

export function percent(part) {
  return `${(100 * part).toFixed(3)}%`;
}

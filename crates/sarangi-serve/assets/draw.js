// The waveform, in the colours of its genres.

/** Draws pairs of lowest and highest samples across a canvas, each piece in the colour of its time. */
export function drawWave(canvas, peaks, seconds, colourAt) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (width === 0 || peaks.length === 0) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const loudest = peaks.reduce((most, [low, high]) => Math.max(most, -low, high), 1e-6);
  const middle = height / 2;
  const scale = (middle - 6) / loudest;
  // Bars with gaps: thinner ones would blur into a block.
  const step = 3;
  const bars = Math.max(1, Math.floor(width / step));
  for (let bar = 0; bar < bars; bar += 1) {
    const start = Math.floor((bar * peaks.length) / bars);
    const end = Math.max(start + 1, Math.floor(((bar + 1) * peaks.length) / bars));
    let [low, high] = [0, 0];
    for (const [l, h] of peaks.slice(start, end)) {
      low = Math.min(low, l);
      high = Math.max(high, h);
    }
    const top = Math.min(middle - high * scale, middle - 1);
    const bottom = Math.max(middle - low * scale, middle + 1);
    context.fillStyle = colourAt(((bar + 0.5) / bars) * seconds);
    context.beginPath();
    context.roundRect(bar * step + 0.5, top, step - 1, bottom - top, 1);
    context.fill();
  }
}

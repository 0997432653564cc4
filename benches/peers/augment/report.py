"""What people read: Markdown tables."""

from .changes import STRETCH, Change

QUALITY = {
    "max cents": ("max_cents", ".3f"),
    "mean cents": ("mean_cents", ".3f"),
    "tone SNR, dB": ("tone_snr_db", ".1f"),
    "length": ("length_error", "+d"),
    "click width, ms": ("click_width_ms", ".2f"),
    "offset, ms": ("click_offset_ms", ".2f"),
    "jitter, ms": ("click_jitter_ms", ".2f"),
    "pre-echo, dB": ("click_pre_echo_db", ".0f"),
    "glide SC, dB": ("glide_convergence_db", ".1f"),
    "glide mel, dB": ("glide_mel_db", ".2f"),
    "mix SC, dB": ("mix_convergence_db", ".1f"),
    "mix mel, dB": ("mix_mel_db", ".2f"),
    "back: length": ("back_length_error", "+d"),
    "back SC, dB": ("back_convergence_db", ".1f"),
    "back mel, dB": ("back_mel_db", ".2f"),
}
MUSIC = {
    "music: length": ("music_length_error", "+d"),
    "music gain, dB": ("music_gain_db", "+.2f"),
    "worst gain, dB": ("music_gain_worst_db", "+.2f"),
}


def quality(rows):
    """A table for each rate and group of changes, of the summaries."""
    groups = {}
    for row in rows:
        groups.setdefault((row["change"], tuple(row["values"]), row["sr"]), []).append(row)
    lines = []
    for (kind, values, sr), chosen in groups.items():
        amounts = ", ".join(str(Change(kind, value)) for value in values)
        columns = QUALITY | (MUSIC if any(row["music_gain_db"] is not None for row in chosen) else {})
        lines += [f"### {title(kind)} {amounts} at {sr:,} Hz", "", *table(columns, chosen), ""]
    return "\n".join(lines)


def title(kind):
    return "Time stretch" if kind == STRETCH else "Pitch shift"


def table(columns, rows):
    yield "| system | " + " | ".join(columns) + " |"
    yield "|---|" + "--:|" * len(columns)
    for row in rows:
        yield f"| {row['system']} | " + " | ".join(cell(row[key], form) for key, form in columns.values()) + " |"


def cell(value, form):
    return "–" if value is None else format(value, form)


def timing(rows):
    columns = {
        "sound": ("sound", ""),
        "change": ("what", ""),
        "CPU, ms": ("cpu_ms", ".1f"),
        "ours / this": ("ratio", ".2f"),
    }
    return "\n".join(["### Processor time", "", *table(columns, rows), ""])

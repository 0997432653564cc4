"""What a system is asked to do to a sound."""

from dataclasses import dataclass

STRETCH, SHIFT = "stretch", "shift"


@dataclass(frozen=True)
class Change:
    """A time stretch by a rate (0.5 makes twice as long) or a pitch shift by semitones."""

    kind: str
    value: float

    @property
    def rate(self):
        return self.value if self.kind == STRETCH else 1.0

    @property
    def pitch(self):
        """What frequencies are multiplied by."""
        return 2 ** (self.value / 12) if self.kind == SHIFT else 1.0

    @property
    def undone(self):
        """The change that leads back."""
        return Change(self.kind, 1 / self.value if self.kind == STRETCH else -self.value)

    def length(self, samples):
        """The samples of what comes out: the nearest whole number."""
        return round(samples / self.rate)

    def __str__(self):
        return f"× {self.value:g}" if self.kind == STRETCH else f"{self.value:+g} semitones"

//! Transforms of sound.

mod gain;
mod method;
mod pitch_shift;
mod time_stretch;

pub use gain::Gain;
pub use method::StretchMethod;
pub use pitch_shift::{PitchShift, PitchShiftPlan};
pub use time_stretch::{TimeStretch, TimeStretchPlan};

use sarangi_core::{Error, Result, SampleRate, Waveform};

crate::family::family! {
    /// Any transform of sound, or a composition of several: what a recipe stores and a program is
    /// asked for.
    ///
    /// Serialised as the transform's fields with `type` beside them, each parameter a number or a
    /// range, for example `{"type": "gain", "gain_db": [-6, 6], "p": 0.5}`.
    WaveformAugmentation of Waveform, planned for SampleRate, checked by check:
    "time-stretch", "time_stretch", "faster or slower at the same pitch": TimeStretch;
    "pitch-shift", "pitch_shift", "higher or lower at the same speed": PitchShift;
    "gain", "gain", "louder or softer": Gain;
}

/// Sound of another rate than was planned for, or that holds NaN, is refused.
fn check(rate: SampleRate, wave: &Waveform) -> Result<()> {
    const OP: &str = "augmentation";
    if wave.rate() != rate {
        return Err(Error::shape(
            OP,
            format_args!("sound at {rate}"),
            wave.rate(),
        ));
    }
    match wave.samples().indexed_iter().find(|(_, x)| !x.is_finite()) {
        Some(((channel, sample), x)) => Err(Error::shape(
            OP,
            "samples that are finite numbers",
            format_args!("{x} at sample {sample} of channel {channel}"),
        )),
        None => Ok(()),
    }
}

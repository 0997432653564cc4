//! Transforms of sound.

mod adjust_duration;
mod air_absorption;
mod aliasing;
mod background_noise;
mod band;
mod bit_crush;
mod channel_shuffle;
mod clip;
mod clipping_distortion;
mod color_noise;
mod equaliser;
mod gain;
mod gain_ramp;
mod gaussian_noise;
mod gaussian_snr;
mod impulse_response;
mod limiter;
mod loudness_normalization;
mod method;
mod mirror;
mod normalize;
mod padding;
mod pass;
mod pitch_shift;
mod repeat_part;
mod resample_jitter;
mod reverb;
mod seven_band_parametric_eq;
mod shift;
mod tanh_distortion;
mod time_mask;
mod time_stretch;
mod trim;

pub use adjust_duration::AdjustDuration;
pub use air_absorption::AirAbsorption;
pub use aliasing::Aliasing;
pub use background_noise::BackgroundNoise;
pub use band::{BandPass, BandStop};
pub use bit_crush::BitCrush;
pub use channel_shuffle::ChannelShuffle;
pub use clip::{Clip, Clipping};
pub use clipping_distortion::ClippingDistortion;
pub use color_noise::ColorNoise;
pub use equaliser::{HighShelf, LowShelf, Peaking};
pub use gain::Gain;
pub use gain_ramp::GainRamp;
pub use gaussian_noise::GaussianNoise;
pub use gaussian_snr::GaussianSnr;
pub use impulse_response::ImpulseResponse;
pub use limiter::{Limiter, ThresholdMode};
pub use loudness_normalization::LoudnessNormalization;
pub use method::StretchMethod;
pub use mirror::{PolarityInversion, Reverse};
pub use normalize::{ApplyTo, Normalize};
pub use padding::Padding;
pub use pass::{HighPass, LowPass};
pub use pitch_shift::{PitchShift, PitchShiftPlan};
pub use repeat_part::{RepeatMode, RepeatPart};
pub use resample_jitter::ResampleJitter;
pub use reverb::Reverb;
pub use seven_band_parametric_eq::SevenBandParametricEq;
pub use shift::Shift;
pub use tanh_distortion::TanhDistortion;
pub use time_mask::TimeMask;
pub use time_stretch::{TimeStretch, TimeStretchPlan};
pub use trim::Trim;

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
    "gain-ramp", "gain_ramp", "from one gain to another": GainRamp;
    "normalize", "normalize", "to one peak": Normalize;
    "loudness-normalization", "loudness_normalization", "to one loudness (ITU-R BS.1770-4)": LoudnessNormalization;
    "limiter", "limiter", "softer where it is loud": Limiter;
    "polarity-inversion", "polarity_inversion", "upside down": PolarityInversion;
    "channel-shuffle", "channel_shuffle", "the channels in another order": ChannelShuffle;
    "shift", "shift", "earlier or later": Shift;
    "reverse", "reverse", "the other way round": Reverse;
    "time-mask", "time_mask", "silence over a part": TimeMask;
    "padding", "padding", "one end replaced": Padding;
    "trim", "trim", "without the silence at both ends": Trim;
    "adjust-duration", "adjust_duration", "cut or filled up to a length": AdjustDuration;
    "repeat-part", "repeat_part", "a part several times": RepeatPart;
    "gaussian-noise", "gaussian_noise", "white noise of one level": GaussianNoise;
    "gaussian-snr", "gaussian_snr", "white noise at a ratio to the sound": GaussianSnr;
    "color-noise", "color_noise", "noise of any colour at a ratio to the sound": ColorNoise;
    "background-noise", "background_noise", "a recording from a folder at a ratio to the sound": BackgroundNoise;
    "impulse-response", "impulse_response", "a recorded room, from a folder": ImpulseResponse;
    "reverb", "reverb", "a room that decays exponentially": Reverb;
    "air-absorption", "air_absorption", "from far away": AirAbsorption;
    "low-pass", "low_pass", "what is below a frequency": LowPass;
    "high-pass", "high_pass", "what is above a frequency": HighPass;
    "band-pass", "band_pass", "what is near a frequency": BandPass;
    "band-stop", "band_stop", "all but what is near a frequency": BandStop;
    "peaking", "peaking", "more or less of what is near a frequency": Peaking;
    "low-shelf", "low_shelf", "more or less of what is below a frequency": LowShelf;
    "high-shelf", "high_shelf", "more or less of what is above a frequency": HighShelf;
    "seven-band-parametric-eq", "seven_band_parametric_eq", "a low shelf, five peaks and a high shelf": SevenBandParametricEq;
    "clip", "clip", "samples kept within a threshold, hard or soft": Clip;
    "clipping-distortion", "clipping_distortion", "the loudest samples cut off": ClippingDistortion;
    "tanh-distortion", "tanh_distortion", "rounded peaks at the loudness of before": TanhDistortion;
    "bit-crush", "bit_crush", "rounded to few levels": BitCrush;
    "aliasing", "aliasing", "to a lower rate and back without a filter": Aliasing;
    "resample-jitter", "resample_jitter", "to a lower rate and back": ResampleJitter;
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
    // Where it is, only if there is something: most of the time nothing is.
    if wave.samples().iter().all(|x| x.is_finite()) {
        return Ok(());
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

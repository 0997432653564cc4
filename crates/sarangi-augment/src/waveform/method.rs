//! How time is stretched.

use serde::{Deserialize, Serialize};

/// How a sound is made faster or slower.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StretchMethod {
    /// With locked phases, which keep attacks and timbre:
    /// [`sarangi_dsp::TimeStretch`].
    #[default]
    Locked,
    /// The plain phase vocoder, as librosa's: [`sarangi_dsp::PhaseVocoder`].
    Librosa,
}

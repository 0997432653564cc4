//! Where a file begins to be odd.

use sarangi_core::{Error, Result, within};
use serde::{Deserialize, Serialize};

/// The limits beyond which something is a finding. Levels are in dB relative to full scale (±1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QualitySpec {
    /// 10 ms are silent if the mean square of every channel, less what it averages, is at most this.
    pub silence_db: f64,
    /// Silence this long, in seconds, is a finding; a file that is silent throughout always is.
    pub silence_seconds: f64,
    /// A file whose loudest channel has a lower root mean square is very quiet.
    pub low_level_db: f64,
    /// Samples this far from zero count as full scale: a little less than 32,767 / 32,768.
    pub clip_level: f64,
    /// So many of them in a row, on one side of zero, are clipped.
    pub clip_run: usize,
    /// The share of clipped samples above which it is a finding.
    pub clip_share: f64,
    /// The average of a channel's samples, as a share of full scale, above which it is a finding.
    pub dc_offset: f64,
    /// How far a length (of a picture a side) may be from the median of its class, as a share of it,
    pub usual_share: f64,
    /// and in standard deviations, estimated from the median absolute deviation: what is beyond
    /// both is odd. Classes of fewer than three files have no usual length.
    pub usual_deviations: f64,
    /// Shorter sounds, in seconds, are odd whatever their class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_seconds: Option<f64>,
    /// Longer sounds, in seconds, are odd whatever their class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<f64>,
}

impl Default for QualitySpec {
    fn default() -> Self {
        Self {
            silence_db: -60.0,
            silence_seconds: 2.0,
            low_level_db: -45.0,
            clip_level: 0.999,
            clip_run: 3,
            clip_share: 0.001,
            dc_offset: 0.01,
            usual_share: 0.05,
            usual_deviations: 6.0,
            min_seconds: None,
            max_seconds: None,
        }
    }
}

const SPEC: &str = "check";
/// A day, longer than anything that is decoded.
const LONGEST: f64 = 86_400.0;

impl QualitySpec {
    /// Checks that the limits make sense.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first that does not.
    pub fn check(&self) -> Result<()> {
        within(SPEC, "silence_db", self.silence_db, -200.0..=0.0)?;
        within(
            SPEC,
            "silence_seconds",
            self.silence_seconds,
            0.01..=LONGEST,
        )?;
        within(SPEC, "low_level_db", self.low_level_db, -200.0..=0.0)?;
        within(SPEC, "clip_level", self.clip_level, 0.01..=1.0)?;
        within(SPEC, "clip_run", self.clip_run, 1..=1_000_000)?;
        within(SPEC, "clip_share", self.clip_share, 0.0..=1.0)?;
        within(SPEC, "dc_offset", self.dc_offset, 0.0..=1.0)?;
        within(SPEC, "usual_share", self.usual_share, 0.0..=1000.0)?;
        within(
            SPEC,
            "usual_deviations",
            self.usual_deviations,
            0.0..=1000.0,
        )?;
        for (field, seconds) in [
            ("min_seconds", self.min_seconds),
            ("max_seconds", self.max_seconds),
        ] {
            within(SPEC, field, seconds.unwrap_or(0.0), 0.0..=LONGEST)?;
        }
        match (self.min_seconds, self.max_seconds) {
            (Some(min), Some(max)) if min > max => {
                let reason = format!("must be at most max_seconds, got {min} and {max}");
                Err(Error::config(SPEC, "min_seconds", reason))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senseless_limits_are_named() {
        assert!(QualitySpec::default().check().is_ok());
        for (text, field) in [
            (r#"{"silence_db": 3}"#, "silence_db"),
            (r#"{"clip_run": 0}"#, "clip_run"),
            (r#"{"clip_level": 0}"#, "clip_level"),
            (r#"{"min_seconds": 3, "max_seconds": 2}"#, "min_seconds"),
            (r#"{"max_seconds": -2}"#, "max_seconds"),
        ] {
            let spec: QualitySpec = serde_json::from_str(text).unwrap();
            let error = spec.check().unwrap_err().to_string();
            assert!(error.starts_with(&format!("check: {field}: ")), "{error}");
        }
        assert!(serde_json::from_str::<QualitySpec>(r#"{"silence": 3}"#).is_err());
    }
}

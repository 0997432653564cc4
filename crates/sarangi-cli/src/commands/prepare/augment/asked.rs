//! What is asked for.

use anyhow::{Context, Result};
use sarangi::augment::{
    PitchShift, Policy, PolicySpec, TimeStretch, Uniform, WaveformAugmentation,
};
use sarangi::prelude::SampleRate;

use crate::args::PrepareAugmentArgs;
use crate::commands::transform::transform;
use crate::commands::written_spec;

/// How many more copies each folder gets if nothing else is asked for.
const EXTRA: usize = 3;

/// What is done to each class, and how many copies there are.
pub(super) struct Asked {
    pub(super) policy: PolicySpec,
    /// How many more copies each folder gets.
    pub(super) extra: usize,
    /// Where the policy comes from, for errors.
    pub(super) origin: String,
}

impl Asked {
    pub(super) fn new(args: &PrepareAugmentArgs) -> Result<Self> {
        let alike = |others| PolicySpec {
            others: Some(others),
            ..PolicySpec::default()
        };
        let (mut policy, extra, origin) = match (&args.policy, &args.transform) {
            (Some(file), _) => (written_spec::read(file)?, 0, file.display().to_string()),
            (None, Some(name)) => (alike(transform(name, &args.settings)?), 0, name.clone()),
            (None, None) => (alike(stretch_and_shift()), EXTRA, String::new()),
        };
        if let Some(copies) = args.copies {
            policy.copies = usize::from(copies);
        }
        policy.originals |= args.originals;
        Ok(Self {
            policy,
            extra: args.extra.map_or(extra, usize::from),
            origin,
        })
    }

    /// Plans for these classes, so that what makes no sense does not look like a fault of each file.
    pub(super) fn plan(&self, labels: &[String]) -> Result<Policy> {
        // Any rate would do.
        let policy = self.policy.build(labels, SampleRate::HZ_44100);
        policy.with_context(|| self.origin.clone())
    }
}

/// What is done if nothing is asked for: either half of the time faster or slower by up to a fifth,
/// and half of the time higher or lower by up to two semitones.
fn stretch_and_shift() -> WaveformAugmentation {
    let stretch = TimeStretch {
        rate: Uniform::between(0.8, 1.2),
        p: 0.5,
        ..TimeStretch::default()
    };
    let shift = PitchShift {
        semitones: Uniform::between(-2.0, 2.0),
        p: 0.5,
        ..PitchShift::default()
    };
    WaveformAugmentation::in_order(vec![stretch.into(), shift.into()])
}

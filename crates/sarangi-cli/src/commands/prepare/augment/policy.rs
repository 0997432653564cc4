//! What is done to the files of each class.

use std::collections::BTreeMap;

use anyhow::Result;
use sarangi::augment::{PitchShift, TimeStretch, Uniform, WaveformAugmentation};
use sarangi::core::{Error, within};
use sarangi::prelude::{SampleRate, Spec};
use serde::Deserialize;

use crate::args::PrepareAugmentArgs;
use crate::commands::transform::transform;
use crate::commands::written_spec;

/// How many more copies each folder gets if nothing else is asked for.
const EXTRA: usize = 3;

/// What is done to the files of each class, and how many copies there are.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) copies: usize,
    pub(super) extra: usize,
    pub(super) originals: bool,
    others: Option<WaveformAugmentation>,
    classes: BTreeMap<String, WaveformAugmentation>,
}

/// A policy as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    copies: usize,
    originals: bool,
    others: Option<WaveformAugmentation>,
    classes: BTreeMap<String, WaveformAugmentation>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            copies: 1,
            originals: false,
            others: None,
            classes: BTreeMap::new(),
        }
    }
}

impl Policy {
    pub(super) fn new(args: &PrepareAugmentArgs) -> Result<Self> {
        let alike = |others| Written {
            others: Some(others),
            ..Written::default()
        };
        let (written, extra) = match (&args.policy, &args.transform) {
            (Some(file), _) => (written_spec::read(file)?, 0),
            (None, Some(name)) => (alike(transform(name, &args.settings)?), 0),
            (None, None) => (alike(stretch_and_shift()), EXTRA),
        };
        Ok(Self {
            copies: args.copies.map_or(written.copies, usize::from),
            extra: args.extra.map_or(extra, usize::from),
            originals: args.originals || written.originals,
            others: written.others,
            classes: written.classes,
        })
    }

    /// Checks what can be checked before there are files: what makes no sense should not look like
    /// a fault of each of them.
    pub(super) fn check(&self) -> Result<(), Error> {
        within("policy", "copies", self.copies, 1..=100)?;
        for spec in self.classes.values().chain(&self.others) {
            spec.build(SampleRate::HZ_44100)?;
        }
        Ok(())
    }

    /// What is done to a class; nothing if it is left as it is.
    pub(super) fn of(&self, class: &str) -> Option<&WaveformAugmentation> {
        self.classes.get(class).or(self.others.as_ref())
    }

    /// Refuses classes that the folder does not have.
    pub(super) fn check_classes(&self, there: &[&str]) -> Result<(), Error> {
        let strange = |name: &&String| !there.contains(&name.as_str());
        match self.classes.keys().find(strange) {
            None => Ok(()),
            Some(name) => {
                let reason = format!("there is no class `{name}`; there are {}", there.join(", "));
                Err(Error::config("policy", "classes", reason))
            }
        }
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

//! Augmentation that depends on the class.

use std::collections::{BTreeMap, BTreeSet};

use sarangi_core::{Error, Result, Rng, SampleRate, Spec as _, Waveform, within};
use serde::{Deserialize, Serialize};

use crate::{Augmenter, MixSpec, Mixer, SpectrogramAugmentation, WaveformAugmentation};

/// What is done to training chunks: to their sound, by class, to their features, and to batches.
///
/// As TOML, for example:
///
/// ```toml
/// originals = true
/// classes.jazz = { type = "pitch_shift", semitones = [-2, 2] }
/// classes.rock = { type = "time_stretch", rate = [0.85, 1.15] }
/// features = { type = "time_masking", time_mask_param = 20 }
/// mix = { mixup_alpha = 0.2 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySpec {
    /// How often an example of a class that is changed is seen changed in an epoch, each time in
    /// another way; 1 to 100. Default 1.
    pub copies: usize,
    /// Whether what is changed is seen as it is, too. Default false.
    pub originals: bool,
    /// What is done to the classes that have no entry of their own; nothing if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<WaveformAugmentation>,
    /// What is done to a class, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, WaveformAugmentation>,
    /// What is done to the features of every chunk, originals too, once they are normalised: 0 is
    /// their mean. Nothing if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<SpectrogramAugmentation>,
    /// How the examples of a batch are mixed with one another, and their labels with them; not at
    /// all if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix: Option<MixSpec>,
}

impl Default for PolicySpec {
    fn default() -> Self {
        Self {
            copies: 1,
            originals: false,
            others: None,
            classes: BTreeMap::new(),
            features: None,
            mix: None,
        }
    }
}

impl PolicySpec {
    /// Checks what can be checked without the classes.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense.
    pub fn check(&self, rate: SampleRate) -> Result<()> {
        within("augment", "copies", self.copies, 1..=100)?;
        for spec in self.classes.values().chain(&self.others) {
            spec.build(rate)?;
        }
        self.features
            .as_ref()
            .map(|spec| spec.build(()))
            .transpose()?;
        self.mix.map(|spec| spec.build(())).transpose()?;
        Ok(())
    }

    /// Plans for the classes `labels`.
    ///
    /// # Errors
    /// [`Error::Config`] naming the first field that makes no sense, or a class that is not there.
    pub fn build(&self, labels: &[String], rate: SampleRate) -> Result<Policy> {
        self.check(rate)?;
        let known: BTreeSet<&String> = labels.iter().collect();
        if let Some(stranger) = self.classes.keys().find(|name| !known.contains(name)) {
            let reason = format!(
                "there is no class `{stranger}`; there are {}",
                labels.join(", ")
            );
            return Err(Error::config("augment", "classes", reason));
        }
        let augmenters = labels.iter().map(|label| {
            let spec = self.classes.get(label).or(self.others.as_ref());
            spec.map(|spec| spec.build(rate)).transpose()
        });
        Ok(Policy {
            copies: self.copies,
            originals: self.originals,
            augmenters: augmenters.collect::<Result<_>>()?,
            features: self
                .features
                .as_ref()
                .map(|spec| spec.build(()))
                .transpose()?,
            mixer: self.mix.map(|spec| spec.build(())).transpose()?,
        })
    }
}

/// A planned [`PolicySpec`] for a data set's classes.
#[derive(Debug)]
pub struct Policy {
    copies: usize,
    originals: bool,
    /// One for each class.
    augmenters: Vec<Option<Augmenter<WaveformAugmentation>>>,
    features: Option<Augmenter<SpectrogramAugmentation>>,
    mixer: Option<Mixer>,
}

impl Policy {
    /// In what ways an example of class `label` is seen in an epoch: 0 is as it is, 1 and on are
    /// changed copies.
    pub fn copies_of(&self, label: usize) -> impl Iterator<Item = usize> + use<> {
        let changed = self.augmenters.get(label).is_some_and(Option::is_some);
        match changed {
            true => usize::from(!self.originals)..self.copies + 1,
            false => 0..1,
        }
    }

    /// Changes the sound of an example of class `label`, and says what was applied.
    ///
    /// # Errors
    /// What a transform cannot accept, as an [`Error`] that says why.
    pub fn augment(
        &self,
        label: usize,
        wave: Waveform,
        rng: &mut Rng,
    ) -> Result<(Waveform, Vec<WaveformAugmentation>)> {
        match self.augmenters.get(label) {
            Some(Some(augmenter)) => augmenter.augment_logged(wave, rng),
            _ => Ok((wave, Vec::new())),
        }
    }

    /// What changes the features of an example, if anything does.
    pub fn features(&self) -> Option<&Augmenter<SpectrogramAugmentation>> {
        self.features.as_ref()
    }

    /// What mixes the examples of a batch, if anything does.
    pub fn mixer(&self) -> Option<&Mixer> {
        self.mixer.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sarangi_core::Seed;

    fn labels() -> Vec<String> {
        ["blues", "jazz", "rock"].map(String::from).to_vec()
    }

    fn policy(json: &str) -> PolicySpec {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_class_gets_its_own() {
        let spec = policy(
            r#"{"classes": {"jazz": {"type": "gain", "gain_db": 6},
                            "rock": {"type": "gain", "gain_db": -6}}, "copies": 2}"#,
        );
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(policy(&json), spec);
        let policy = spec.build(&labels(), SampleRate::HZ_22050).unwrap();
        let wave = Waveform::mono(vec![0.25; 10], SampleRate::HZ_22050);
        let level = |label| {
            let rng = &mut Seed(0).rng(0, 0);
            let (out, log) = policy.augment(label, wave.clone(), rng).unwrap();
            (out.channel(0).unwrap()[0], log.len())
        };
        assert_eq!(level(0), (0.25, 0));
        assert!((level(1).0 / 0.25 - 1.9953).abs() < 1e-3 && level(1).1 == 1);
        assert!((level(2).0 / 0.25 - 0.5012).abs() < 1e-3);
        let seen = |label| policy.copies_of(label).collect::<Vec<_>>();
        assert_eq!((seen(0), seen(1)), (vec![0], vec![1, 2]));
    }

    #[test]
    fn originals_are_seen_too_where_asked_for() {
        let spec = policy(r#"{"originals": true, "others": {"type": "gain"}}"#);
        let policy = spec.build(&labels(), SampleRate::HZ_22050).unwrap();
        assert_eq!(policy.copies_of(1).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn nonsense_is_named() {
        for (json, says) in [
            (r#"{"copies": 0}"#, "augment: copies"),
            (
                r#"{"classes": {"polka": {"type": "gain"}}}"#,
                "no class `polka`; there are blues, jazz, rock",
            ),
            (
                r#"{"others": {"type": "gain", "gain_db": 1000}}"#,
                "gain: gain_db",
            ),
        ] {
            let error = policy(json)
                .build(&labels(), SampleRate::HZ_22050)
                .unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
        assert!(serde_json::from_str::<PolicySpec>(r#"{"clases": {}}"#).is_err());
    }
}

//! From one sound file to its augmented copies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sarangi::audio::{DecodeOptions, LoadSpec, encode_wav};
use sarangi::augment::{Policy, PolicySpec};
use sarangi::core::{Error, Result};
use sarangi::data::{AugmentedCopy, content_digest};
use sarangi::prelude::SampleRate;
use serde::{Deserialize, Serialize};

use super::super::output_folder::OutputFolder;
use super::jobs::Job;
use crate::args::{Bits, Common};
use crate::commands::augment::clipped;

/// Everything that files are put through.
pub(super) struct Copier<'a> {
    policy: &'a PolicySpec,
    labels: &'a [String],
    output: &'a OutputFolder,
    bits: Bits,
    decoding: DecodeOptions,
    /// The policy, planned once for each rate.
    plans: Mutex<BTreeMap<u32, Arc<Policy>>>,
}

/// What became of one file.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Copied {
    pub(super) copies: Vec<AugmentedCopy>,
    /// Its name and where it lies, if it is wanted beside its copies.
    pub(super) original: Option<(String, PathBuf)>,
    /// How many samples were cut at full scale.
    pub(super) clipped: usize,
}

impl<'a> Copier<'a> {
    pub(super) fn new(
        policy: &'a PolicySpec,
        labels: &'a [String],
        output: &'a OutputFolder,
        bits: Bits,
        common: &Common,
    ) -> Self {
        Self {
            policy,
            labels,
            output,
            bits,
            decoding: common.decoding(),
            plans: Mutex::default(),
        }
    }

    /// Makes all copies of one file.
    pub(super) fn run(&self, job: &Job, path: &Path) -> Result<Copied> {
        if let Some(problem) = job.problem {
            return Err(Error::data(path, problem));
        }
        let mut done = Copied {
            original: job.keep.then(|| (job.name.clone(), path.to_owned())),
            ..Copied::default()
        };
        if job.copies.is_empty() {
            return Ok(done);
        }
        let digest = content_digest(path)?;
        let load = LoadSpec {
            rate: None,
            mono: true,
        };
        let wave = load.load(path, &self.decoding)?;
        let plan = self.plan(wave.rate())?;
        for copy in &job.copies {
            let (changed, applied) = plan
                .augment(job.label, wave.clone(), &mut copy.rng())
                .map_err(|error| Error::decode(path, error.to_string()))?;
            encode_wav(self.output.staged(&copy.file), &changed, self.bits.into())?;
            done.clipped += clipped(&changed, self.bits);
            let applied = applied.iter().map(serde_json::to_value);
            done.copies.push(AugmentedCopy {
                file: copy.file.clone(),
                source: job.name.clone(),
                source_digest: digest.clone(),
                applied: applied
                    .collect::<Result<_, _>>()
                    .map_err(|e| Error::data(path, e.to_string()))?,
            });
        }
        Ok(done)
    }

    fn plan(&self, rate: SampleRate) -> Result<Arc<Policy>> {
        let plans = || self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans().get(&rate.hz()) {
            return Ok(plan.clone());
        }
        // Not under the lock: planning may use all threads, and one of them may wait for the lock.
        let plan = Arc::new(self.policy.build(self.labels, rate)?);
        Ok(plans().entry(rate.hz()).or_insert(plan).clone())
    }
}

//! The check of a whole data set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sarangi_audio::{DecodeOptions, FileKind, Quarantine, decode, for_each_file};
use sarangi_core::{Result, SampleRate};
use sarangi_dsp::resample;
use serde::Serialize;

use super::usual::Usual;
use super::{Finding, FindingKind, PictureQuality, QualitySpec, SoundQuality, same};
use crate::fingerprint::{SoundPrinter, of_picture};
use crate::front_end::picture::{planes, read};
use crate::{Colour, Fingerprint, ListedFile, Listing, content_digest};

/// What was found in a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QualityReport {
    /// The classes, sorted.
    pub classes: Vec<CheckedClass>,
    /// What may be wrong, sorted by path.
    pub findings: Vec<Finding>,
    /// The files that could be read, sorted by class, then by path.
    pub files: Vec<CheckedFile>,
}

/// A class in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckedClass {
    /// Its name.
    pub label: String,
    /// How many files it has.
    pub files: usize,
    /// How many of them have findings.
    pub flagged: usize,
    /// How long its sounds are together, in seconds; none of pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// A file and what was measured of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckedFile {
    /// Its path, relative to the data set, with `/` between folders.
    pub path: String,
    /// Its class.
    pub label: String,
    /// The [digest](content_digest) of its content.
    pub content: String,
    /// What was measured.
    #[serde(flatten)]
    pub quality: Quality,
}

/// What was measured of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Quality {
    /// Of a sound.
    Sound(SoundQuality),
    /// Of a picture.
    Picture(PictureQuality),
}

impl Quality {
    fn findings(&self, spec: &QualitySpec) -> Vec<(FindingKind, String)> {
        match self {
            Self::Sound(sound) => sound.findings(spec),
            Self::Picture(picture) => picture.findings(spec),
        }
    }
}

/// A file with what it is known by.
pub(super) struct Checked {
    pub(super) file: CheckedFile,
    pub(super) print: Fingerprint,
}

impl QualityReport {
    /// Decodes every file of a listing, on all threads, and looks for what may be wrong with each, with
    /// each among its class, and with any two.
    ///
    /// Nothing is changed. The report does not depend on the number of threads; each holds one file in
    /// memory. `progress` is called with the number of files done.
    ///
    /// # Errors
    /// [`Error::Config`](sarangi_core::Error::Config) naming a limit that makes no sense.
    pub fn of(
        listing: &Listing,
        spec: &QualitySpec,
        decoding: &DecodeOptions,
        progress: impl Fn(usize) + Sync,
    ) -> Result<Self> {
        spec.check()?;
        let printer = SoundPrinter::new(RATE)?;
        let work = |file: &ListedFile, path: &Path| {
            let content = content_digest(path)?;
            let (quality, print) = match listing.kind {
                FileKind::Sound => sound(path, spec, decoding, &printer)?,
                FileKind::Picture => picture(path)?,
            };
            let file = CheckedFile {
                path: file.path.clone(),
                label: listing.labels[file.label].clone(),
                content,
                quality,
            };
            Ok(Checked { file, print })
        };
        let (checked, mut quarantine) =
            for_each_file(&listing.files, |file| listing.locate(file), work, progress)?;
        quarantine.merge(listing.problems.clone());

        let mut findings = unreadable(listing, &quarantine);
        for one in &checked {
            let own = one.file.quality.findings(spec).into_iter();
            findings.extend(own.map(|(kind, detail)| finding(&one.file, kind, detail)));
        }
        findings.extend(unusual(&checked, listing, spec));
        findings.extend(same::find(&checked, listing.kind));
        findings.sort();
        findings.dedup();
        let files: Vec<_> = checked.into_iter().map(|one| one.file).collect();
        Ok(Self {
            classes: classes(listing, &files, &findings),
            findings,
            files,
        })
    }

    /// The paths of the files with findings, sorted.
    pub fn flagged(&self) -> BTreeSet<&str> {
        let findings = self.findings.iter();
        findings.map(|finding| finding.path.as_str()).collect()
    }

    /// How often each kind was found, the gravest first; those that were not are left out.
    pub fn counts(&self) -> Vec<(FindingKind, usize)> {
        let count = |kind| self.findings.iter().filter(|f| f.finding == kind).count();
        let counts = FindingKind::ALL.map(|kind| (kind, count(kind)));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// The rate at which sounds are compared.
const RATE: SampleRate = SampleRate::HZ_22050;

fn sound(
    path: &Path,
    spec: &QualitySpec,
    decoding: &DecodeOptions,
    printer: &SoundPrinter,
) -> Result<(Quality, Fingerprint)> {
    let wave = decode(path, decoding)?;
    let quality = SoundQuality::of(&wave, spec);
    let print = printer.print(&resample(&wave.into_mono(), RATE)?)?;
    Ok((Quality::Sound(quality), print))
}

fn picture(path: &Path) -> Result<(Quality, Fingerprint)> {
    let pixels = planes(&read(path)?, Colour::Grey);
    let quality = PictureQuality::of(&pixels);
    let print = of_picture(&pixels)?;
    Ok((Quality::Picture(quality), print))
}

fn finding(file: &CheckedFile, finding: FindingKind, detail: String) -> Finding {
    Finding {
        path: file.path.clone(),
        label: file.label.clone(),
        finding,
        detail,
        other: None,
    }
}

/// The files that cannot be read or listed.
fn unreadable(listing: &Listing, quarantine: &Quarantine) -> Vec<Finding> {
    let labels: BTreeMap<&str, &String> = listing
        .files
        .iter()
        .map(|file| (file.path.as_str(), &listing.labels[file.label]))
        .collect();
    let label = |path: &str| {
        let first = path.split('/').next().unwrap_or_default();
        let known = labels.get(path).copied();
        known.or_else(|| listing.labels.iter().find(|label| *label == first))
    };
    let entries = quarantine.entries().iter().map(|entry| Finding {
        path: entry.path.clone(),
        label: label(&entry.path).cloned().unwrap_or_default(),
        finding: FindingKind::Unreadable,
        detail: entry.reason.clone(),
        other: None,
    });
    entries.collect()
}

/// The files that are shorter, longer, larger or smaller than their class.
fn unusual(checked: &[Checked], listing: &Listing, spec: &QualitySpec) -> Vec<Finding> {
    let mut found = Vec::new();
    for label in &listing.labels {
        let files = checked.iter().map(|one| &one.file);
        let files: Vec<&CheckedFile> = files.filter(|file| file.label == *label).collect();
        let usual = |value: fn(&Quality) -> Option<f64>| {
            Usual::of(files.iter().filter_map(|file| value(&file.quality)), spec)
        };
        let (length, width, height) = (usual(seconds), usual(width), usual(height));
        for file in &files {
            match (&file.quality, length, width, height) {
                (Quality::Sound(sound), Some(length), ..) if !length.has(sound.seconds) => {
                    let (seconds, median) = (sound.seconds, length.median);
                    let detail = format!("lasts {seconds:.2} s, its class {median:.2} s (median)");
                    found.push(finding(file, FindingKind::OddLength, detail));
                }
                (Quality::Picture(picture), _, Some(width), Some(height)) => {
                    let (w, h) = (picture.width, picture.height);
                    if !width.has(w as f64) || !height.has(h as f64) {
                        let (mw, mh) = (width.median, height.median);
                        let detail = format!("is {w} × {h} pixels, its class {mw} × {mh} (median)");
                        found.push(finding(file, FindingKind::OddSize, detail));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

fn seconds(quality: &Quality) -> Option<f64> {
    match quality {
        Quality::Sound(sound) => Some(sound.seconds),
        Quality::Picture(_) => None,
    }
}

fn width(quality: &Quality) -> Option<f64> {
    match quality {
        Quality::Picture(picture) => Some(picture.width as f64),
        Quality::Sound(_) => None,
    }
}

fn height(quality: &Quality) -> Option<f64> {
    match quality {
        Quality::Picture(picture) => Some(picture.height as f64),
        Quality::Sound(_) => None,
    }
}

fn classes(listing: &Listing, files: &[CheckedFile], findings: &[Finding]) -> Vec<CheckedClass> {
    let counts = listing.counts();
    let classes = listing.labels.iter().zip(counts).map(|(label, count)| {
        let of_class = findings.iter().filter(|finding| finding.label == *label);
        let flagged: BTreeSet<&str> = of_class.map(|finding| finding.path.as_str()).collect();
        let files = files.iter().filter(|file| file.label == *label);
        let total = files.filter_map(|file| seconds(&file.quality)).sum();
        CheckedClass {
            label: label.clone(),
            files: count,
            flagged: flagged.len(),
            seconds: (listing.kind == FileKind::Sound).then_some(total),
        }
    });
    classes.collect()
}

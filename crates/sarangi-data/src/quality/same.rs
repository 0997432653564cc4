//! Files that hold the same.

use std::collections::BTreeMap;

use sarangi_audio::FileKind;

use super::report::Checked;
use super::{Finding, FindingKind};
use crate::near_duplicates;

/// Finds the files that are copies of earlier ones, or hold the same recording or picture, in one class
/// or in two.
pub(super) fn find(checked: &[Checked], kind: FileKind) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, one) in checked.iter().enumerate() {
        let earlier = *first.entry(one.file.content.as_str()).or_insert(index);
        if earlier != index {
            let pair = [&checked[earlier], one];
            add(&mut found, pair, FindingKind::ExactDuplicate, |other| {
                format!("is the same file as `{other}`")
            });
        }
    }
    // Of copies the first stands for all.
    let mut originals: Vec<usize> = first.into_values().collect();
    originals.sort_unstable();
    let prints: Vec<_> = originals
        .iter()
        .map(|&i| checked[i].print.clone())
        .collect();
    let noun = match kind {
        FileKind::Sound => "recording",
        FileKind::Picture => "picture",
    };
    for near in near_duplicates(&prints) {
        let pair = [near.first, near.second].map(|index| &checked[originals[index]]);
        let agree = 100.0 * (1.0 - near.distance);
        add(&mut found, pair, FindingKind::NearDuplicate, |other| {
            format!("holds the same {noun} as `{other}`: {agree:.0} % of their fingerprints agree")
        });
    }
    found
}

/// Adds what a pair is: in one class the later file is one too many, in two either may be wrong.
fn add(
    found: &mut Vec<Finding>,
    [earlier, later]: [&Checked; 2],
    kind: FindingKind,
    detail: impl Fn(&str) -> String,
) {
    let (a, b) = (&earlier.file, &later.file);
    if a.label == b.label {
        found.push(Finding {
            path: b.path.clone(),
            label: b.label.clone(),
            finding: kind,
            detail: detail(&a.path),
            other: Some(a.path.clone()),
        });
        return;
    }
    for (one, other) in [(a, b), (b, a)] {
        found.push(Finding {
            path: one.path.clone(),
            label: one.label.clone(),
            finding: FindingKind::TwoLabels,
            detail: format!("{}, of class `{}`", detail(&other.path), other.label),
            other: Some(other.path.clone()),
        });
    }
}

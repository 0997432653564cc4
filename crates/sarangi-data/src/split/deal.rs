//! Dealing groups of tracks to parts so that every part has its share of every class.

use sarangi_core::Seed;

use crate::Corpus;

/// Deals `tracks` to as many parts as there are shares, whole groups at a time, and gives the tracks
/// of each part.
///
/// The largest groups come first, those of one size in an order drawn by the seed; each goes where
/// most is lacking of what it brings (Sechidis, Tsoumakas and Vlahavas 2011, for groups).
pub(super) fn deal(
    corpus: &Corpus,
    tracks: &[usize],
    groups: &[usize],
    shares: &[f64],
    seed: Seed,
) -> Vec<Vec<usize>> {
    let classes = corpus.labels.len();
    let mut totals = vec![0.0f64; classes];
    let mut members: std::collections::BTreeMap<usize, Vec<usize>> = Default::default();
    for &track in tracks {
        totals[corpus.tracks[track].label] += 1.0;
        members.entry(groups[track]).or_default().push(track);
    }
    let mut members: Vec<Vec<usize>> = members.into_values().collect();
    seed.named("groups").shuffle(&mut members);
    members.sort_by_key(|group| std::cmp::Reverse(group.len()));

    let mut lacking: Vec<Vec<f64>> = shares
        .iter()
        .map(|share| totals.iter().map(|total| share * total).collect())
        .collect();
    let mut parts: Vec<Vec<usize>> = vec![Vec::new(); shares.len()];
    for group in members {
        let mut brings = vec![0.0f64; classes];
        for &track in &group {
            brings[corpus.tracks[track].label] += 1.0;
        }
        let need = |part: usize| -> f64 {
            let classes = brings.iter().zip(&lacking[part]).zip(&totals);
            let lacks = classes.map(|((brings, lacks), total)| brings * lacks / total.max(1.0));
            lacks.sum()
        };
        let candidates = (0..shares.len()).filter(|&part| shares[part] > 0.0);
        let best = candidates.reduce(|best, part| {
            let (a, b) = (need(best), need(part));
            // Of equals the part that has least.
            match b > a || (b == a && parts[part].len() < parts[best].len()) {
                true => part,
                false => best,
            }
        });
        let Some(best) = best else { continue };
        for (lacks, brings) in lacking[best].iter_mut().zip(&brings) {
            *lacks -= brings;
        }
        parts[best].extend(group);
    }
    parts.iter_mut().for_each(|part| part.sort_unstable());
    parts
}

//! Which tracks are shown.

use super::GalleryItem;
use crate::{Pooling, Prediction, Predictions};

/// How many classes are named of each track.
const NAMED: usize = 3;

impl GalleryItem {
    /// Chooses up to `wrong` tracks that were told wrong and `right` that were told right, with what was
    /// said of them; pictures and sounds are for the caller to add.
    ///
    /// One true class after the other has its turn, so that all are seen; of each class the tracks whose
    /// answer was surest come first, as the surest mistakes teach most. Equals come by name.
    pub fn choose(
        predictions: &Predictions,
        pooling: Pooling,
        wrong: usize,
        right: usize,
    ) -> Vec<Self> {
        let tracks = predictions.pool(pooling);
        let labels = predictions.labels();
        let choose = |is_right: bool, count: usize| {
            let wanted = |track: &&Prediction| (track.class() == track.truth) == is_right;
            turns(
                tracks.chunks().iter().filter(wanted).collect(),
                labels.len(),
                count,
            )
        };
        let chosen = choose(false, wrong).into_iter().chain(choose(true, right));
        chosen.map(|track| Self::said_of(track, labels)).collect()
    }

    fn said_of(track: &Prediction, labels: &[String]) -> Self {
        let mut top: Vec<(usize, f32)> = track.probabilities.iter().copied().enumerate().collect();
        // A stable sort leaves the lowest of equal classes first, as everywhere.
        top.sort_by(|a, b| b.1.total_cmp(&a.1));
        top.truncate(NAMED);
        Self {
            track: track.track.clone(),
            truth: labels[track.truth].clone(),
            top: top
                .into_iter()
                .map(|(class, p)| (labels[class].clone(), p))
                .collect(),
            ..Self::default()
        }
    }
}

/// Up to `count` tracks, one true class after the other, the surest of each first.
fn turns(tracks: Vec<&Prediction>, classes: usize, count: usize) -> Vec<&Prediction> {
    let sureness = |track: &Prediction| track.probabilities[track.class()];
    let mut of_class: Vec<Vec<&Prediction>> = vec![Vec::new(); classes];
    for track in tracks {
        of_class[track.truth].push(track);
    }
    for tracks in &mut of_class {
        // Tracks come by name, and equals stay so.
        tracks.sort_by(|a, b| sureness(b).total_cmp(&sureness(a)));
    }
    let longest = of_class.iter().map(Vec::len).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|turn| of_class.iter().filter_map(move |of| of.get(turn)));
    in_turn.copied().take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_take_turns_and_the_surest_come_first() {
        let track = |name: &str, truth, probabilities: [f32; 4]| Prediction {
            track: name.into(),
            truth,
            probabilities: probabilities.into(),
        };
        let chunks = vec![
            track("a", 0, [0.4, 0.6, 0.0, 0.0]),
            track("b", 0, [0.2, 0.8, 0.0, 0.0]),
            track("c", 0, [0.2, 0.8, 0.0, 0.0]),
            track("d", 2, [0.7, 0.1, 0.1, 0.1]),
            track("e", 1, [0.1, 0.7, 0.2, 0.0]),
            track("f", 1, [0.0, 1.0, 0.0, 0.0]),
        ];
        let labels = ["w", "x", "y", "z"].map(String::from).into();
        let predictions = Predictions::new(labels, chunks).unwrap();
        let chosen = |wrong, right| {
            let items = GalleryItem::choose(&predictions, Pooling::MeanProbability, wrong, right);
            items
                .iter()
                .map(|item| item.track.clone())
                .collect::<String>()
        };
        assert_eq!(chosen(9, 9), "bdcafe");
        assert_eq!(chosen(2, 1), "bdf");
        assert_eq!(chosen(0, 0), "");
        let items = GalleryItem::choose(&predictions, Pooling::MeanProbability, 2, 1);
        let top = ["w", "x", "y"]
            .map(String::from)
            .into_iter()
            .zip([0.7, 0.1, 0.1]);
        assert_eq!(items[1].top, top.collect::<Vec<_>>());
        assert_eq!((items[1].is_right(), items[2].is_right()), (false, true));
    }
}

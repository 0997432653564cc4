//! Fewer files of each class.

use sarangi_audio::Quarantine;
use sarangi_core::{Error, Result, Seed};

use super::{ListedFile, Listing};

impl Listing {
    /// Draws up to `most` files of each class, without replacement, and leaves out the classes that
    /// have fewer than `least`: the smaller listing, its files in their old order, and the names
    /// of the classes that are left out.
    ///
    /// Each class has a generator of its own, so that what is drawn of one depends on its files and the
    /// seed alone; and a larger sample holds the smaller ones of the same seed.
    ///
    /// # Errors
    /// [`Error::Data`] if no class is left.
    pub fn sample(&self, most: usize, least: usize, seed: Seed) -> Result<(Self, Vec<String>)> {
        let counts = self.counts();
        let mut labels = Vec::new();
        let mut files = Vec::new();
        let mut left_out = Vec::new();
        for (label, name) in self.labels.iter().enumerate() {
            if counts[label] < least {
                left_out.push(name.clone());
                continue;
            }
            let of_class = self.files.iter().filter(|file| file.label == label);
            let mut drawn: Vec<&ListedFile> = of_class.collect();
            seed.child("sample").named(name).shuffle(&mut drawn);
            drawn.truncate(most);
            drawn.sort_by(|a, b| a.path.cmp(&b.path));
            files.extend(drawn.into_iter().map(|file| ListedFile {
                label: labels.len(),
                ..file.clone()
            }));
            labels.push(name.clone());
        }
        if labels.is_empty() {
            let largest = counts.iter().max().copied().unwrap_or(0);
            let reason = format!("no class has {least} files; the largest has {largest}");
            return Err(Error::data(&self.root, reason));
        }
        let sample = Self {
            root: self.root.clone(),
            kind: self.kind,
            labels,
            files,
            problems: Quarantine::default(),
        };
        Ok((sample, left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Listed;
    use proptest::prelude::*;
    use sarangi_audio::FileKind;

    fn listing(sizes: &[usize]) -> Listing {
        let labels = (0..sizes.len()).map(|label| format!("class{label}"));
        let files = sizes.iter().enumerate().flat_map(|(label, &size)| {
            (0..size).map(move |n| ListedFile {
                path: format!("class{label}/{n:03}.wav"),
                label,
                listed: Listed::default(),
            })
        });
        Listing {
            root: "music".into(),
            kind: FileKind::Sound,
            labels: labels.collect(),
            files: files.collect(),
            problems: Quarantine::default(),
        }
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing
            .files
            .iter()
            .map(|file| file.path.as_str())
            .collect()
    }

    proptest! {
        #[test]
        fn a_sample_is_of_each_class_and_grows_with_its_size(
            sizes in prop::collection::vec(0usize..30, 1..5),
            most in 1usize..30,
            least in 0usize..10,
            seed: u64,
        ) {
            let listing = listing(&sizes);
            let Ok((sample, left_out)) = listing.sample(most, least, Seed(seed)) else {
                prop_assert!(sizes.iter().all(|&size| size < least));
                return Ok(());
            };
            let want: Vec<usize> =
                sizes.iter().filter(|&&size| size >= least).map(|&size| size.min(most)).collect();
            prop_assert_eq!(sample.counts(), want);
            prop_assert_eq!(left_out.len(), sizes.iter().filter(|&&size| size < least).count());
            for file in &sample.files {
                let label = sample.labels[file.label].as_str();
                prop_assert!(file.path.starts_with(label));
            }
            let (larger, _) = listing.sample(most + 1, least, Seed(seed)).unwrap();
            let larger = names(&larger);
            prop_assert!(names(&sample).iter().all(|name| larger.contains(name)));
        }
    }

    #[test]
    fn a_class_does_not_move_another_and_seeds_differ() {
        let (small, _) = listing(&[20, 20]).sample(8, 0, Seed(1)).unwrap();
        let (other, _) = listing(&[20, 7]).sample(8, 0, Seed(1)).unwrap();
        assert_eq!(names(&small)[..8], names(&other)[..8]);
        let (seeded, _) = listing(&[20, 20]).sample(8, 0, Seed(2)).unwrap();
        assert_ne!(names(&small), names(&seeded));
        let error = listing(&[3, 5]).sample(8, 6, Seed(0)).unwrap_err();
        assert!(error.to_string().contains("the largest has 5"), "{error}");
    }
}

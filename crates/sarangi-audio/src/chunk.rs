//! Cutting a sound into chunks of equal length.

use sarangi_core::{Error, Result, SampleRate, Spec, Waveform};
use serde::{Deserialize, Serialize};

use crate::planes::MOST_SAMPLES;

const SPEC: &str = "chunk";

/// An hour: the longest sound that is decoded, unless told otherwise.
const LONGEST: f64 = 3600.0;
/// Chunks that begin closer together than this, in seconds, or repeat more than this share of each
/// other, multiply a track beyond any memory.
const CLOSEST: f64 = 0.001;
const MOST_OVERLAP: f64 = 0.99;
/// More chunks of one track are asked for by mistake only.
const MOST_CHUNKS: usize = 100_000;

/// What becomes of the end of a sound that does not fill a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tail {
    /// The last chunk is filled up with silence.
    #[default]
    Pad,
    /// The end is left out. Only a sound that is shorter than one chunk is filled up instead, so
    /// that every sound gives at least one chunk.
    Drop,
    /// The last chunk is shorter than the others.
    Keep,
}

/// How a sound is cut into chunks.
///
/// The ten chunks of three seconds in which the GTZAN tracks are usually cut are
/// `ChunkSpec { seconds: 3.0, count: Some(10), ..Default::default() }`: at 22,050 Hz always ten
/// chunks of 66,150 samples, what is missing being silence and what is left over ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChunkSpec {
    /// The length of a chunk in seconds, 0.001 to 3600.
    pub seconds: f64,
    /// How much of a chunk the next one repeats, as a share of its length: 0 (chunks follow each
    /// other) to 0.99. Chunks must begin at least 1 ms apart.
    pub overlap: f64,
    /// With [`Tail::Pad`], exactly how many chunks are cut, silent ones included; otherwise at most
    /// how many; 1 to 100,000, and together at most 1.38 · 10⁹ samples. None: as many as the sound
    /// gives.
    pub count: Option<usize>,
    /// What becomes of the end of a sound.
    pub tail: Tail,
}

impl Default for ChunkSpec {
    fn default() -> Self {
        Self {
            seconds: 3.0,
            overlap: 0.0,
            count: None,
            tail: Tail::Pad,
        }
    }
}

impl Spec<SampleRate> for ChunkSpec {
    type Built = ChunkPlan;

    fn build(&self, rate: SampleRate) -> Result<ChunkPlan> {
        let refuse = |field, reason| Err(Error::config(SPEC, field, reason));
        // Lengths that overflow, or that no memory holds, are refused here, not met later.
        let exact = self.seconds * rate.as_f64();
        let fits = (0.5..=MOST_SAMPLES as f64).contains(&exact);
        if !fits || !(CLOSEST..=LONGEST).contains(&self.seconds) {
            return refuse(
                "seconds",
                format!(
                    "must be {CLOSEST} to {LONGEST} and give 1 to {MOST_SAMPLES} samples at {rate}, got {}",
                    self.seconds
                ),
            );
        }
        if !(0.0..=MOST_OVERLAP).contains(&self.overlap) {
            return refuse(
                "overlap",
                format!("must be 0 to {MOST_OVERLAP}, got {}", self.overlap),
            );
        }
        let apart = self.seconds * (1.0 - self.overlap);
        if apart < CLOSEST {
            return refuse(
                "overlap",
                format!("chunks must begin at least {CLOSEST} s apart, got {apart} s"),
            );
        }
        let size = rate.samples(self.seconds);
        let hop = (size as f64 * (1.0 - self.overlap)).round().max(1.0) as usize;
        if let Some(count) = self.count {
            let most = (MOST_SAMPLES / size).min(MOST_CHUNKS);
            if !(1..=most).contains(&count) {
                return refuse(
                    "count",
                    format!(
                        "must be 1 to {most} for chunks of {} s, got {count}",
                        self.seconds
                    ),
                );
            }
        }
        Ok(ChunkPlan {
            size,
            hop,
            count: self.count,
            tail: self.tail,
        })
    }
}

/// A stretch of a sound; what of it lies behind the end of the sound is silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// Its first sample.
    pub start: usize,
    /// How many samples it has.
    pub len: usize,
}

/// A checked [`ChunkSpec`] at a sampling rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkPlan {
    size: usize,
    hop: usize,
    count: Option<usize>,
    tail: Tail,
}

impl ChunkPlan {
    /// The length of a whole chunk in samples.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The distance between the beginnings of two chunks in samples.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// The same chunks, but so many samples apart, at least one: closer together they hear a sound
    /// more than once.
    #[must_use]
    pub fn with_hop(self, hop: usize) -> Self {
        Self {
            hop: hop.max(1),
            ..self
        }
    }

    /// The chunks of a sound of `len` samples, in order.
    ///
    /// Without a count, an empty sound has none, and every other sound at least one; one more is
    /// begun only where samples are left that no chunk before has covered.
    pub fn chunks(&self, len: usize) -> impl ExactSizeIterator<Item = Chunk> + use<> {
        let Self {
            size, hop, tail, ..
        } = *self;
        let whole = len.checked_sub(size).map_or(0, |rest| rest / hop + 1);
        let covered = whole.checked_sub(1).map_or(0, |last| last * hop + size);
        let natural = match tail {
            Tail::Drop => whole.max(usize::from(len > 0)),
            Tail::Pad | Tail::Keep => whole + usize::from(covered < len),
        };
        let count = match (self.count, tail) {
            (Some(count), Tail::Pad) => count,
            (Some(count), _) => natural.min(count),
            (None, _) => natural,
        };
        (0..count).map(move |index| {
            let start = index.saturating_mul(hop);
            let len = match tail {
                Tail::Keep => size.min(len.saturating_sub(start)),
                Tail::Pad | Tail::Drop => size,
            };
            Chunk { start, len }
        })
    }

    /// Cuts a sound, whose rate must be the one the plan was built for.
    pub fn cut<'a>(&self, wave: &'a Waveform) -> impl ExactSizeIterator<Item = Waveform> + use<'a> {
        self.chunks(wave.len())
            .map(|chunk| wave.window(chunk.start, chunk.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(spec: ChunkSpec) -> ChunkPlan {
        spec.build(SampleRate::HZ_22050).unwrap()
    }

    fn lens(plan: &ChunkPlan, len: usize) -> Vec<(usize, usize)> {
        plan.chunks(len).map(|c| (c.start, c.len)).collect()
    }

    #[test]
    fn a_track_gives_ten_chunks_of_three_seconds_whatever_its_length() {
        let ten = plan(ChunkSpec {
            count: Some(10),
            ..ChunkSpec::default()
        });
        for len in [661_500, 660_000, 675_808, 400_000, 1, 0] {
            let chunks = lens(&ten, len);
            let want: Vec<_> = (0..10).map(|i| (i * 66_150, 66_150)).collect();
            assert_eq!(chunks, want, "{len}");
        }
        let wave = Waveform::mono(vec![1.0; 100_000], SampleRate::HZ_22050);
        let sums: Vec<f32> = ten.cut(&wave).map(|c| c.samples().sum()).collect();
        assert_eq!(&sums[..3], [66_150.0, 33_850.0, 0.0]);
        assert_eq!(sums.len(), 10);
    }

    #[test]
    fn consecutive_chunks_may_end_with_a_short_one() {
        let thirty = plan(ChunkSpec {
            seconds: 30.0,
            tail: Tail::Keep,
            ..ChunkSpec::default()
        });
        let size = 661_500;
        assert_eq!(
            lens(&thirty, 2 * size + 5),
            [(0, size), (size, size), (2 * size, 5)]
        );
        assert_eq!(lens(&thirty, 2 * size), [(0, size), (size, size)]);
        assert_eq!(lens(&thirty, 7), [(0, 7)]);
    }

    #[test]
    fn dropping_never_leaves_a_sound_without_a_chunk() {
        let drop = plan(ChunkSpec {
            tail: Tail::Drop,
            ..ChunkSpec::default()
        });
        assert_eq!(lens(&drop, 66_150 + 66_149), [(0, 66_150)]);
        assert_eq!(lens(&drop, 10), [(0, 66_150)]);
        assert_eq!(lens(&drop, 0), []);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let seconds = |seconds| ChunkSpec {
            seconds,
            ..ChunkSpec::default()
        };
        let overlap = |overlap| ChunkSpec {
            overlap,
            ..ChunkSpec::default()
        };
        let count = |count| ChunkSpec {
            count: Some(count),
            ..ChunkSpec::default()
        };
        for (bad, field) in [
            (seconds(0.0), "seconds"),
            (seconds(-1.0), "seconds"),
            (seconds(f64::NAN), "seconds"),
            (seconds(f64::INFINITY), "seconds"),
            (seconds(3600.1), "seconds"),
            (overlap(1.0), "overlap"),
            (overlap(f64::NAN), "overlap"),
            (overlap(0.991), "overlap"),
            (seconds(0.000_9), "seconds"),
            (
                ChunkSpec {
                    seconds: 0.01,
                    ..overlap(0.95)
                },
                "overlap",
            ),
            (count(0), "count"),
            (count(100_001), "count"),
            (count(usize::MAX), "count"),
        ] {
            let error = bad.build(SampleRate::HZ_22050).unwrap_err().to_string();
            assert!(error.starts_with(&format!("chunk: {field}: ")), "{error}");
        }
        for good in [seconds(3600.0), overlap(0.99), count(20_000)] {
            assert!(good.build(SampleRate::HZ_22050).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn what_no_memory_holds_is_refused() {
        let error = |spec: ChunkSpec, hz| {
            let rate = SampleRate::new(hz).unwrap();
            spec.build(rate).unwrap_err().to_string()
        };
        let hour = ChunkSpec {
            seconds: 3600.0,
            ..ChunkSpec::default()
        };
        assert!(error(hour.clone(), u32::MAX).starts_with("chunk: seconds: "));
        let many = ChunkSpec {
            count: Some(100),
            ..hour
        };
        let error = error(many, 22_050);
        assert!(
            error.contains("count: must be 1 to 17 for chunks of 3600 s"),
            "{error}"
        );
    }

    #[test]
    fn the_spec_survives_json_and_refuses_unknown_fields() {
        let spec = ChunkSpec {
            overlap: 0.5,
            tail: Tail::Keep,
            ..ChunkSpec::default()
        };
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ChunkSpec>(&json).unwrap(), spec);
        assert!(serde_json::from_str::<ChunkSpec>(r#"{"second": 3}"#).is_err());
    }

    proptest! {
        #[test]
        fn every_sample_is_in_a_chunk_and_no_chunk_is_all_silence(
            len in 1usize..5_000,
            seconds in 0.03f64..0.1,
            overlap in 0.0f64..0.95,
            keep: bool,
        ) {
            let tail = if keep { Tail::Keep } else { Tail::Pad };
            let plan = plan(ChunkSpec { seconds, overlap, count: None, tail });
            let mut covered = 0;
            for (index, chunk) in plan.chunks(len).enumerate() {
                prop_assert_eq!(chunk.start, index * plan.hop());
                prop_assert!(chunk.start <= covered && covered < len);
                prop_assert!(chunk.len == plan.size() || (keep && chunk.start + chunk.len == len));
                covered = chunk.start + chunk.len;
            }
            prop_assert!(covered >= len);
        }
    }
}

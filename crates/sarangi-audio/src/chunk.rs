//! Cutting a sound into chunks of equal length.

use sarangi_core::{Error, Result, SampleRate, Spec, Waveform};
use serde::{Deserialize, Serialize};

const SPEC: &str = "chunk";

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
    /// The length of a chunk in seconds.
    pub seconds: f64,
    /// How much of a chunk the next one repeats, as a share of its length: 0 (chunks follow each
    /// other) to below 1.
    pub overlap: f64,
    /// With [`Tail::Pad`], exactly how many chunks are cut, silent ones included; otherwise at most
    /// how many. None: as many as the sound gives.
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
        // Rates and lengths that overflow are refused here, so that nothing overflows later.
        let longest = f64::from(u32::MAX);
        let size = self.seconds * rate.as_f64();
        if !(size >= 0.5 && size <= longest) {
            return Err(Error::config(
                SPEC,
                "seconds",
                format!(
                    "must give 1 to {longest} samples at {rate}, got {}",
                    self.seconds
                ),
            ));
        }
        if !(0.0..1.0).contains(&self.overlap) {
            return Err(Error::config(
                SPEC,
                "overlap",
                format!("must be at least 0 and below 1, got {}", self.overlap),
            ));
        }
        if self.count == Some(0) {
            return Err(Error::config(SPEC, "count", "must be at least 1, got 0"));
        }
        let size = rate.samples(self.seconds);
        let hop = (size as f64 * (1.0 - self.overlap)).round().max(1.0) as usize;
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
        let spec = ChunkSpec::default;
        for (bad, field) in [
            (
                ChunkSpec {
                    seconds: 0.0,
                    ..spec()
                },
                "seconds",
            ),
            (
                ChunkSpec {
                    seconds: -1.0,
                    ..spec()
                },
                "seconds",
            ),
            (
                ChunkSpec {
                    seconds: f64::NAN,
                    ..spec()
                },
                "seconds",
            ),
            (
                ChunkSpec {
                    seconds: f64::INFINITY,
                    ..spec()
                },
                "seconds",
            ),
            (
                ChunkSpec {
                    overlap: 1.0,
                    ..spec()
                },
                "overlap",
            ),
            (
                ChunkSpec {
                    overlap: f64::NAN,
                    ..spec()
                },
                "overlap",
            ),
            (
                ChunkSpec {
                    count: Some(0),
                    ..spec()
                },
                "count",
            ),
        ] {
            let error = bad.build(SampleRate::HZ_22050).unwrap_err().to_string();
            assert!(error.starts_with(&format!("chunk: {field}: ")), "{error}");
        }
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
            seconds in 0.001f64..0.1,
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

//! The command line of work on data sets.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sarangi::audio::{FileKind, Tail};

use super::{Bits, PrepareAugmentArgs, seconds, setting};

#[derive(Debug, Args)]
pub(crate) struct PrepareArgs {
    #[command(subcommand)]
    pub(crate) command: PrepareCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrepareCommand {
    /// Make WAV files of sounds and videos
    Convert(ConvertArgs),
    /// Look for files that are broken, silent, clipped, odd in length or there twice, for a person
    /// to review
    Check(CheckArgs),
    /// Copy what a reviewed check keeps
    Clean(CleanArgs),
    /// Draw so many files of each class
    Subsample(SubsampleArgs),
    /// Cut every sound into chunks of one length
    Chunk(ChunkArgs),
    /// Draw who trains, validates and tests, as lists for a recipe
    Split(DrawSplitArgs),
    /// Write augmented copies of every sound file in a folder, and the list that keeps copies of
    /// what tests out of training
    Augment(PrepareAugmentArgs),
}

/// How sounds are stored.
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Resample to this rate in Hz [default: each file's own]
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Average the channels into one
    #[arg(long)]
    pub(crate) mono: bool,
    /// How samples are stored: whole numbers of 16 bits, cut at full scale, or floats of 32
    #[arg(long, value_enum, value_name = "BITS", default_value_t = Bits::Pcm16)]
    pub(crate) bits: Bits,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// A sound or video file, or a folder of them
    #[arg(value_name = "IN")]
    pub(crate) input: PathBuf,
    /// The WAV file, or a new folder, which gets the same sub-folders
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ChunkArgs {
    /// The folder of music, with a sub-folder for each class or a manifest
    #[arg(value_name = "IN_DIR")]
    pub(crate) input: PathBuf,
    /// A new folder for the chunks, which gets the same sub-folders and a manifest
    #[arg(value_name = "OUT_DIR")]
    pub(crate) output: PathBuf,
    /// How long a chunk is
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) seconds: f64,
    /// How many seconds of a chunk the next one repeats [default: 0]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) overlap: Option<f64>,
    /// What becomes of an end that does not fill a chunk
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = End::Keep)]
    pub(crate) tail: End,
    /// At most so many chunks of a file; with --tail pad exactly so many
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<usize>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum End {
    /// The last chunk is shorter
    Keep,
    /// It is filled up with silence
    Pad,
    /// It is left out, unless it is all there is, which is filled up
    Drop,
}

impl From<End> for Tail {
    fn from(end: End) -> Self {
        match end {
            End::Keep => Self::Keep,
            End::Pad => Self::Pad,
            End::Drop => Self::Drop,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Sound files
    Sound,
    /// PNG and JPEG files
    Picture,
}

impl From<Kind> for FileKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sound => Self::Sound,
            Kind::Picture => Self::Picture,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct SubsampleArgs {
    /// The folder of sounds or pictures, with a sub-folder for each class or a manifest
    #[arg(value_name = "IN_DIR")]
    pub(crate) input: PathBuf,
    /// A new folder for the files that are drawn
    #[arg(value_name = "OUT_DIR")]
    pub(crate) output: PathBuf,
    /// How many files each class keeps at most
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) max_per_class: usize,
    /// Leave out classes that have fewer files
    #[arg(long, value_name = "M", default_value_t = 1)]
    pub(crate) min_per_class: usize,
    /// The seed of what is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Say what would be drawn, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Make hard links instead of copies, where the system can
    #[arg(long)]
    pub(crate) link: bool,
    /// What the files are [default: what is there]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Kind>,
}

#[derive(Debug, Args)]
pub(crate) struct DrawSplitArgs {
    /// The folder of sounds or pictures, with a sub-folder for each class, or a manifest
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The folder for the lists train.txt, valid.txt and test.txt
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// A field of the recipe's `split`, such as type=k_fold, folds=10 or test=0.2; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// The seed of what is drawn; a recipe with the same seed draws the same
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// What the files are [default: what is there]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Kind>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The folder of sounds or pictures, with a sub-folder for each class or a manifest
    #[arg(value_name = "IN_DIR")]
    pub(crate) input: PathBuf,
    /// Write check.json, review.csv, classes.png and review.html into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Sounds that are shorter are odd; longer than --max-seconds, too
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) min_seconds: Option<f64>,
    /// Change a limit: silence_db=-60, silence_seconds=2, low_level_db=-45, clip_level=0.999,
    /// clip_run=3, clip_share=0.001, dc_offset=0.01, usual_share=0.05, usual_deviations=6; may be
    /// repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// How many files review.html shows at most
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) show: usize,
    /// What the files are [default: what is there]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Kind>,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// The folder that was checked
    #[arg(value_name = "IN_DIR")]
    pub(crate) input: PathBuf,
    /// A new folder for the files that are kept
    #[arg(value_name = "OUT_DIR")]
    pub(crate) output: PathBuf,
    /// The check's review.csv, with yes or no in its column `keep`
    #[arg(long, value_name = "FILE")]
    pub(crate) review: PathBuf,
    /// Make hard links instead of copies, where the system can
    #[arg(long)]
    pub(crate) link: bool,
    /// What the files are [default: what is there]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Kind>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number >= 1 => Ok(number),
        _ => Err("must be a whole number from 1 up".to_owned()),
    }
}

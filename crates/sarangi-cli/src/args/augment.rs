//! The command line of augmentation.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sarangi::audio::WavFormat;

use super::setting;

#[derive(Debug, Args)]
pub(crate) struct AugmentArgs {
    /// List the transforms with their parameters and defaults
    #[arg(long, conflicts_with_all = ["transform", "settings", "seed", "mono", "bits", "log", "input"])]
    pub(crate) list: bool,
    /// The transform, such as time-stretch (--list names all; noise is gaussian-noise), or a .json
    /// or .toml file of one or several
    #[arg(long, value_name = "NAME|FILE", required_unless_present = "list")]
    pub(crate) transform: Option<String>,
    /// Change a parameter, such as rate=0.9 or rate=[0.8,1.2]; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// The seed of everything that is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Average the channels into one first
    #[arg(long)]
    pub(crate) mono: bool,
    /// How samples are stored: floats of 32 bits, or whole numbers of 16, cut at full scale
    #[arg(long, value_enum, value_name = "BITS", default_value_t = Bits::Float32)]
    pub(crate) bits: Bits,
    /// Write what was applied into this .json file, which --transform takes to do it again
    #[arg(long, value_name = "FILE.json")]
    pub(crate) log: Option<PathBuf>,
    /// A sound file
    #[arg(value_name = "IN", required_unless_present = "list")]
    pub(crate) input: Option<PathBuf>,
    /// The result
    #[arg(value_name = "OUT.wav", required_unless_present = "list")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Bits {
    /// Whole numbers
    #[value(name = "16")]
    Pcm16,
    /// Floats
    #[value(name = "32")]
    Float32,
}

impl From<Bits> for WavFormat {
    fn from(bits: Bits) -> Self {
        match bits {
            Bits::Pcm16 => Self::Pcm16,
            Bits::Float32 => Self::Float32,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct PrepareAugmentArgs {
    /// The folder of music, with a sub-folder for each class
    #[arg(value_name = "IN_DIR")]
    pub(crate) input: PathBuf,
    /// A new folder for the copies, which gets the same sub-folders
    #[arg(value_name = "OUT_DIR")]
    pub(crate) output: PathBuf,
    /// One transform, or a .json or .toml file of several, for every class [default: time-stretch
    /// with p=0.5 and rate=[0.8,1.2], then pitch-shift with p=0.5 and semitones=[-2,2]]
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "policy")]
    pub(crate) transform: Option<String>,
    /// Change a parameter of the transform; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting, requires = "transform")]
    pub(crate) settings: Vec<(String, String)>,
    /// A .toml or .json file that says what is done to each class
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// How many copies each file gets [default: 1, or what the policy says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) copies: Option<u16>,
    /// How many more copies each folder gets, of files drawn from it [default: 3 if neither a
    /// transform nor a policy is given, otherwise 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=10_000))]
    pub(crate) extra: Option<u16>,
    /// Put the originals into OUT_DIR, too: as hard links, or as copies where there are none
    #[arg(long)]
    pub(crate) originals: bool,
    /// The seed of everything that is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How samples are stored: floats of 32 bits, or whole numbers of 16, cut at full scale
    #[arg(long, value_enum, value_name = "BITS", default_value_t = Bits::Float32)]
    pub(crate) bits: Bits,
}

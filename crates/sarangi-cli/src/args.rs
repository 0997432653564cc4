//! The command line.

mod augment;
mod prepare;
mod serve;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use sarangi::core::SampleRate;
use sarangi::plot::ColourMap;
use sarangi::prelude::{Backend, DecodeOptions};

pub(crate) use augment::{AugmentArgs, Bits, PrepareAugmentArgs};
pub(crate) use prepare::{
    CheckArgs, ChunkArgs, CleanArgs, ConvertArgs, DrawSplitArgs, Kind, PrepareArgs, PrepareCommand,
    StoreArgs, SubsampleArgs,
};
pub(crate) use serve::ServeArgs;

/// Teach machines to hear music: features, training, prediction.
#[derive(Debug, Parser)]
#[command(name = "sarangi", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// Print no progress and no remarks, only the answer and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print one JSON document on standard output instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How many threads compute [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Which device runs the network: auto, cpu, cuda:0, metal:0
    #[arg(long, global = true, default_value = "auto", value_name = "DEVICE")]
    pub(crate) device: Backend,
    /// Do not share the work with the other processes of an MPI job
    #[arg(long, global = true)]
    pub(crate) alone: bool,
    /// Refuse sounds that are longer [default: 3600, or what the recipe or model says]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) max_seconds: Option<f64>,
}

impl Common {
    /// How files are read.
    pub(crate) fn decoding(&self) -> DecodeOptions {
        DecodeOptions {
            max_seconds: self
                .max_seconds
                .unwrap_or(DecodeOptions::default().max_seconds),
            ..DecodeOptions::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compute a feature of a sound file, or of every file in a folder
    Extract(ExtractArgs),
    /// Change a sound file: stretch its time, shift its pitch and their like
    Augment(AugmentArgs),
    /// Work on folders of music
    Prepare(PrepareArgs),
    /// Train a model on a folder of music with a sub-folder for each class
    Train(TrainArgs),
    /// Say how good a model is on a folder of music
    Evaluate(EvaluateArgs),
    /// Compare the test results of several runs on a page
    Compare(CompareArgs),
    /// Say what files are, one line each
    Predict(PredictArgs),
    /// Write an index of what tracks sound like to a model
    Embed(EmbedArgs),
    /// Find the tracks of an index that sound most like others
    Similar(SimilarArgs),
    /// Serve a web page that says what songs are, and the same for programs
    Serve(ServeArgs),
    /// Run a network with weights from torchvision, timm or a checkpoint on an array
    Forward(ForwardArgs),
    /// Write a model as an ONNX file for other people's programs
    Export(ExportArgs),
    /// Describe a sound file, a model file or a file of weights
    Inspect(InspectArgs),
}

impl Command {
    /// Whether it asks a network something. Training says itself what it computes on.
    pub(crate) fn runs_a_network(&self) -> bool {
        match self {
            Self::Evaluate(_)
            | Self::Predict(_)
            | Self::Embed(_)
            | Self::Similar(_)
            | Self::Serve(_)
            | Self::Forward(_) => true,
            Self::Extract(_)
            | Self::Augment(_)
            | Self::Prepare(_)
            | Self::Train(_)
            | Self::Compare(_)
            | Self::Export(_)
            | Self::Inspect(_) => false,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    /// List the features with their parameters, defaults and shapes
    #[arg(long, conflicts_with_all = ["feature", "settings", "chunk", "format", "axes", "title", "width", "height", "cmap", "input"])]
    pub(crate) list: bool,
    /// The feature, such as log-mel; --list names all
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    pub(crate) feature: Option<String>,
    /// Change a parameter, such as n_mels=64 (librosa's names); may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// The rate in Hz to which files are resampled
    #[arg(long, value_name = "HZ", default_value_t = 22_050, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
    /// Seconds of each chunk of five-channel, the same as --set chunk=SECONDS [default: 3]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) chunk: Option<f64>,
    /// What a folder's files become [default: npy]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// A sound file, or a folder of them
    #[arg(value_name = "IN", required_unless_present = "list")]
    pub(crate) input: Option<PathBuf>,
    /// The result: a file that ends in .npy or .png, or a folder if IN is one
    #[arg(value_name = "OUT", required_unless_present = "list")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) picture: PictureArgs,
}

/// How a picture looks.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Pictures")]
pub(crate) struct PictureArgs {
    /// Draw axes and a bar of the colours
    #[arg(long)]
    pub(crate) axes: bool,
    /// Write this above the picture
    #[arg(long, value_name = "TEXT", requires = "axes")]
    pub(crate) title: Option<String>,
    /// Pixels from left to right [default: one for each frame, or 1000 if something is drawn]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) width: Option<u16>,
    /// Pixels from top to bottom [default: one for each bin, or 400 if something is drawn]
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) height: Option<u16>,
    /// The colours: viridis, magma, inferno, jet, grey or diverging [default: viridis, or what suits
    /// the feature if something is drawn]
    #[arg(long, value_name = "NAME", value_parser = colours)]
    pub(crate) cmap: Option<ColourMap>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// NumPy arrays of float32
    Npy,
    /// Pictures, one pixel for each value unless something is drawn
    Png,
}

impl Format {
    /// The ending of its files' names.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Png => "png",
        }
    }

    /// The format that a file's name asks for.
    pub(crate) fn by_ending(path: &Path) -> Option<Self> {
        let ending = path.extension()?;
        let all = [Self::Npy, Self::Png];
        all.into_iter()
            .find(|format| ending.eq_ignore_ascii_case(format.ending()))
    }
}

#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// The recipe
    #[arg(value_name = "RECIPE.toml")]
    pub(crate) recipe: PathBuf,
    /// The folder of music or pictures, or a manifest
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The folder for the run's files
    #[arg(long, value_name = "RUN")]
    pub(crate) out: PathBuf,
    /// Go on where the run in RUN stopped
    #[arg(long, conflicts_with = "overwrite")]
    pub(crate) resume: bool,
    /// Replace the run in RUN
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Train so many epochs instead of the recipe's
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
    /// Train fold K alone, from 1, of a recipe whose split is k_fold
    #[arg(long, value_name = "K")]
    pub(crate) fold: Option<usize>,
    /// Use another seed than the recipe's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(crate) seed: Option<u64>,
    /// Change a field of the recipe, such as training.optimiser.lr=0.01; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Keep features in this folder, which several runs may share [default: RUN/cache]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// The terms under which the model may be used, written into the model file
    #[arg(long, value_name = "TEXT")]
    pub(crate) licence: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The runs' folders
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    pub(crate) runs: Vec<PathBuf>,
    /// The page
    #[arg(long, value_name = "PAGE.html")]
    pub(crate) out: PathBuf,
    /// What stands above it
    #[arg(long, value_name = "TEXT", default_value = "Comparison of runs")]
    pub(crate) title: String,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// The folder of music
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The part of the split that the model was trained with, or every track
    #[arg(long, value_enum, default_value_t = SplitPart::Test)]
    pub(crate) split: SplitPart,
    /// Write evaluation.json and the confusion matrices into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Keep features in this folder [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SplitPart {
    /// What the weights learned from
    Train,
    /// What chose the epoch
    Valid,
    /// What was not looked at
    Test,
    /// Every track of the folder
    All,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Files, folders of them, or - for a file on standard input
    #[arg(value_name = "INPUT", required_unless_present = "live")]
    pub(crate) inputs: Vec<PathBuf>,
    /// How many classes to name
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub(crate) top_k: usize,
    /// Also say what each chunk is
    #[arg(long)]
    pub(crate) chunks: bool,
    /// Begin a chunk every so many seconds and average over them [default: as in training]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) hop: Option<f64>,
    /// Listen to standard input, signed 16-bit samples (little-endian, channels interleaved) such as
    /// 44100x2, and say each second what it is
    #[arg(long, value_name = "HZxCHANNELS", value_parser = samples, conflicts_with_all = ["inputs", "chunks"])]
    pub(crate) live: Option<Samples>,
    /// With --live: of how many seconds the answer is [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "live")]
    pub(crate) memory: Option<f64>,
}

/// The rate and channels of a stream of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Samples {
    pub(crate) rate: SampleRate,
    pub(crate) channels: u16,
}

#[derive(Debug, Args)]
pub(crate) struct EmbedArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// Files, or folders of them
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The index, such as music.index
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SimilarArgs {
    /// The model file that the index was made with
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// What `sarangi embed` wrote
    #[arg(value_name = "INDEX")]
    pub(crate) index: PathBuf,
    /// Files, or folders of them
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// How many tracks to name
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub(crate) top_k: usize,
}

#[derive(Debug, Args)]
pub(crate) struct ForwardArgs {
    /// The network, such as resnet34
    #[arg(long, value_name = "NAME")]
    pub(crate) model: String,
    /// How many classes it tells apart [default: as many as the weights]
    #[arg(long, value_name = "N", value_parser = classes)]
    pub(crate) classes: Option<usize>,
    /// Change an option of the network; in_channels=N also adapts the first layer; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// The weights: safetensors, .pth, .pt or .ckpt
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: PathBuf,
    /// The input: float32, (batch, channels, height, width)
    #[arg(value_name = "IN.npy")]
    pub(crate) input: PathBuf,
    /// The raw logits: float32, (batch, classes)
    #[arg(value_name = "OUT.npy")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The network, such as resnet34, if MODEL is a file of weights
    #[arg(long, value_name = "NAME", requires = "sizes")]
    pub(crate) model: Option<String>,
    /// The shape of the network's input, channels × height × width; once for each of several
    #[arg(long = "size", value_name = "[INPUT=]CxHxW", value_parser = size, requires = "model")]
    pub(crate) sizes: Vec<Size>,
    /// How many classes it tells apart [default: as many as the weights]
    #[arg(long, value_name = "N", value_parser = classes, requires = "model")]
    pub(crate) classes: Option<usize>,
    /// Change an option of the network; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting, requires = "model")]
    pub(crate) settings: Vec<(String, String)>,
    /// The model file, or with --model a file of weights: safetensors, .pth, .pt or .ckpt
    #[arg(value_name = "MODEL")]
    pub(crate) file: PathBuf,
    /// The result
    #[arg(value_name = "OUT.onnx")]
    pub(crate) output: PathBuf,
}

/// The name and shape of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) name: Option<String>,
    pub(crate) dims: [usize; 3],
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A sound file, a model file or a file of weights
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not of the form key=value")),
    }
}

fn colours(text: &str) -> Result<ColourMap, String> {
    serde_json::from_value(text.into()).map_err(|e| e.to_string())
}

fn classes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(classes) if classes >= 2 => Ok(classes),
        _ => Err("must be a whole number from 2 up".to_owned()),
    }
}

fn size(text: &str) -> Result<Size, String> {
    let (name, numbers) = match text.split_once('=') {
        Some((name, numbers)) => (Some(name.to_owned()), numbers),
        None => (None, text),
    };
    let dims = numbers
        .split('x')
        .map(str::parse)
        .collect::<Result<Vec<usize>, _>>();
    match dims.ok().and_then(|dims| <[usize; 3]>::try_from(dims).ok()) {
        Some(dims) if !dims.contains(&0) && name.as_deref() != Some("") => Ok(Size { name, dims }),
        _ => Err(format!(
            "`{text}` is not of the form 3x224x224 or name=3x224x224"
        )),
    }
}

fn samples(text: &str) -> Result<Samples, String> {
    let parsed = text.split_once('x').and_then(|(rate, channels)| {
        let rate = SampleRate::new(rate.parse().ok()?).ok()?;
        let channels = channels.parse().ok().filter(|n| (1..=64).contains(n))?;
        Some(Samples { rate, channels })
    });
    parsed.ok_or_else(|| format!("`{text}` is not of the form 44100x2 with 1 to 64 channels"))
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && f64::is_finite(seconds) => Ok(seconds),
        _ => Err("must be a number of seconds above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn sizes_have_three_numbers_and_perhaps_a_name() {
        let dims = [3, 40, 130];
        assert_eq!(size("3x40x130"), Ok(Size { name: None, dims }));
        let name = Some("mel".to_owned());
        assert_eq!(size("mel=3x40x130"), Ok(Size { name, dims }));
        for wrong in [
            "",
            "3",
            "3x40",
            "3x0x130",
            "=3x40x130",
            "3x40x130x1",
            "3 x 40 x 130",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}

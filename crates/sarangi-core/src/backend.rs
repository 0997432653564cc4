//! Which device computes.

use std::fmt;
use std::str::FromStr;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The device on which tensors live. A Cargo feature only enables one; this chooses at run time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Backend {
    /// The first GPU that this build and this machine have, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU by number; needs the feature `cuda`.
    Cuda(usize),
    /// An Apple GPU by number; needs the feature `metal`.
    Metal(usize),
}

impl Backend {
    /// The device of one of several ranks on a machine, of which each has a GPU of its own: number
    /// `local_rank` from the one that is named, or from the first.
    #[must_use]
    pub fn of_rank(self, local_rank: usize) -> Self {
        match self {
            Self::Cuda(n) => Self::Cuda(n + local_rank),
            Self::Metal(n) => Self::Metal(n + local_rank),
            // The first is what it would find by itself.
            Self::Auto if local_rank > 0 && CUDA.open(local_rank).is_ok() => Self::Cuda(local_rank),
            other => other,
        }
    }

    /// Opens the device.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if this build lacks the device's feature, [`Error::Backend`] if the
    /// machine lacks the device. `Auto` and `Cpu` never fail.
    pub fn device(self) -> Result<Device> {
        self.open().map(|(device, _)| device)
    }

    /// Opens the device. Where `Auto` falls back on the CPU though this build has support for a GPU,
    /// a notice says which one did not answer, and why.
    ///
    /// # Errors
    /// As [`device`](Self::device).
    pub fn open(self) -> Result<(Device, Option<String>)> {
        match self {
            Self::Cpu => Ok((Device::Cpu, None)),
            Self::Cuda(n) => CUDA.open(n).map(|device| (device, None)),
            Self::Metal(n) => METAL.open(n).map(|device| (device, None)),
            // A build with GPU support must also run where there is no GPU.
            Self::Auto => {
                let mut faults = Vec::new();
                for kind in [CUDA, METAL] {
                    match kind.open(0) {
                        Ok(device) => return Ok((device, None)),
                        Err(Error::Unsupported { .. }) => {}
                        // The first line: what follows is where in the driver it was found.
                        Err(error) => {
                            faults.extend(error.to_string().lines().next().map(str::to_owned));
                        }
                    }
                }
                let notice = (!faults.is_empty()).then(|| {
                    let faults = faults.join("; ");
                    format!("no GPU answers, so the CPU computes: {faults}")
                });
                Ok((Device::Cpu, notice))
            }
        }
    }
}

/// A kind of GPU.
#[derive(Clone, Copy)]
struct Kind {
    what: &'static str,
    feature: &'static str,
    built_in: fn() -> bool,
    open: fn(usize) -> candle_core::Result<Device>,
}

const CUDA: Kind = Kind {
    what: "a CUDA device",
    feature: "cuda",
    built_in: candle_core::utils::cuda_is_available,
    // With a stream of its own: on the default one, which each thread has for itself, tensors that
    // several threads use would race.
    open: Device::new_cuda_with_stream,
};

const METAL: Kind = Kind {
    what: "a Metal device",
    feature: "metal",
    built_in: candle_core::utils::metal_is_available,
    open: Device::new_metal,
};

impl Kind {
    fn open(self, number: usize) -> Result<Device> {
        if !(self.built_in)() {
            return Err(Error::Unsupported {
                what: self.what.into(),
                feature: Some(self.feature),
            });
        }
        (self.open)(number).map_err(|e| Error::backend(self.what, e))
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
            Self::Metal(n) => write!(f, "metal:{n}"),
        }
    }
}

impl FromStr for Backend {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::config(
                "device",
                "device",
                format!("must be auto, cpu, cuda:N or metal:N, got `{text}`"),
            )
        };
        let (name, number) = text.split_once(':').unwrap_or((text, "0"));
        let number = number.parse().map_err(|_| bad())?;
        match name {
            "auto" if !text.contains(':') => Ok(Self::Auto),
            "cpu" if !text.contains(':') => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(number)),
            "metal" => Ok(Self::Metal(number)),
            _ => Err(bad()),
        }
    }
}

impl From<Backend> for String {
    fn from(backend: Backend) -> Self {
        backend.to_string()
    }
}

impl TryFrom<String> for Backend {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_nonsense_is_refused() {
        for name in ["auto", "cpu", "cuda:1", "metal:0"] {
            assert_eq!(name.parse::<Backend>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse::<Backend>().unwrap(), Backend::Cuda(0));
        for name in ["", "gpu", "cuda:x", "cpu:1", "cuda:-1"] {
            assert!(name.parse::<Backend>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_cpu_is_always_there() {
        assert!(Backend::Cpu.device().unwrap().is_cpu());
        let (device, notice) = Backend::Auto.open().unwrap();
        // A notice says that a GPU was expected, and then the CPU computes.
        assert!(notice.is_none() || device.is_cpu());
        assert!(Backend::Cpu.open().unwrap().1.is_none());
        assert_eq!(Backend::Cpu.of_rank(3), Backend::Cpu);
        assert_eq!(Backend::Cuda(2).of_rank(3), Backend::Cuda(5));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_is_not_built_in_names_its_feature() {
        let error = Backend::Cuda(0).device().unwrap_err().to_string();
        assert!(error.contains("`cuda`"), "{error}");
    }
}

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
    /// Opens the device.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if this build lacks the device's feature, [`Error::Backend`] if the
    /// machine lacks the device. `Auto` and `Cpu` never fail.
    pub fn device(self) -> Result<Device> {
        let open = |what: &'static str, feature, enabled: bool, device: fn(usize) -> _, n| {
            if !enabled {
                return Err(Error::Unsupported {
                    what: what.into(),
                    feature: Some(feature),
                });
            }
            let device: candle_core::Result<Device> = device(n);
            device.map_err(|e| Error::backend(what, e))
        };
        let cuda = candle_core::utils::cuda_is_available();
        let metal = candle_core::utils::metal_is_available();
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(n) => open("a CUDA device", "cuda", cuda, Device::new_cuda, n),
            Self::Metal(n) => open("a Metal device", "metal", metal, Device::new_metal, n),
            // A build with GPU support must also run where there is no GPU.
            Self::Auto => Ok([
                (cuda, Device::new_cuda as fn(usize) -> _),
                (metal, Device::new_metal),
            ]
            .into_iter()
            .filter(|(enabled, _)| *enabled)
            .find_map(|(_, device)| device(0).ok())
            .unwrap_or(Device::Cpu)),
        }
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
        assert!(Backend::Auto.device().is_ok());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_is_not_built_in_names_its_feature() {
        let error = Backend::Cuda(0).device().unwrap_err().to_string();
        assert!(error.contains("`cuda`"), "{error}");
    }
}

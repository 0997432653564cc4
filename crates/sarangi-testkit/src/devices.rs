//! The devices that tests run on.

use candle_core::Device;
use sarangi_core::{Backend, Error};

/// The CPU, and every GPU that this build has support for and this machine has. One that does not
/// answer is named on standard error and left out.
pub fn devices() -> Vec<Device> {
    let mut devices = vec![Device::Cpu];
    for backend in [Backend::Cuda(0), Backend::Metal(0)] {
        match backend.device() {
            Ok(device) => devices.push(device),
            // Not built in: nobody expects it.
            Err(Error::Unsupported { .. }) => {}
            #[allow(clippy::print_stderr, reason = "a skipped device must be named")]
            Err(error) => eprintln!("skipped: {backend} does not answer: {error}"),
        }
    }
    devices
}

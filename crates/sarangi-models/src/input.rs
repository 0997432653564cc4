//! The check that every network makes of what it is given.

use sarangi_core::{Error, Result};
use sarangi_nn::Value;

/// Refuses what is not (batch, `channels`, bins, frames) with at least one item and `least` bins
/// and frames.
pub(crate) fn check(
    network: &'static str,
    xs: &Value,
    channels: usize,
    least: usize,
) -> Result<()> {
    match *xs.dims() {
        [batch, c, bins, frames]
            if batch > 0 && c == channels && bins >= least && frames >= least =>
        {
            Ok(())
        }
        ref got => Err(Error::shape(
            network,
            format_args!("(batch, {channels}, bins, frames) with bins and frames at least {least}"),
            format_args!("{got:?}"),
        )),
    }
}

//! Checks of the fields of specifications.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::{Error, Result};

/// Refuses a field outside its range; NaN is outside every range.
///
/// # Errors
/// [`Error::Config`] that names the field, the range and the value.
pub fn within<T: PartialOrd + Display>(
    spec: &'static str,
    field: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<()> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(Error::config(
        spec,
        field,
        format!("must be {} to {}, got {value}", range.start(), range.end()),
    ))
}

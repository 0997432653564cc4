//! Checks of the fields of specifications.

use std::fmt::Display;
use std::ops::RangeInclusive;

use sarangi_core::{Error, Result};

/// Refuses a field outside its range; NaN is outside every range.
pub(crate) fn within<T: PartialOrd + Display>(
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

/// Refuses a sound without a frame, and an output slice that is not (rows, columns) long.
pub(crate) fn output(op: &'static str, out: &[f32], rows: usize, columns: usize) -> Result<()> {
    if columns == 0 {
        return Err(Error::shape(op, "a sound of at least one frame", "none"));
    }
    if out.len() != rows * columns {
        return Err(Error::shape(
            op,
            format_args!("({rows}, {columns}) values"),
            out.len(),
        ));
    }
    Ok(())
}

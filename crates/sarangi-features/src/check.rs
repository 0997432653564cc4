//! Checks of the fields of specifications and of what is computed into.

pub(crate) use sarangi_core::within;
use sarangi_core::{Error, Result};

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

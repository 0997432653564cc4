//! What the peers have in common.

use anyhow::{Result, anyhow};

use crate::feature_row::Row;
use crate::serving::{Product, Values};

pub fn doubles(row: &Row) -> Result<Vec<f64>> {
    Ok(row.samples()?.into_iter().map(f64::from).collect())
}

/// The error of a peer that does not compute a row.
pub fn unknown<T>(row: &Row) -> Result<T> {
    Err(anyhow!("this library does not do {:?}", row.op))
}

/// A result of which only the shape is told: no row compares the values of these peers.
pub fn shaped<T: 'static>(result: T, shape: impl Fn(&T) -> Vec<usize> + 'static) -> Product {
    Box::new(move || Values {
        shape: shape(&result),
        values: Vec::new(),
    })
}

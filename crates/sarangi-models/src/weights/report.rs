//! What a file's tensors are to a network.

use std::fmt;

use serde::Serialize;

use super::shortened::shortened;

/// How many names a message of one line lists of each kind.
const LISTED: usize = 4;

/// What becomes of each tensor of a file and of each tensor of a network when the one is loaded
/// into the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WeightReport {
    /// Tensors of the file that are the network's.
    pub mapped: Vec<MappedWeight>,
    /// Tensors of the network that the file lacks.
    pub missing: Vec<NamedShape>,
    /// Tensors of the file that the network has no place for.
    pub left_over: Vec<NamedShape>,
    /// Tensors of the file that the network has with another shape.
    pub mis_shaped: Vec<MisShapedWeight>,
    /// Tensors of the network's head that stay as they are, since the head was to be left out.
    pub kept: Vec<String>,
    /// Tensors of the file's head, which was to be left out.
    pub left_out: Vec<String>,
    /// Tensors of the file that no network here uses: torch's counters of batches, and the fixed
    /// filters of a front end.
    pub unused: Vec<String>,
}

/// A tensor that has found its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MappedWeight {
    /// Its name in the file.
    pub from: String,
    /// Its name in the network.
    pub to: String,
    /// Its shape in the network.
    pub shape: Vec<usize>,
    /// Its shape in the file, if it is a first layer that is adapted to another number of channels.
    pub adapted_from: Option<Vec<usize>>,
}

/// A tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NamedShape {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// A tensor that would have its place, but does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MisShapedWeight {
    /// Its name in the file.
    pub from: String,
    /// Its name in the network.
    pub to: String,
    /// Its shape in the file.
    pub shape: Vec<usize>,
    /// The shape that it must have.
    pub expected: Vec<usize>,
}

impl WeightReport {
    /// Whether the tensors are exactly the network's, apart from what was to be left out.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.left_over.is_empty() && self.mis_shaped.is_empty()
    }

    /// What keeps the tensors from being the network's, in one line that names the first of each
    /// kind.
    pub(super) fn faults(&self) -> String {
        let named = |tensor: &NamedShape| format!("`{}`", shortened(&tensor.name));
        let missing = list(&self.missing, named, "missing");
        let left_over = list(&self.left_over, named, "unknown");
        let mis_shaped = self.mis_shaped.iter().map(|tensor| {
            let MisShapedWeight {
                from,
                shape,
                expected,
                ..
            } = tensor;
            let from = shortened(from);
            format!("`{from}` has shape {shape:?} instead of {expected:?}")
        });
        let mis_shaped: Vec<_> = mis_shaped.collect();
        let mis_shaped = list(&mis_shaped, String::clone, "");
        let faults: Vec<_> = [mis_shaped, missing, left_over]
            .into_iter()
            .flatten()
            .collect();
        faults.join("; ")
    }
}

fn list<T>(items: &[T], name: impl Fn(&T) -> String, what: &str) -> Option<String> {
    let names: Vec<_> = items.iter().take(LISTED).map(name).collect();
    let more = match items.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = match (what, items.len()) {
        ("", _) => String::new(),
        (_, 1) => format!(" is {what}"),
        _ => format!(" are {what}"),
    };
    (!names.is_empty()).then(|| format!("{}{more}{verb}", names.join(", ")))
}

/// A line of counts, and a line for each tensor.
impl fmt::Display for WeightReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renamed = self.mapped.iter().filter(|m| m.from != m.to).count();
        write!(
            f,
            "weights: {} mapped ({renamed} under another name), {} missing, {} left over, {} of \
             another shape",
            self.mapped.len(),
            self.missing.len(),
            self.left_over.len(),
            self.mis_shaped.len(),
        )?;
        for MappedWeight {
            from,
            to,
            shape,
            adapted_from,
        } in &self.mapped
        {
            write!(f, "\n  mapped     {from}")?;
            if from != to {
                write!(f, " -> {to}")?;
            }
            write!(f, " {shape:?}")?;
            if let Some(before) = adapted_from {
                write!(f, " adapted from {before:?}")?;
            }
        }
        for NamedShape { name, shape } in &self.missing {
            write!(f, "\n  missing    {name} {shape:?}")?;
        }
        for NamedShape { name, shape } in &self.left_over {
            write!(f, "\n  left over  {name} {shape:?}")?;
        }
        for tensor in &self.mis_shaped {
            let (from, shape, expected) = (&tensor.from, &tensor.shape, &tensor.expected);
            write!(f, "\n  mis-shaped {from} {shape:?} instead of {expected:?}")?;
        }
        for name in &self.kept {
            write!(f, "\n  kept       {name}")?;
        }
        for name in &self.left_out {
            write!(f, "\n  left out   {name}")?;
        }
        match self.unused.len() {
            0 => Ok(()),
            count => write!(f, "\n  ignored    {count} counters of batches and the like"),
        }
    }
}

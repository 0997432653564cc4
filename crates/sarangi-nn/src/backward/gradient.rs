//! The gradient of one value.

use std::sync::Arc;

use crate::cpu::buffer::Buffer;
use crate::cpu::map::{Linear, Map};
use crate::cpu::pictures::Pictures;
use crate::cpu::source::Source;

/// Stored, or computed from that of a chain's result as it is read.
#[derive(Clone, Debug)]
pub(crate) struct Gradient {
    of: Pictures,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Stored(Arc<Buffer>),
    Mapped {
        dy: Arc<Buffer>,
        x: Arc<Buffer>,
        map: Arc<Map>,
        linear: Arc<Linear>,
    },
}

impl Gradient {
    pub(crate) fn stored(of: Pictures, values: Buffer) -> Self {
        Self::shared(of, Arc::new(values))
    }

    /// A stored gradient that goes to several places.
    pub(crate) fn shared(of: Pictures, values: Arc<Buffer>) -> Self {
        let kind = Kind::Stored(values);
        Self { of, kind }
    }

    pub(crate) fn mapped(
        of: Pictures,
        dy: Arc<Buffer>,
        x: Arc<Buffer>,
        map: Arc<Map>,
        linear: Arc<Linear>,
    ) -> Self {
        let kind = Kind::Mapped { dy, x, map, linear };
        Self { of, kind }
    }

    pub(crate) fn of(&self) -> Pictures {
        self.of
    }

    pub(crate) fn source(&self) -> Source<'_> {
        match &self.kind {
            Kind::Stored(values) => Source::Stored(values),
            Kind::Mapped { dy, x, map, linear } => Source::Gradient { dy, x, map, linear },
        }
    }

    pub(crate) fn into_stored(self) -> Arc<Buffer> {
        match self.kind {
            Kind::Stored(values) => values,
            Kind::Mapped { .. } => Arc::new(self.into_own()),
        }
    }

    /// The values in memory that nobody else reads.
    pub(crate) fn into_own(self) -> Buffer {
        match self.kind {
            Kind::Stored(values) => Arc::try_unwrap(values).unwrap_or_else(|values| {
                let mut own = Buffer::stale(values.len());
                own.copy_from_slice(&values);
                own
            }),
            Kind::Mapped { .. } => {
                let mut own = Buffer::stale(self.of.len());
                self.source().materialise(self.of, &mut own);
                own
            }
        }
    }

    /// Adds another gradient of the same value.
    pub(crate) fn add(&mut self, other: Self) {
        let of = self.of;
        let this = std::mem::replace(&mut self.kind, Kind::Stored(Arc::new(Buffer::stale(0))));
        let mut sum = Self { of, kind: this }.into_own();
        crate::cpu::add::accumulate(&mut sum, other.source(), of);
        self.kind = Kind::Stored(Arc::new(sum));
    }
}

//! The gradient of one value.

use std::sync::Arc;

use crate::cpu::buffer::Buffer;
use crate::cpu::map::{Linear, Map};
use crate::cpu::pictures::Pictures;
use crate::cpu::source::{Above, Source, gradient_in_place};
use crate::cpu::unpool::Unpool;

/// Stored, or computed as it is read.
#[derive(Clone, Debug)]
pub(crate) struct Gradient {
    of: Pictures,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Plain(Plain),
    /// Of the values `x` below a chain, from what is above it.
    Mapped {
        dy: Plain,
        x: Arc<Buffer>,
        map: Arc<Map>,
        linear: Arc<Linear>,
    },
}

/// A gradient with no chain to go through.
#[derive(Clone, Debug)]
pub(crate) enum Plain {
    Stored(Arc<Buffer>),
    Unpooled(Arc<Unpool>),
}

impl Plain {
    pub(crate) fn above(&self) -> Above<'_> {
        match self {
            Self::Stored(values) => Above::Stored(values),
            Self::Unpooled(values) => Above::Unpooled(values),
        }
    }
}

impl Gradient {
    pub(crate) fn stored(of: Pictures, values: Buffer) -> Self {
        Self::shared(of, Arc::new(values))
    }

    /// A stored gradient that goes to several places.
    pub(crate) fn shared(of: Pictures, values: Arc<Buffer>) -> Self {
        let kind = Kind::Plain(Plain::Stored(values));
        Self { of, kind }
    }

    pub(crate) fn unpooled(of: Pictures, values: Unpool) -> Self {
        let kind = Kind::Plain(Plain::Unpooled(Arc::new(values)));
        Self { of, kind }
    }

    pub(crate) fn mapped(
        of: Pictures,
        dy: Plain,
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
            Kind::Plain(values) => values.above().into(),
            Kind::Mapped { dy, x, map, linear } => Source::Gradient {
                dy: dy.above(),
                x,
                map,
                linear,
            },
        }
    }

    /// What another chain can be put under.
    pub(crate) fn into_plain(self) -> Plain {
        match self.kind {
            Kind::Plain(values) => values,
            Kind::Mapped { .. } => Plain::Stored(Arc::new(self.into_own())),
        }
    }

    pub(crate) fn into_stored(self) -> Arc<Buffer> {
        match self.kind {
            Kind::Plain(Plain::Stored(values)) => values,
            _ => Arc::new(self.into_own()),
        }
    }

    /// The values in memory that nobody else reads.
    pub(crate) fn into_own(self) -> Buffer {
        let of = self.of;
        match self.kind {
            Kind::Plain(Plain::Stored(values)) => {
                Arc::try_unwrap(values).unwrap_or_else(|values| {
                    let mut own = Buffer::stale(values.len());
                    own.copy_from_slice(&values);
                    own
                })
            }
            Kind::Mapped {
                dy: Plain::Stored(values),
                x,
                map,
                linear,
            } => match Arc::try_unwrap(values) {
                Ok(mut own) => {
                    gradient_in_place(&mut own, &x, &map, &linear, of);
                    own
                }
                Err(values) => {
                    let dy = Plain::Stored(values);
                    Self::mapped(of, dy, x, map, linear).materialised()
                }
            },
            kind => Self { of, kind }.materialised(),
        }
    }

    fn materialised(&self) -> Buffer {
        let mut own = Buffer::stale(self.of.len());
        self.source().materialise(self.of, &mut own);
        own
    }

    /// Adds another gradient of the same value.
    pub(crate) fn add(&mut self, other: Self) {
        let of = self.of;
        let nothing = Self::stored(of, Buffer::stale(0));
        let mut sum = std::mem::replace(self, nothing).into_own();
        crate::cpu::add::accumulate(&mut sum, other.source(), of);
        *self = Self::stored(of, sum);
    }
}

//! Computations that compose.

use crate::Result;

/// A computation from `In` to [`Out`](Transform::Out) that any thread may run through `&self`.
pub trait Transform<In: ?Sized>: Send + Sync {
    /// What it makes.
    type Out;

    /// Computes the output for one input.
    ///
    /// # Errors
    /// Whatever the computation cannot accept, as an [`Error`](crate::Error) that says why.
    fn apply(&self, input: &In) -> Result<Self::Out>;

    /// This computation followed by `next`.
    fn then<Next>(self, next: Next) -> Then<Self, Next>
    where
        Self: Sized,
        Next: Transform<Self::Out>,
    {
        Then { first: self, next }
    }
}

/// Two transforms, one after the other; made by [`Transform::then`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Then<First, Next> {
    first: First,
    next: Next,
}

impl<In: ?Sized, First, Next> Transform<In> for Then<First, Next>
where
    First: Transform<In>,
    Next: Transform<First::Out>,
{
    type Out = Next::Out;

    fn apply(&self, input: &In) -> Result<Self::Out> {
        self.next.apply(&self.first.apply(input)?)
    }
}

impl<In: ?Sized, T: Transform<In> + ?Sized> Transform<In> for Box<T> {
    type Out = T::Out;

    fn apply(&self, input: &In) -> Result<Self::Out> {
        (**self).apply(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Add(i32);
    impl Transform<i32> for Add {
        type Out = i32;
        fn apply(&self, input: &i32) -> Result<i32> {
            Ok(input + self.0)
        }
    }
    struct Text;
    impl Transform<i32> for Text {
        type Out = String;
        fn apply(&self, input: &i32) -> Result<String> {
            Ok(input.to_string())
        }
    }

    #[test]
    fn then_runs_in_order() {
        assert_eq!(Add(2).then(Add(3)).then(Text).apply(&1).unwrap(), "6");
    }
}

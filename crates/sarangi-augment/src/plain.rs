//! Transforms without parameters.

/// Writes transforms out that have nothing to draw but whether they happen.
macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident in $family:ident: $apply:expr;)+) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            /// How likely it is that an example is changed. Default 1.
            pub p: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { p: 1.0 }
            }
        }

        impl $crate::Change<$crate::$family> for $name {
            type Plan = ();

            fn p(&self) -> f64 {
                self.p
            }

            fn plan(
                &self,
                _: <$crate::$family as $crate::change::Family>::Context,
            ) -> sarangi_core::Result<()> {
                Ok(())
            }

            fn draw(&self, (): &(), _: &mut sarangi_core::Rng) -> Self {
                Self { p: 1.0 }
            }

            fn apply(
                &self,
                (): &(),
                item: <$crate::$family as $crate::change::Family>::Item,
            ) -> sarangi_core::Result<<$crate::$family as $crate::change::Family>::Item> {
                $apply(item)
            }
        })+
    };
}

pub(crate) use plain;

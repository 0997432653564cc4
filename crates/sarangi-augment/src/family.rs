//! Tables of transforms.

/// Writes a table of transforms out as the enum of a [`Family`](crate::change::Family), which also
/// composes, with its catalogue; they therefore cannot disagree.
macro_rules! family {
    (
        $(#[$doc:meta])*
        $family:ident of $item:ty, planned for $context:ty, checked by $check:path:
        $($name:literal, $type:literal, $summary:literal: $change:ident;)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type")]
        #[non_exhaustive]
        #[allow(
            clippy::large_enum_variant,
            reason = "a recipe has a handful of them; boxes would be in the way of all who write one"
        )]
        pub enum $family {
            $(#[doc = concat!("`", $type, "`: ", $summary, ".")]
              #[serde(rename = $type)]
              $change($crate::$change),)+
            /// `compose`: several, one after the other.
            #[serde(rename = "compose")]
            Compose($crate::Compose<$family>),
            /// `one_of`: one of several.
            #[serde(rename = "one_of")]
            OneOf($crate::OneOf<$family>),
            /// `some_of`: some of several.
            #[serde(rename = "some_of")]
            SomeOf($crate::SomeOf<$family>),
        }

        $(impl From<$crate::$change> for $family {
            fn from(change: $crate::$change) -> Self {
                Self::$change(change)
            }
        })+

        impl $family {
            /// All transforms by the names under which programs know them.
            pub fn catalogue() -> Vec<sarangi_core::Entry<Self>> {
                vec![$(sarangi_core::Entry {
                    name: $name,
                    summary: $summary,
                    spec: Self::$change(<$crate::$change>::default()),
                },)+]
            }

            /// The transform called `name`, its defaults changed by `settings`.
            ///
            /// # Errors
            /// [`Error::Config`](sarangi_core::Error::Config) if there is no such transform (all are
            /// named), if it has no such setting (those it has are named), or if a value is not of
            /// the setting's kind.
            pub fn from_name(
                name: &str,
                settings: serde_json::Map<String, serde_json::Value>,
            ) -> sarangi_core::Result<Self> {
                sarangi_core::Entry::find(Self::catalogue(), "transform", name)?.with(settings)
            }

            /// These, one after the other: what [`augment_logged`](crate::Augmenter::augment_logged)
            /// wrote down becomes what does it again.
            pub fn in_order(of: Vec<Self>) -> Self {
                Self::Compose($crate::Compose { of, p: 1.0 })
            }
        }

        impl $crate::change::Family for $family {
            type Item = $item;
            type Context = $context;

            fn plan(&self, context: $context) -> sarangi_core::Result<$crate::change::Node<Self>> {
                match self {
                    $(Self::$change(change) => $crate::change::leaf($type, change, context),)+
                    Self::Compose(compose) => compose.plan(context),
                    Self::OneOf(one_of) => one_of.plan(context),
                    Self::SomeOf(some_of) => some_of.plan(context),
                }
            }

            fn check(context: $context, item: &$item) -> sarangi_core::Result<()> {
                $check(context, item)
            }
        }

        impl sarangi_core::Spec<$context> for $family {
            type Built = $crate::Augmenter<Self>;

            fn build(&self, context: $context) -> sarangi_core::Result<Self::Built> {
                $crate::Augmenter::new(self, context)
            }
        }
    };
}

pub(crate) use family;

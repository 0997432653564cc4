//! Networks by description.

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{Model, Params};
use serde::{Deserialize, Serialize};

use crate::{FiveChannelCnnSpec, LegacyXceptionSpec, MobileNetV2Spec, ResNetSpec};

/// What a network must know besides its own description: its place and the data's shape.
#[derive(Clone, Copy, Debug)]
pub struct ModelContext<'a> {
    /// Where its parameters are made.
    pub params: &'a Params,
    /// The channels of its input.
    pub in_channels: usize,
    /// The classes that it tells apart.
    pub classes: usize,
}

impl ModelContext<'_> {
    /// The most channels and classes: more are a mistake, and would overflow the layers' sizes.
    const MOST: usize = 1 << 20;

    /// Refuses an input of no channels, fewer than two classes, and absurdly many of either.
    pub(crate) fn check(&self, spec: &'static str) -> Result<()> {
        let fields = [
            ("in_channels", self.in_channels, 1),
            ("classes", self.classes, 2),
        ];
        for (field, count, least) in fields {
            if !(least..=Self::MOST).contains(&count) {
                let reason = format!("must be from {least} to {}, got {count}", Self::MOST);
                return Err(Error::config(spec, field, reason));
            }
        }
        Ok(())
    }
}

/// Any network of this crate, as recipes name it: `{ "type": "five_channel_cnn", … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelSpec {
    /// The five-channel network.
    FiveChannelCnn(FiveChannelCnnSpec),
    /// A residual network of basic blocks.
    #[serde(rename = "resnet")]
    ResNet(ResNetSpec),
    /// MobileNetV2.
    #[serde(rename = "mobilenet_v2")]
    MobileNetV2(MobileNetV2Spec),
    /// The first PyTorch port of Xception.
    LegacyXception(LegacyXceptionSpec),
}

impl<'a> Spec<ModelContext<'a>> for ModelSpec {
    type Built = Box<dyn Model>;

    fn build(&self, cx: ModelContext<'a>) -> Result<Self::Built> {
        Ok(match self {
            Self::FiveChannelCnn(spec) => Box::new(spec.build(cx)?),
            Self::ResNet(spec) => Box::new(spec.build(cx)?),
            Self::MobileNetV2(spec) => Box::new(spec.build(cx)?),
            Self::LegacyXception(spec) => Box::new(spec.build(cx)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use sarangi_core::Seed;

    #[test]
    fn a_description_survives_json_and_typing_errors_do_not() {
        let spec = ModelSpec::FiveChannelCnn(FiveChannelCnnSpec::default());
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ModelSpec>(&json).unwrap(), spec);
        assert!(json.contains(r#""type":"five_channel_cnn""#), "{json}");
        let typo = r#"{"type":"five_channel_cnn","dropuot":0.1}"#;
        assert!(serde_json::from_str::<ModelSpec>(typo).is_err());
    }

    #[test]
    fn senseless_fields_are_named() {
        let params = Params::new(Seed(0), &Device::Cpu);
        let build = |spec: FiveChannelCnnSpec, in_channels, classes| {
            let cx = ModelContext {
                params: &params,
                in_channels,
                classes,
            };
            ModelSpec::FiveChannelCnn(spec)
                .build(cx)
                .err()
                .map(|e| e.to_string())
        };
        let good = FiveChannelCnnSpec::default();
        let cases = [
            (build(good, 0, 10), "in_channels"),
            (build(good, 5, 1), "classes"),
            (build(good, usize::MAX, 10), "in_channels"),
            (build(good, 5, usize::MAX), "classes"),
            (
                build(
                    FiveChannelCnnSpec {
                        dropout: 1.5,
                        ..good
                    },
                    5,
                    10,
                ),
                "dropout",
            ),
            (
                build(
                    FiveChannelCnnSpec {
                        first_kernel: 0,
                        ..good
                    },
                    5,
                    10,
                ),
                "first_kernel",
            ),
        ];
        for (message, field) in cases {
            let message = message.expect(field);
            assert!(message.contains(field), "{message}");
        }
    }
}

//! Networks by description.

use std::borrow::Cow;

use sarangi_core::{Error, Result, Spec};
use sarangi_nn::{Model, Params};
use serde::{Deserialize, Serialize};

use crate::base::Base;
use crate::{
    BasicCnnSpec, Cnn14Spec, DenseNet201Spec, FiveChannelCnnSpec, Head, LateFusionSpec,
    LegacyXceptionSpec, MobileNetV1Spec, MobileNetV2Spec, ResNetSpec, ShortChunkCnnSpec,
    SmallCnnSpec, SoftmaxRegressionSpec,
};

/// What a network must know besides its own description: its place and the data's shape.
#[derive(Clone, Copy, Debug)]
pub struct ModelContext<'a> {
    /// Where its parameters are made; all but the head may be
    /// [frozen](sarangi_nn::Params::frozen).
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
///
/// `resnet18`, `resnet34` and `resnet50` are read as `resnet` with so many `layers`, a `-` in a name
/// as `_`, and a name alone as the network with its defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", remote = "Self")]
#[non_exhaustive]
pub enum ModelSpec {
    /// The five-channel network.
    FiveChannelCnn(FiveChannelCnnSpec),
    /// A residual network.
    #[serde(rename = "resnet")]
    ResNet(ResNetSpec),
    /// The first PyTorch port of Xception.
    LegacyXception(LegacyXceptionSpec),
    /// MobileNetV1.
    #[serde(rename = "mobilenet_v1")]
    MobileNetV1(MobileNetV1Spec),
    /// MobileNetV2.
    #[serde(rename = "mobilenet_v2")]
    MobileNetV2(MobileNetV2Spec),
    /// DenseNet-201.
    #[serde(rename = "densenet201")]
    DenseNet201(DenseNet201Spec),
    /// The basic network of the spectrogram and wavelet system.
    BasicCnn(BasicCnnSpec),
    /// The small network of the GTZAN pictures system.
    SmallCnn(SmallCnnSpec),
    /// Softmax regression on pixels.
    SoftmaxRegression(SoftmaxRegressionSpec),
    /// The short-chunk residual network.
    ShortChunkCnn(ShortChunkCnnSpec),
    /// CNN14.
    Cnn14(Cnn14Spec),
    /// Late fusion of several networks.
    LateFusion(LateFusionSpec),
}

impl ModelSpec {
    /// What the network calls a tensor today that it once called `name`.
    ///
    /// The last layer behind a dropout was `fc.1` or `classifier.1` in every network, and MobileNetV2's
    /// without one `classifier`; today it has its library's own name, whatever comes before it.
    pub fn current_name<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let head = match self {
            Self::ResNet(spec) => spec.head,
            Self::LegacyXception(spec) => spec.head,
            Self::MobileNetV1(spec) => spec.head,
            Self::MobileNetV2(spec) => spec.head,
            Self::DenseNet201(spec) => spec.head,
            _ => return Cow::Borrowed(name),
        };
        let Some((layer, kind)) = name.rsplit_once('.') else {
            return Cow::Borrowed(name);
        };
        let layer = match (self, head, layer) {
            (Self::MobileNetV2(_), Head::Linear, "classifier") => "classifier.1",
            (Self::MobileNetV2(_), ..) => return Cow::Borrowed(name),
            (_, Head::DropoutLinear, "fc.1") => "fc",
            (_, Head::DropoutLinear, "classifier.1") => "classifier",
            _ => return Cow::Borrowed(name),
        };
        Cow::Owned(format!("{layer}.{kind}"))
    }

    /// The network without its head, as a branch of a late fusion has it.
    pub(crate) fn base(&self, params: &Params, channels: usize) -> Result<Base> {
        match self {
            Self::FiveChannelCnn(spec) => spec.base(params, channels),
            Self::ResNet(spec) => spec.base(params, channels),
            Self::LegacyXception(spec) => spec.base(params, channels),
            Self::MobileNetV1(spec) => spec.base(params, channels),
            Self::MobileNetV2(spec) => spec.base(params, channels),
            Self::DenseNet201(spec) => spec.base(params, channels),
            Self::BasicCnn(spec) => spec.base(params, channels),
            Self::SmallCnn(spec) => spec.base(params, channels),
            Self::SoftmaxRegression(spec) => spec.base(params, channels),
            Self::ShortChunkCnn(spec) => spec.base(params, channels),
            Self::Cnn14(spec) => spec.base(params, channels),
            Self::LateFusion(_) => {
                let reason = "must be a network of one input";
                Err(Error::config("late_fusion", "base", reason))
            }
        }
    }
}

impl<'a> Spec<ModelContext<'a>> for ModelSpec {
    type Built = Box<dyn Model>;

    fn build(&self, cx: ModelContext<'a>) -> Result<Self::Built> {
        let network = match self {
            Self::FiveChannelCnn(spec) => spec.build(cx),
            Self::ResNet(spec) => spec.build(cx),
            Self::LegacyXception(spec) => spec.build(cx),
            Self::MobileNetV1(spec) => spec.build(cx),
            Self::MobileNetV2(spec) => spec.build(cx),
            Self::DenseNet201(spec) => spec.build(cx),
            Self::BasicCnn(spec) => spec.build(cx),
            Self::SmallCnn(spec) => spec.build(cx),
            Self::SoftmaxRegression(spec) => spec.build(cx),
            Self::ShortChunkCnn(spec) => spec.build(cx),
            Self::Cnn14(spec) => spec.build(cx),
            Self::LateFusion(spec) => spec.build(cx),
        };
        Ok(Box::new(network?))
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
    fn last_layers_of_older_files_have_the_names_of_today() {
        for (json, then, now) in [
            (r#""resnet18""#, "fc.weight", "fc.weight"),
            (
                r#"{"type":"resnet18","head":"dropout_linear"}"#,
                "fc.1.weight",
                "fc.weight",
            ),
            (
                r#"{"type":"resnet18","head":"dropout_linear"}"#,
                "fc.bias",
                "fc.bias",
            ),
            (
                r#"{"type":"resnet18","head":"hidden256"}"#,
                "fc.3.bias",
                "fc.3.bias",
            ),
            (
                r#"{"type":"densenet201","head":"dropout_linear"}"#,
                "classifier.1.bias",
                "classifier.bias",
            ),
            (
                r#""mobilenet_v2""#,
                "classifier.1.bias",
                "classifier.1.bias",
            ),
            (
                r#"{"type":"mobilenet_v2","head":"linear"}"#,
                "classifier.bias",
                "classifier.1.bias",
            ),
            (r#""basic_cnn""#, "fc.1.weight", "fc.1.weight"),
        ] {
            let spec: ModelSpec = serde_json::from_str(json).unwrap();
            assert_eq!(spec.current_name(then), now, "{json}");
            assert_eq!(spec.current_name(now), now, "{json}");
        }
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

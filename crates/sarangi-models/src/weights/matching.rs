//! Which tensor of a file is which of a network.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::Tensor;
use sarangi_nn::{ParameterShape, Params};

use super::report::{MappedWeight, MisShapedWeight, NamedShape, WeightReport};
use super::rules;

/// What has a shape: tensors, and what [`read_shapes`](crate::read_shapes) gives instead of them.
pub trait Shaped {
    /// The sizes of its axes.
    fn dims(&self) -> &[usize];
}

impl Shaped for Tensor {
    fn dims(&self) -> &[usize] {
        self.dims()
    }
}

impl Shaped for Vec<usize> {
    fn dims(&self) -> &[usize] {
        self
    }
}

/// How strictly weights are loaded. The default wants exactly the network's tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeightOptions {
    /// Leave the head as it is, everything that the network made at a
    /// [thawed](Params::thawed) place, which other classes need anew. For transfer learning. A
    /// file's tensors that have no place in the network are left out if they are called as heads
    /// are.
    pub without_head: bool,
    /// Adapt a first layer over 3 channels to the network's number of channels, by
    /// [`adapt_input_conv`](crate::adapt_input_conv).
    pub adapt_stem: bool,
}

/// Says what would become of each tensor, and loads nothing. An [outline](Params::outline) of the
/// network will do: so weights that anybody may have written are held against it before it takes
/// memory.
///
/// Names are matched as torchvision, timm and the five systems have them: as they are, without the
/// prefixes of wrappers (`module.`, `model.`, `base_model.` …), with `shortcut` for `downsample`,
/// by timm's names of MobileNetV2, by the old ones of torchvision's DenseNets, and by the several
/// names of a last layer.
pub fn match_weights(
    params: &Params,
    tensors: &BTreeMap<String, impl Shaped>,
    options: &WeightOptions,
) -> WeightReport {
    let network: BTreeMap<String, ParameterShape> = params.shapes().into_iter().collect();
    let mut report = WeightReport::default();
    let mut open: Vec<&String> = Vec::new();
    for name in tensors.keys() {
        // One that the network itself has is none.
        if rules::is_unused(name) && !network.contains_key(name) {
            report.unused.push(name.clone());
        } else {
            open.push(name);
        }
    }
    // A name that is the network's belongs there, whatever else could be called so.
    let mut places: BTreeMap<&String, String> = BTreeMap::new();
    for name in &open {
        if network.contains_key(*name) {
            places.insert(*name, (*name).clone());
        }
    }
    let mut taken: BTreeSet<String> = places.values().cloned().collect();
    for name in open {
        let place = places.get(name).cloned().or_else(|| {
            let mut candidates = rules::candidates(name);
            candidates.find(|to| network.contains_key(to) && !taken.contains(to))
        });
        let of_head = match &place {
            Some(to) => network[to].head,
            None => rules::stripped(name).any(rules::is_head),
        };
        if options.without_head && of_head {
            report.left_out.push(name.clone());
            continue;
        }
        let shape = tensors[name].dims().to_vec();
        let Some(to) = place else {
            let name = name.clone();
            report.left_over.push(NamedShape { name, shape });
            continue;
        };
        put(&mut report, name, &to, shape, &network[&to].dims, options);
        taken.insert(to);
    }
    for (name, ParameterShape { dims, head, .. }) in network {
        if options.without_head && head {
            report.kept.push(name);
        } else if !taken.contains(&name) {
            report.missing.push(NamedShape { name, shape: dims });
        }
    }
    report
}

fn put(
    report: &mut WeightReport,
    from: &str,
    to: &str,
    shape: Vec<usize>,
    expected: &[usize],
    options: &WeightOptions,
) {
    let (from, to) = (from.to_owned(), to.to_owned());
    let fits = shape == expected;
    if fits || (options.adapt_stem && can_be_adapted(&shape, expected)) {
        report.mapped.push(MappedWeight {
            from,
            to,
            shape: expected.to_vec(),
            adapted_from: (!fits).then_some(shape),
        });
    } else {
        report.mis_shaped.push(MisShapedWeight {
            from,
            to,
            shape,
            expected: expected.to_vec(),
        });
    }
}

/// Whether this is a convolution over 3 channels where one over another number is wanted. Only
/// first layers have so few.
fn can_be_adapted(shape: &[usize], expected: &[usize]) -> bool {
    matches!((shape, expected), ([o, 3, h, w], [out, _, height, width])
        if o == out && h == height && w == width)
}

/// How many classes a network of these weights tells apart, if its last layer can be told by its
/// name. It is what the file says, and not to be believed before the rest of the file fits.
pub fn class_count(tensors: &BTreeMap<String, impl Shaped>) -> Option<usize> {
    let mut last = None;
    for (name, tensor) in tensors {
        if rules::stripped(name).any(rules::is_last_weight) {
            // Names are in order: of the layers of a head the last is the last.
            last = match *tensor.dims() {
                [classes, features] if classes > 0 && features > 0 => Some(classes),
                _ => None,
            };
        }
    }
    last
}

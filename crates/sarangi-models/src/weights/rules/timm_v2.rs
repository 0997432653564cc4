//! timm's `mobilenetv2_100` as torchvision has it.

/// The places outside the blocks as torchvision calls them.
const OUTSIDE: &[(&str, &str)] = &[
    ("conv_stem", "features.0.0"),
    ("bn1", "features.0.1"),
    ("conv_head", "features.18.0"),
    ("bn2", "features.18.1"),
];

/// The blocks by stage and number; torchvision counts them through, from 1.
const BLOCKS: &[&str] = &[
    "0.0", "1.0", "1.1", "2.0", "2.1", "2.2", "3.0", "3.1", "3.2", "3.3", "4.0", "4.1", "4.2",
    "5.0", "5.1", "5.2", "6.0",
];

/// The layers of the first block, which does not expand.
const FIRST: &[(&str, &str)] = &[
    ("conv_dw", "conv.0.0"),
    ("bn1", "conv.0.1"),
    ("conv_pw", "conv.1"),
    ("bn2", "conv.2"),
];

/// The layers of the others.
const INVERTED: &[(&str, &str)] = &[
    ("conv_pw", "conv.0.0"),
    ("bn1", "conv.0.1"),
    ("conv_dw", "conv.1.0"),
    ("bn2", "conv.1.1"),
    ("conv_pwl", "conv.2"),
    ("bn3", "conv.3"),
];

/// What torchvision calls a tensor of this name in timm.
pub(super) fn renamed(name: &str) -> Option<String> {
    let within = |name: &str, table: &[(&str, &str)]| {
        let (layer, rest) = name.split_once('.')?;
        let (_, to) = table.iter().find(|(from, _)| *from == layer)?;
        Some(format!("{to}.{rest}"))
    };
    let Some(inside) = name.strip_prefix("blocks.") else {
        return within(name, OUTSIDE);
    };
    let (number, layer) = BLOCKS.iter().enumerate().find_map(|(i, block)| {
        let layer = inside.strip_prefix(block)?.strip_prefix('.')?;
        Some((i + 1, layer))
    })?;
    let table = match number {
        1 => FIRST,
        _ => INVERTED,
    };
    Some(format!("features.{number}.{}", within(layer, table)?))
}

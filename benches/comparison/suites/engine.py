"""The CPU engine against PyTorch's: single operations and whole training steps.

Specs, by their `op`. Pictures are (batch, channels, height, width) of f32, channels last in memory
where the side has the choice; `gradients` names the tensors whose gradients are asked for, and none
means a forward pass that keeps nothing for a backward one.

- `conv2d`: `x`, `w` (out, in / groups, kernel height, kernel width), `bias` (whether there is one),
  `stride`, `padding`, `groups`; gradients of `x`, `w`, `b`.
- `batch_norm`: `x`, in training mode (the running statistics move); gradients of `x`, `gamma`, `beta`.
- `max_pool2d`: `x`, `kernel`, `stride`, `padding`; gradient of `x`.
- `train_step`: `model`, `x`, `classes`, `optimiser`. One iteration is a forward pass in training
  mode, the mean cross-entropy against the class indices 0, 1, … in turn, the gradients of all parameters,
  and the optimiser's step.

The filters of a first layer get no gradient of `x`: nobody asks for that of the data.
"""

from comparison.build import Script
from comparison.suite import KEEP_MEMORY, Aim, Narrowed, Row, Suite

SINGLE_OP = 1.1
STEP = 0.8
ADAM = {"type": "adam", "lr": 1e-3}
SGD = {"type": "sgd", "lr": 1e-2, "momentum": 0.9}


def torch(target):
    return {"torch": Aim(target)}


def both(name, spec, gradients):
    """The rows of one operation: forward, and forward with the gradients."""
    return [
        Row(f"{name}/forward", spec | {"gradients": []}, torch(SINGLE_OP)),
        Row(f"{name}/forward+backward", spec | {"gradients": gradients}, torch(SINGLE_OP)),
    ]


def conv(name, x, out, kernel, stride=1, groups=1, bias=False, first=False):
    spec = {
        "op": "conv2d",
        "x": x,
        "w": [out, x[1] // groups, kernel, kernel],
        "bias": bias,
        "stride": [stride, stride],
        "padding": [kernel // 2, kernel // 2],
        "groups": groups,
    }
    gradients = ["x"] * (not first) + ["w"] + ["b"] * bias
    return both(f"conv/{name}", spec, gradients)


def pool(name, x, kernel, stride, padding):
    spec = {"op": "max_pool2d", "x": x}
    spec |= {"kernel": [kernel, kernel], "stride": [stride, stride], "padding": [padding, padding]}
    return both(f"max-pool/{name}", spec, ["x"])


def step(model, x, optimiser, target=STEP):
    shape = "x".join(map(str, x[1:]))
    spec = {"op": "train_step", "model": model, "x": x, "classes": 10, "optimiser": optimiser}
    return Row(f"step/{model}-b{x[0]}-{shape}", spec, torch(target), memory=True)


def rows():
    # The letters are those of the shapes that were measured before there was an engine.
    yield from conv("a-5to32-3x3-b32-40x130", [32, 5, 40, 130], 32, 3, bias=True, first=True)
    yield from conv("b-32to64-3x3-b32-20x65", [32, 32, 20, 65], 64, 3, bias=True)
    yield from conv("c-64to64-3x3-b32-56x56", [32, 64, 56, 56], 64, 3)
    yield from conv("d-3to64-7x7-s2-b8-224x224", [8, 3, 224, 224], 64, 7, stride=2, first=True)
    yield from conv("e-depthwise-728-3x3-b16-14x14", [16, 728, 14, 14], 728, 3, groups=728)
    yield from conv("f-728to728-1x1-b16-14x14", [16, 728, 14, 14], 728, 1)
    yield from both(
        "batch-norm/g-64-b32-56x56",
        {"op": "batch_norm", "x": [32, 64, 56, 56]},
        ["x", "gamma", "beta"],
    )
    yield from pool("h-2x2-32-b32-40x130", [32, 32, 40, 130], 2, 2, 0)
    yield from pool("3x3-s2-64-b32-112x112", [32, 64, 112, 112], 3, 2, 1)
    yield from conv("512to512-3x3-b32-7x7", [32, 512, 7, 7], 512, 3)
    yield from conv("64to128-3x3-s2-b32-56x56", [32, 64, 56, 56], 128, 3, stride=2)
    yield step("five-channel-cnn", [32, 5, 40, 130], ADAM, target=0.4)
    for model in ["resnet18", "resnet34"]:
        yield step(model, [8, 1, 128, 130], SGD)
        yield step(model, [8, 3, 224, 224], SGD)
    yield step("legacy-xception", [4, 3, 224, 224], ADAM)
    yield step("mobilenet-v2", [8, 3, 224, 224], SGD)


AVX2 = {
    "SARANGI_ISA": "avx2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}

# Keeping memory makes torch 3 to 15 % faster, and its peak higher.
SUITE = Suite(
    ours="engine-worker",
    peers={"torch": Script("torch_engine.py")},
    rows=list(rows()),
    isas={"avx2": Narrowed(AVX2, target=1.0)},
    quick=KEEP_MEMORY,
)

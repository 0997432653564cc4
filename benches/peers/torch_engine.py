"""PyTorch on the CPU at its best for training in f32: channels last, fused optimisers.

Its worker for the suite `engine` (comparison/suites/engine.py has the specs). It runs eagerly: compiled
by torch.compile, the step of the five-channel network was slower (2026-11-21, torch 2.11.0).
"""

import contextlib
import importlib
import os
import sys
from pathlib import Path

from serving import missing, serve

sys.path.append(str(Path(__file__).resolve().parents[2] / "fixtures" / "make"))

try:
    import torch
    from five_channel_cnn import FiveChannelCnn
    from torch.nn import functional as F
except ImportError as error:
    missing(error)
    sys.exit()


def pictures(shape, generator):
    return torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)


def operation(spec):
    g = torch.Generator().manual_seed(1)
    tensors = {"x": pictures(spec["x"], g)}
    channels = spec["x"][1]
    match spec["op"]:
        case "conv2d":
            tensors["w"] = pictures(spec["w"], g)
            if spec["bias"]:
                tensors["b"] = torch.randn(spec["w"][0], generator=g)

            def forward(x, w, b=None):
                return F.conv2d(x, w, b, spec["stride"], spec["padding"], groups=spec["groups"])

        case "batch_norm":
            tensors |= {"gamma": torch.ones(channels), "beta": torch.zeros(channels)}
            mean, var = torch.zeros(channels), torch.ones(channels)

            def forward(x, gamma, beta):
                return F.batch_norm(x, mean, var, gamma, beta, training=True)

        case "max_pool2d":

            def forward(x):
                return F.max_pool2d(x, spec["kernel"], spec["stride"], spec["padding"])

        case other:
            raise ValueError(f"unknown op {other!r}")

    if not spec["gradients"]:

        @torch.inference_mode()
        def iteration():
            forward(**tensors)

        return iteration

    leaves = [tensors[name].requires_grad_() for name in spec["gradients"]]
    dy = pictures(forward(**tensors).shape, g)
    return lambda: torch.autograd.grad(forward(**tensors), leaves, dy)


def network(spec):
    channels, classes = spec["x"][1], spec["classes"]
    match spec["model"]:
        case "five-channel-cnn":
            return FiveChannelCnn(channels, classes, first_kernel=3, dropout=0.3)
        case "resnet18" | "resnet34" as name:
            import torchvision

            net = torchvision.models.get_model(name, num_classes=classes)
            if channels != 3:
                net.conv1 = torch.nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
            return net
        case "legacy-xception":
            import timm

            return timm.create_model("legacy_xception", num_classes=classes, in_chans=channels)
        case "mobilenet-v2":
            import torchvision

            return torchvision.models.mobilenet_v2(num_classes=classes)
        case other:
            raise ValueError(f"unknown model {other!r}")


def optimiser(spec, parameters):
    options = {key: value for key, value in spec.items() if key != "type"}
    make = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[spec["type"]]
    return make(parameters, fused=True, **options)


def train_step(spec):
    torch.manual_seed(1)
    device, precision = spec.get("device", "cpu"), spec.get("precision", "f32")
    if device != "cpu":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    net = network(spec).train().to(device, memory_format=torch.channels_last)
    optimise = optimiser(spec["optimiser"], net.parameters())
    x = pictures(spec["x"], torch.Generator().manual_seed(2)).to(device)
    targets = torch.arange(len(x), device=device) % spec["classes"]
    half = {"bf16": torch.bfloat16, "f16": torch.float16}.get(precision)

    def iteration():
        optimise.zero_grad()
        with torch.autocast(device.split(":")[0], half, enabled=half is not None):
            loss = F.cross_entropy(net(x), targets)
        loss.backward()
        optimise.step()
        if device != "cpu":
            torch.cuda.synchronize()

    return iteration


def build(spec):
    return train_step(spec) if spec["op"] == "train_step" else operation(spec)


def load():
    """Loads the libraries, down to their kernels, so that a row's memory is its own."""
    for package in ["torchvision", "timm"]:
        with contextlib.suppress(ImportError):  # The rows that need it will say so.
            importlib.import_module(package)
    adam = {"type": "adam", "lr": 1e-3}
    train_step({"model": "five-channel-cnn", "x": [2, 5, 8, 8], "classes": 10, "optimiser": adam})()


torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
load()
serve(f"torch {torch.__version__.split('+')[0]}", build)

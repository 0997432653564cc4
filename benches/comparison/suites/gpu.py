"""Training steps on a CUDA GPU, beside PyTorch's: channels last, autocast, eager.

The specs are those of the suite `engine` with two more keys: `device`, and `precision`, which is what
activations are stored as (`bf16`, `f16`; weights stay f32), or `f32`, or `tf32`. An iteration ends when the
loss is on the CPU, so that it waits for the GPU. Time is that of the clock: say `--threads 2`.

Our side must be built with CUDA:

    cargo build --release -p sarangi-benches --features cudnn --bin engine-worker
    python benches/compare.py --suite gpu --threads 2 --ours target/release/engine-worker
"""

from comparison.build import Script
from comparison.suite import Aim, Row, Suite
from comparison.suites.engine import ADAM, SGD

NO_SLOWER = 1.0
# A batch of clips of 30 s: log-mel spectrograms of 128 bands, a frame each 512 samples at 22,050 Hz.
CLIPS = [64, 1, 128, 1292]


def step(model, optimiser, precision):
    spec = {"op": "train_step", "model": model, "x": CLIPS, "classes": 10, "optimiser": optimiser}
    spec |= {"device": "cuda:0", "precision": precision}
    return Row(f"step/{model}-b{CLIPS[0]}-{precision}", spec, {"torch": Aim(NO_SLOWER)})


SUITE = Suite(
    ours="engine-worker",
    peers={"torch": Script("torch_engine.py")},
    rows=[
        step(model, optimiser, precision)
        for model, optimiser in [("resnet34", SGD), ("legacy-xception", ADAM)]
        for precision in ["bf16", "tf32", "f32"]
    ],
)

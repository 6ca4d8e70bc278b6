"""Merged models against other ways to fuse them: layers left and the processor's time.

    python tests/benchmarks/bench_fusing.py [rounds, default 15] [model ...]

Ours, torch.fx's fuse, timm's reparameterisation, ONNX Runtime and OpenVINO, each with one thread,
float32, and one photo of 128 pixels, channels first, in turns within one process. The times are the
processor's, as ratios to the unmerged model round by round: medians with their quartiles. Weights
and statistics are random. Needs timm and torchvision; what else is missing is named and left out.
"""

import sys
import tempfile
import time
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from statistics import quantiles

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from lessonlib.merging import merge_chains

SIZE = 128
NORMS = (nn.modules.batchnorm._BatchNorm,)
COMPUTING = ("convolution", "conv1d", "conv2d", "linear", "addmm")  # in torch
NORMING = ("batch_norm", "native_batch_norm", "_native_batch_norm_legit_no_training")
KERNELS = ("Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul", "BatchNormalization")  # in ONNX
SETTINGS = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
OPERATIONS = ("Convolution", "FullyConnected", "MatMul", "GroupConvolution")  # in OpenVINO


class ExpandNet(nn.Sequential):
    """Four stages of a 3x3 convolution that was expanded to three, wide in the middle.

    After Guo et al., 1811.10495.
    """

    def __init__(self):
        super().__init__()
        channels = 3
        for out in (16, 32, 64, 64):
            wide = 4 * out
            self.append(nn.Conv2d(channels, wide, 1, bias=False))
            self.append(nn.Conv2d(wide, wide, 3, stride=2, padding=1, bias=False))
            self.append(nn.Conv2d(wide, out, 1, bias=False))
            self.append(nn.BatchNorm2d(out))
            self.append(nn.ReLU())
            channels = out


def of_timm(name):
    return lambda: import_module("timm").create_model(name)


def of_torchvision(name):
    return lambda: getattr(import_module("torchvision.models"), name)()


MODELS = {
    "resnet18": of_torchvision("resnet18"),
    "mobilenet_v2": of_torchvision("mobilenet_v2"),
    "efficientnet_b0": of_timm("efficientnet_b0"),
    "regnetx_002": of_timm("regnetx_002"),
    "repvgg_a0": of_timm("repvgg_a0"),
    "mobileone_s0": of_timm("mobileone_s0"),
    "fastvit_t8": of_timm("fastvit_t8"),
    "ExpandNet": ExpandNet,
}


def ready(name):
    """`(model, x)`, the statistics of its BatchNorms those of random photos."""
    torch.manual_seed(0)
    model = MODELS[name]()
    for layer in model.modules():
        if isinstance(layer, NORMS):
            layer.weight.data.uniform_(0.5, 1.5)
            layer.bias.data.normal_(0, 0.25)
            layer.momentum = 0.9
    x = torch.randn(2, 3, SIZE, SIZE)
    with torch.no_grad():
        model.train()(x)
    return model.eval(), x[:1]


class Count(TorchDispatchMode):
    """How many convolutions, matrices and BatchNorms run."""

    def __init__(self):
        super().__init__()
        self.found = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.found += function.overloadpacket.__name__ in COMPUTING + NORMING
        return function(*args, **kwargs or {})


def in_torch(make):
    def way(model, x, folder):
        made = make(model, x)
        with Count() as count:
            made(x)
        return (lambda: made(x)), count.found

    return way


def by_fx(model, x):
    return import_module("torch.fx.experimental.optimization").fuse(model)


def by_timm(model, x):
    return import_module("timm.utils").reparameterize_model(deepcopy(model))


def to_onnx(model, x, folder):
    path = folder / "model.onnx"
    torch.onnx.export(model, (x,), path, dynamo=False, do_constant_folding=False)
    return path


def by_onnxruntime(model, x, folder):
    ort = import_module("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 3
    session = ort.InferenceSession(
        to_onnx(model, x, folder), options, providers=["CPUExecutionProvider"]
    )
    nodes = import_module("onnx").load(options.optimized_model_filepath).graph.node
    given = {session.get_inputs()[0].name: x.numpy()}
    call = lambda: torch.from_numpy(session.run(None, given)[0])  # noqa: E731
    return call, sum(node.op_type in KERNELS for node in nodes)


def by_openvino(model, x, folder):
    ov = import_module("openvino")
    found = ov.Core().compile_model(ov.convert_model(to_onnx(model, x, folder)), "CPU", SETTINGS)
    operations = [op.get_rt_info()["layerType"] for op in found.get_runtime_model().get_ops()]
    given = x.numpy()
    call = lambda: torch.from_numpy(found(given)[0])  # noqa: E731
    return call, sum(operation in OPERATIONS for operation in operations)


WAYS = {
    "unmerged": in_torch(lambda model, x: model),
    "lessonlib": in_torch(merge_chains),
    "torch.fx fuse": in_torch(by_fx),
    "timm": in_torch(by_timm),
    "ONNX Runtime": by_onnxruntime,
    "OpenVINO": by_openvino,
}


def prepared(name, folder):
    """`{way: (call, layers left)}` of a model; what cannot be done is said."""
    model, x = ready(name)
    ways = {}
    for way, prepare in WAYS.items():
        try:
            ways[way] = prepare(model, x, folder)
        except ModuleNotFoundError as missing:
            print(f"{way} is left out: {missing.name} is not installed.", file=sys.stderr)
        except Exception as error:  # whatever a tool raises that does not take a model
            print(f"{way} is left out for {name}: {error}".splitlines()[0], file=sys.stderr)
    return ways


def processor_times(ways, rounds):
    """`{way: seconds of the processor in each round}`, in turns, every second round backwards."""
    taken: dict = {way: [] for way in ways}
    for call, _ in [*ways.values(), *ways.values()]:
        call()  # warm
    for i in range(rounds):
        for way in list(ways)[:: 1 - 2 * (i % 2)]:
            began = time.process_time()
            ways[way][0]()
            taken[way].append(time.process_time() - began)
    return taken


def shown(taken, base):
    low, middle, high = quantiles([a / b for a, b in zip(taken, base)])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main(rounds=15, *names):
    torch.set_num_threads(1)
    print("| model | way | layers left | of the unmerged time | of timm's | difference |")
    print("|---" * 6 + "|")
    for name in names or MODELS:
        with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
            ways = prepared(name, Path(folder))
            expected = ways["unmerged"][0]()
            taken = processor_times(ways, int(rounds))
            for way, (call, left) in ways.items():
                difference = (call() - expected).abs().max() / expected.abs().max()
                ratios = [
                    shown(taken[way], taken[b]) if b in taken else "" for b in ("unmerged", "timm")
                ]
                row = [name, way, left, *ratios, f"{difference:.1e}"]
                print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

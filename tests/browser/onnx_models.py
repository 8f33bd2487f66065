"""Writes the models of `recto bench-models` as ONNX files with random weights, in float and in int8.

    python onnx_models.py FOLDER [MODEL...]      (needs the packages onnx, onnxruntime and numpy)

The graphs are what an export of the same architectures comes to, with the keys and values of cross attention given to
the decoders instead of computed for every token. int8 is ONNX Runtime's own dynamic quantization. Weights say nothing
of speed, so they are random; what is written is good for timing and for nothing else.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

CONTEXT = 512  # tokens of the input text
PAST = 20  # tokens generated before the one that is timed


class Graph:
    """Nodes and weights, named as they come."""

    def __init__(self):
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self.random = np.random.default_rng(1)
        self.shapes = {}

    def add(self, kind, *inputs, **attributes):
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, value):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, *shape):
        return self.constant(self.random.standard_normal(shape, dtype=np.float32) * np.float32(0.02))

    def number(self, value):
        return self.constant(np.array(value, dtype=np.float32))

    def shape(self, *sizes):
        return self.constant(np.array(sizes, dtype=np.int64))

    def input(self, name, *sizes):
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes))
        self.shapes[name] = sizes
        return name

    def output(self, name):
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))

    def linear(self, x, inputs, outputs, bias=True):
        y = self.add("MatMul", x, self.weight(inputs, outputs))
        return self.add("Add", y, self.weight(outputs)) if bias else y

    def layer_norm(self, x, size):
        return self.add("LayerNormalization", x, self.weight(size), self.weight(size), axis=-1, epsilon=1e-5)

    def rms_norm(self, x, size):
        mean = self.add("ReduceMean", self.add("Mul", x, x), axes=[-1], keepdims=1)
        root = self.add("Sqrt", self.add("Add", mean, self.number(1e-6)))
        return self.add("Mul", self.add("Div", x, root), self.weight(size))

    def gelu(self, x):
        part = self.add("Erf", self.add("Div", x, self.number(2.0**0.5)))
        return self.add("Mul", self.add("Mul", x, self.add("Add", part, self.number(1.0))), self.number(0.5))

    def gelu_tanh(self, x):
        cube = self.add("Mul", self.add("Mul", x, x), x)
        inner = self.add("Add", x, self.add("Mul", cube, self.number(0.044715)))
        part = self.add("Tanh", self.add("Mul", inner, self.number(0.7978846)))
        return self.add("Mul", self.add("Mul", x, self.add("Add", part, self.number(1.0))), self.number(0.5))

    def heads(self, x, rows, count, wide):
        """[1, rows, count * wide] to [1, count, rows, wide]"""
        return self.add("Transpose", self.add("Reshape", x, self.shape(1, rows, count, wide)), perm=[0, 2, 1, 3])

    def attend(self, q, k, v, rows, count, wide, scale=None, bias=None):
        scores = self.add("MatMul", q, self.add("Transpose", k, perm=[0, 1, 3, 2]))
        if scale is not None:
            scores = self.add("Mul", scores, self.number(scale))
        if bias is not None:
            scores = self.add("Add", scores, bias)
        mixed = self.add("MatMul", self.add("Softmax", scores, axis=-1), v)
        return self.add("Reshape", self.add("Transpose", mixed, perm=[0, 2, 1, 3]), self.shape(1, rows, count * wide))

    def save(self, path):
        graph = helper.make_graph(self.nodes, path.stem, self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, path)
        small = path.with_name(path.name.replace(".f32.", ".int8."))
        quantize_dynamic(path, small, weight_type=QuantType.QInt8)
        path.unlink()
        return {"file": small.name, "inputs": self.shapes, "bytes": small.stat().st_size}


def t5_encoder(d, heads, ff, layers):
    g = Graph()
    x = g.input("hidden", 1, CONTEXT, d)
    bias = g.input("bias", 1, heads, CONTEXT, CONTEXT)
    for _ in range(layers):
        y = g.rms_norm(x, d)
        q, k, v = (g.heads(g.linear(y, d, heads * 64, bias=False), CONTEXT, heads, 64) for _ in range(3))
        y = g.attend(q, k, v, CONTEXT, heads, 64, bias=bias)
        x = g.add("Add", x, g.linear(y, heads * 64, d, bias=False))
        y = g.rms_norm(x, d)
        gate = g.gelu_tanh(g.linear(y, d, ff, bias=False))
        y = g.linear(g.add("Mul", gate, g.linear(y, d, ff, bias=False)), ff, d, bias=False)
        x = g.add("Add", x, y)
    g.output(g.rms_norm(x, d))
    return g


def t5_decoder(d, heads, ff, layers):
    g = Graph()
    x = g.input("hidden", 1, 1, d)
    bias = g.input("bias", 1, heads, 1, PAST + 1)
    for layer in range(layers):
        y = g.rms_norm(x, d)
        q, k, v = (g.heads(g.linear(y, d, heads * 64, bias=False), 1, heads, 64) for _ in range(3))
        k = g.add("Concat", g.input(f"past_k{layer}", 1, heads, PAST, 64), k, axis=2)
        v = g.add("Concat", g.input(f"past_v{layer}", 1, heads, PAST, 64), v, axis=2)
        g.output(k)
        g.output(v)
        y = g.attend(q, k, v, 1, heads, 64, bias=bias)
        x = g.add("Add", x, g.linear(y, heads * 64, d, bias=False))
        q = g.heads(g.linear(g.rms_norm(x, d), d, heads * 64, bias=False), 1, heads, 64)
        k, v = (g.input(f"cross_{which}{layer}", 1, heads, CONTEXT, 64) for which in "kv")
        y = g.attend(q, k, v, 1, heads, 64)
        x = g.add("Add", x, g.linear(y, heads * 64, d, bias=False))
        y = g.rms_norm(x, d)
        gate = g.gelu_tanh(g.linear(y, d, ff, bias=False))
        y = g.linear(g.add("Mul", gate, g.linear(y, d, ff, bias=False)), ff, d, bias=False)
        x = g.add("Add", x, y)
    g.output(g.linear(g.rms_norm(x, d), d, 32128, bias=False))
    return g


def blip_vision(d, heads, ff, layers):
    g = Graph()
    patches, rows, wide = 576, 577, d // heads
    # The convolution over patches without overlap is a product with the patches' pixels.
    x = g.linear(g.input("patches", 1, patches, 768), 768, d)
    x = g.add("Concat", g.weight(1, 1, d), x, axis=1)
    x = g.add("Add", x, g.weight(1, rows, d))
    for _ in range(layers):
        y = g.layer_norm(x, d)
        q, k, v = (g.heads(g.linear(y, d, d), rows, heads, wide) for _ in range(3))
        x = g.add("Add", x, g.linear(g.attend(q, k, v, rows, heads, wide, scale=wide**-0.5), d, d))
        y = g.layer_norm(x, d)
        x = g.add("Add", x, g.linear(g.gelu(g.linear(y, d, ff)), ff, d))
    g.output(g.layer_norm(x, d))
    return g


def blip_decoder():
    g = Graph()
    d, heads, ff, layers, image = 768, 12, 3072, 12, 577
    x = g.input("hidden", 1, 1, d)
    for layer in range(layers):
        q, k, v = (g.heads(g.linear(x, d, d), 1, heads, 64) for _ in range(3))
        k = g.add("Concat", g.input(f"past_k{layer}", 1, heads, PAST, 64), k, axis=2)
        v = g.add("Concat", g.input(f"past_v{layer}", 1, heads, PAST, 64), v, axis=2)
        g.output(k)
        g.output(v)
        y = g.linear(g.attend(q, k, v, 1, heads, 64, scale=0.125), d, d)
        x = g.layer_norm(g.add("Add", x, y), d)
        q = g.heads(g.linear(x, d, d), 1, heads, 64)
        k, v = (g.input(f"cross_{which}{layer}", 1, heads, image, 64) for which in "kv")
        y = g.linear(g.attend(q, k, v, 1, heads, 64, scale=0.125), d, d)
        x = g.layer_norm(g.add("Add", x, y), d)
        y = g.linear(g.gelu(g.linear(x, d, ff)), ff, d)
        x = g.layer_norm(g.add("Add", x, y), d)
    x = g.layer_norm(g.gelu(g.linear(x, d, d)), d)
    g.output(g.linear(x, d, 30524))
    return g


MODELS = {
    "t5-small": {"encode": lambda: t5_encoder(512, 6, 1024, 8), "token": lambda: t5_decoder(512, 6, 1024, 8)},
    "t5-base": {"encode": lambda: t5_encoder(768, 12, 2048, 12), "token": lambda: t5_decoder(768, 12, 2048, 12)},
    "blip-base": {"encode": lambda: blip_vision(768, 12, 3072, 12), "token": blip_decoder},
    "blip-large": {"encode": lambda: blip_vision(1024, 16, 4096, 24), "token": blip_decoder},
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:] or list(MODELS)
    listed = {}
    for model in wanted:
        listed[model] = {part: make().save(folder / f"{model}.{part}.f32.onnx") for part, make in MODELS[model].items()}
    (folder / "models.json").write_text(json.dumps(listed))


if __name__ == "__main__":
    main()

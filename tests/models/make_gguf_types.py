"""Write a GGUF file with a small matrix of each type, random bits, and what the `gguf` package reads in it.

    pip install gguf safetensors
    python make_gguf_types.py gguf-types
"""
import sys
import numpy as np
from gguf import GGUFWriter, GGMLQuantizationType as Type, GGML_QUANT_SIZES
from gguf.quants import dequantize
from safetensors.numpy import save_file

OUT = sys.argv[1]
ROWS, WIDTH = 3, 256
# Where the half-precision scales lie in a block.
SCALES = {Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
          Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208]}
random = np.random.default_rng(4)
writer = GGUFWriter(f"{OUT}/types.gguf", "none")
expected = {}
for kind, scales in SCALES.items():
    block, size = GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, size=(ROWS * WIDTH // block, size), dtype=np.uint8)
    for place in scales:
        # Between 2^-7 and 2^-3, of either sign.
        data[:, place + 1] = (data[:, place + 1] & 0x83) | 0x20
    data = data.reshape(ROWS, -1)
    name = kind.name.lower().replace("_k", "k")
    writer.add_tensor(name, data, raw_dtype=kind)
    expected[name] = dequantize(data, kind).astype(np.float32)
for name, dtype, kind in [("f32", np.float32, Type.F32), ("f16", np.float16, Type.F16)]:
    values = random.normal(size=(ROWS, WIDTH)).astype(dtype)
    writer.add_tensor(name, values, raw_dtype=kind)
    expected[name] = values.astype(np.float32)
values = random.normal(size=(ROWS, WIDTH)).astype(np.float32).view(np.uint32) & 0xffff0000
writer.add_tensor("bf16", (values >> 16).astype(np.uint16).view(np.uint8).reshape(ROWS, -1), raw_dtype=Type.BF16)
expected["bf16"] = values.view(np.float32)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
save_file(expected, f"{OUT}/expected.safetensors")

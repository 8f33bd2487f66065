"""Compute the reference outputs in this folder with Hugging Face transformers, in float32.

    python -m venv --system-site-packages venv        # with torch, e.g. Debian's python3-torch
    venv/bin/pip install "transformers==4.44.2" "numpy<2" safetensors sentencepiece
    venv/bin/python make_reference.py OUT_DIR

The models are tiny and random, but have the vocabularies, tensor names and configuration files of the public
checkpoints. Their weights are not stored: each tensor is made from its name by `make_tensor`, here and in
`tests/reference_model/mod.rs` alike, down to the last bit.
"""
import json
import os
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import BlipConfig, BlipForConditionalGeneration, T5Config, T5ForConditionalGeneration

OUT = sys.argv[1]
RNG = np.random.default_rng(20)


def make_tensor(name, shape, mean, deviation):
    """Numbers that are nearly normal: the sum of four 16-bit pieces of SplitMix64, seeded by FNV-1a."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    mask = np.uint64(0xFFFF)
    total = sum(((z >> np.uint64(16 * k)) & mask).astype(np.int64) for k in range(4)) - 131070
    # Four uniform pieces have the deviation 65536 / sqrt(3).
    scale = np.float32(np.float64(deviation) * np.sqrt(3.0) / 65536.0)
    return (total.astype(np.float32) * scale + np.float32(mean)).reshape(shape)


def spread(name, shape):
    """Mean and deviation of a tensor: wide enough that logits differ clearly and biases matter."""
    if len(shape) == 1 and "norm" in name.lower():
        return (1.0, 0.2) if name.endswith("weight") else (0.0, 0.1)
    if len(shape) == 1:
        return (0.0, 0.1)
    if len(shape) == 2 and "embed" not in name and "shared" not in name:
        return (0.0, 1.3 / shape[1] ** 0.5)
    return (0.0, 0.6)


def fill(model, folder):
    os.makedirs(folder, exist_ok=True)
    model.config.save_pretrained(folder)
    entries = []
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            shape = list(parameter.shape)
            mean, deviation = spread(name, shape)
            parameter.copy_(torch.from_numpy(make_tensor(name, shape, mean, deviation)))
            entries.append({"name": name, "shape": shape, "mean": mean, "deviation": deviation})
    with open(os.path.join(folder, "tensors.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n")


def finish(folder, about, cases, expected):
    save_file(expected, os.path.join(folder, "expected.safetensors"))
    with open(os.path.join(folder, "cases.json"), "w") as file:
        rows = ",\n".join(json.dumps(case) for case in cases)
        file.write('{"about": %s, "cases": [\n%s\n]}\n' % (json.dumps(about), rows))


def top(expected, index, logits):
    values, ids = torch.topk(logits, 16, dim=-1)
    expected[f"{index}.logits_top"] = values.contiguous()
    expected[f"{index}.logits_top_ids"] = ids.to(torch.int32).contiguous()


def t5(name, **sizes):
    config = T5Config(vocab_size=32128, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, **sizes)
    model = T5ForConditionalGeneration(config).eval()
    folder = os.path.join(OUT, name)
    fill(model, folder)
    expected, cases = {}, []
    for index, length in enumerate((1, 9, 40, 200)):
        ids = torch.tensor(RNG.integers(3, 32100, size=(1, length)))
        ids[0, -1] = 1
        decoder = torch.tensor(RNG.integers(3, 32100, size=(1, 12)))
        decoder[0, 0] = 0
        common = dict(max_new_tokens=24, do_sample=False)
        with torch.no_grad():
            expected[f"{index}.encoder"] = model.encoder(input_ids=ids).last_hidden_state[0].contiguous()
            top(expected, index, model(input_ids=ids, decoder_input_ids=decoder).logits[0])
            greedy = model.generate(ids, num_beams=1, **common)
            beam = model.generate(ids, num_beams=4, early_stopping=True, **common)
            reined = model.generate(ids, num_beams=1, no_repeat_ngram_size=2, repetition_penalty=1.5, **common)
            reined_beam = model.generate(ids, num_beams=3, early_stopping=True, no_repeat_ngram_size=2,
                                         repetition_penalty=1.5, length_penalty=0.6, **common)
        cases.append({"input_ids": ids[0].tolist(), "decoder_ids": decoder[0].tolist(),
                      "greedy_ids": greedy[0].tolist(), "beam4_ids": beam[0].tolist(),
                      "reined_ids": reined[0].tolist(), "reined_beam3_ids": reined_beam[0].tolist()})
    finish(folder, "encoder: [n, d_model]; logits_top: the 16 largest logits after each of decoder_ids; *_ids: "
           "generate(max_new_tokens=24), start token included; reined: no_repeat_ngram_size=2, "
           "repetition_penalty=1.5, with beams also length_penalty=0.6", cases, expected)


def blip(name, vision, text):
    config = BlipConfig(vision_config=vision, text_config=text, projection_dim=32, image_text_hidden_size=32)
    model = BlipForConditionalGeneration(config).eval()
    folder = os.path.join(OUT, name)
    fill(model, folder)
    size = vision["image_size"]
    expected, cases = {}, []
    for index, prompt in enumerate(([30522], [30522, 1037], [30522, 1037, 3861, 1997])):
        pixels = torch.from_numpy(make_tensor(f"pixels.{index}", [1, 3, size, size], 0.0, 1.0))
        ids = prompt + [2158, 2003]
        with torch.no_grad():
            states = model.vision_model(pixel_values=pixels).last_hidden_state
            decode = dict(encoder_hidden_states=states)
            top(expected, index, model.text_decoder(input_ids=torch.tensor([ids]), **decode).logits[0])
            common = dict(input_ids=torch.tensor([prompt]), eos_token_id=102, pad_token_id=0, max_new_tokens=20,
                          do_sample=False, encoder_attention_mask=torch.ones(states.shape[:-1], dtype=torch.long))
            greedy = model.text_decoder.generate(num_beams=1, **common, **decode)
            beam = model.text_decoder.generate(num_beams=4, early_stopping=True, **common, **decode)
        expected[f"{index}.vision"] = states[0].contiguous()
        cases.append({"prompt_ids": prompt, "decoder_ids": ids, "greedy_ids": greedy[0].tolist(),
                      "beam4_ids": beam[0].tolist()})
    finish(folder, "pixels: the tensor called `pixels.N`, [3, size, size]; vision: [1 + patches, hidden]; "
           "logits_top: the 16 largest logits after each of decoder_ids; *_ids: generate(max_new_tokens=20), "
           "prompt included", cases, expected)


t5("t5-flan-tiny", d_model=32, d_kv=8, d_ff=64, num_layers=3, num_decoder_layers=2, num_heads=4,
   feed_forward_proj="gated-gelu", tie_word_embeddings=False)
t5("t5-v1-tiny", d_model=32, d_kv=16, d_ff=96, num_layers=2, num_heads=3, feed_forward_proj="relu",
   tie_word_embeddings=True)
blip("blip-tiny",
     dict(hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=4, image_size=96,
          patch_size=16),
     dict(vocab_size=30524, hidden_size=48, encoder_hidden_size=64, intermediate_size=96, num_hidden_layers=2,
          num_attention_heads=4, max_position_embeddings=64, bos_token_id=30522, sep_token_id=102,
          eos_token_id=2, pad_token_id=0, is_decoder=True))

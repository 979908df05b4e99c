#!/usr/bin/env python3
"""Writes gguf.gguf, a model of one block with a tensor of every type that is read, and gguf.h5, what ggml's own Python
package makes of its numbers, in the layout of the Hugging Face folder, for tests/datasets/gguf.

    python3 gguf_model.py FOLDER          needs gguf 0.19, h5py, numpy
"""
import sys

import gguf
import h5py
import numpy as np
from gguf import GGMLQuantizationType as Type

RANDOM = np.random.default_rng(5)
C, HEADS, KV_HEADS, D, F, LETTERS = 256, 4, 2, 16, 32, "abcdefgh"

# Tokens: 2 marks, 8 letters, the space as it is written, 3 merged ones.
TOKENS = ["<s>", "</s>", *LETTERS, "\u0120", "ab", "abc", "\u0120a"]
MERGES = ["a b", "ab c", "\u0120 a"]


def numbers(*shape):
    return RANDOM.normal(0, 0.5, shape).astype(np.float32)


def blocks(kind, rows, columns):
    """Any bits are a good block, but for the scales, which must be numbers."""
    size = gguf.GGML_QUANT_SIZES[kind]
    data = RANDOM.integers(0, 256, (rows, columns // size[0], size[1]), dtype=np.uint8)
    scales = [0, 2] if kind == Type.Q4_K else [208]
    for at in scales:
        data[:, :, at:at + 2] = RANDOM.uniform(0.001, 0.02, data.shape[:2] + (1,)).astype(np.float16).view(np.uint8)
    return data.reshape(rows, -1)


def quantized(kind, *shape):
    return gguf.quants.quantize(numbers(*shape), kind)


def unwoven(w, heads):
    return w.reshape(heads, w.shape[0] // heads // 2, 2, -1).swapaxes(1, 2).reshape(w.shape)


def main():
    folder = sys.argv[1]
    writer = gguf.GGUFWriter(f"{folder}/gguf.gguf", "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(C)
    writer.add_block_count(1)
    writer.add_feed_forward_length(F)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(D)
    writer.add_rope_dimension_count(D)
    writer.add_rope_freq_base(50000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3] + [1] * (len(TOKENS) - 2))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template("{{ messages }}")
    tensors = {
        "token_embd": ("model.embed_tokens", quantized(Type.Q8_0, len(TOKENS), C), Type.Q8_0),
        "output_norm": ("model.norm", numbers(C), Type.F32),
        "output": ("lm_head", blocks(Type.Q4_K, len(TOKENS), C), Type.Q4_K),
        "blk.0.attn_norm": ("model.layers.0.input_layernorm", numbers(C), Type.F32),
        "blk.0.attn_q": ("model.layers.0.self_attn.q_proj", blocks(Type.Q4_K, HEADS * D, C), Type.Q4_K),
        "blk.0.attn_k": ("model.layers.0.self_attn.k_proj", blocks(Type.Q6_K, KV_HEADS * D, C), Type.Q6_K),
        "blk.0.attn_v": ("model.layers.0.self_attn.v_proj", quantized(Type.Q4_1, KV_HEADS * D, C), Type.Q4_1),
        "blk.0.attn_output": ("model.layers.0.self_attn.o_proj", quantized(Type.Q4_0, C, HEADS * D), Type.Q4_0),
        "blk.0.ffn_norm": ("model.layers.0.post_attention_layernorm", numbers(C), Type.F32),
        "blk.0.ffn_gate": ("model.layers.0.mlp.gate_proj", numbers(F, C).astype(np.float16), Type.F16),
        "blk.0.ffn_up": ("model.layers.0.mlp.up_proj", quantized(Type.BF16, F, C), Type.BF16),
        "blk.0.ffn_down": ("model.layers.0.mlp.down_proj", numbers(C, F), Type.F32),
    }
    with h5py.File(f"{folder}/gguf.h5", "w") as out:
        for name, (peer, data, kind) in tensors.items():
            writer.add_tensor(name + ".weight", data, raw_dtype=kind)
            values = data if kind == Type.F32 else gguf.quants.dequantize(data, kind)
            if name.endswith("attn_q"):
                values = unwoven(values, HEADS)
            if name.endswith("attn_k"):
                values = unwoven(values, KV_HEADS)
            out.create_dataset(peer + ".weight", data=values.astype(np.float32), compression="gzip", shuffle=True)
        values = numbers(8, 64)
        values[0, :32] = 0
        out.create_dataset("values", data=values)
        for kind in (Type.Q8_0, Type.Q4_0, Type.F16, Type.BF16):
            data = values.astype(np.float16) if kind == Type.F16 else gguf.quants.quantize(values, kind)
            out.create_dataset(f"values_{kind.name.lower()}", data=np.ascontiguousarray(data).view(np.uint8))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()

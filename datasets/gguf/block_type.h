// The element types of GGUF files: blocks of numbers that share scales, and plain numbers as blocks of one.
//
// Q8_0, Q4_0, Q4_1: 32 numbers; Q4_K, Q6_K: 256 in groups of 32 or 16 with scales of their own. Which bits are where is
// the format of github.com/ggml-org/ggml.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace convoy {

struct BlockType {
  uint32_t number;  // in files
  std::string_view name;
  int64_t elements;  // of a block
  size_t bytes;      // of a block
  // `blocks` blocks to floats and back; null: this type is not read, or not written.
  void (*read)(const std::byte* in, int64_t blocks, float* out);
  void (*write)(const float* in, int64_t blocks, std::byte* out);
};

// null: no type of ggml has this number, or it is not one of weights.
const BlockType* find_block_type(uint32_t number);
// By the name that --type takes: f32, f16, bf16, q8_0, q4_0.
const BlockType* find_block_type(std::string_view name);
// "f32, f16, bf16, q8_0, ...", of those that are read.
std::string_view readable_block_types();

}  // namespace convoy

// Writes GGUF files, version 3 (github.com/ggml-org/ggml, docs/gguf.md): values, then tensors whose rows are asked for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/tensor/shape.h"
#include "datasets/gguf/block_type.h"

namespace convoy {

using GgufOutput = std::variant<bool, uint32_t, float, std::string, std::vector<std::string>, std::vector<int32_t>,
                                std::vector<float>>;
using GgufValues = std::vector<std::pair<std::string, GgufOutput>>;  // in the file's order

struct GgufOutputTensor {
  std::string name;
  Shape shape;                      // rows first
  const BlockType* type = nullptr;  // that can be written; its blocks divide a row
  // Writes row `row` of columns() floats to `out`.
  std::function<void(int64_t row, float* out)> read_row;

  int64_t columns() const { return shape.dims() == 0 ? 1 : shape[-1]; }
  int64_t rows() const { return columns() == 0 ? 0 : shape.elements() / columns(); }
  size_t bytes() const { return static_cast<size_t>(shape.elements() / type->elements) * type->bytes; }
};

// Creates the file, which must not exist, and fsyncs it. progress: bytes of tensors done. Throws FileError.
void write_gguf(const std::filesystem::path& path, const GgufValues& values,
                const std::vector<GgufOutputTensor>& tensors, const std::function<void(int64_t)>& progress);

}  // namespace convoy

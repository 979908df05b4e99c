#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/gguf/peer_model.h"
#include "datasets/gguf/peer_tokenizer.h"
#include "launcher/import/model_source.h"

namespace convoy {
namespace {

// Of a vector each element is a row in a safetensors file, and all of it one in GGUF.
std::vector<float> rows_as_floats(const GgufFile& file, const PeerTensor& tensor, int64_t first, int64_t count) {
  const Shape& shape = tensor.tensor->shape;
  if (shape.dims() > 1) {
    std::vector<float> values(static_cast<size_t>(count * tensor.tensor->columns()));
    read_peer_rows(file, tensor, first, count, values.data());
    return values;
  }
  std::vector<float> values(static_cast<size_t>(shape[0]));
  read_peer_rows(file, tensor, 0, 1, values.data());
  return {values.begin() + first, values.begin() + first + count};
}

void read_source_rows(const GgufFile& file, const PeerTensor& tensor, DType dtype, int64_t first, int64_t count,
                      void* out) {
  const std::vector<float> values = rows_as_floats(file, tensor, first, count);
  if (dtype == DType::bf16)
    std::transform(values.begin(), values.end(), static_cast<bf16*>(out), [](float value) { return bf16(value); });
  else
    std::copy(values.begin(), values.end(), static_cast<float*>(out));
}

}  // namespace

ModelSource open_gguf(const std::filesystem::path& path, DType dtype) {
  const auto file = file_errors_as<CheckpointError>([&] { return std::make_shared<const GgufFile>(path); });
  PeerModel model = peer_model(*file, dtype == DType::bf16 ? "bfloat16" : "float32");
  ModelSource source{.name = path.string(), .config_json = std::move(model.config)};
  source.files = peer_tokenizer_files(*file);
  for (PeerTensor& tensor : model.tensors) {
    SourceTensor next{.name = tensor.name, .dtype = dtype, .shape = tensor.tensor->shape};
    next.rows = [file, tensor, dtype](int64_t first, int64_t count, void* out) {
      read_source_rows(*file, tensor, dtype, first, count, out);
    };
    source.tensors.push_back(std::move(next));
  }
  return source;
}

}  // namespace convoy

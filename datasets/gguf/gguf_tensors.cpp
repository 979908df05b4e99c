#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <tuple>

#include "core/base/bf16.h"
#include "core/base/error.h"
#include "core/base/half.h"
#include "core/checkpoint/safetensors.h"
#include "datasets/gguf/gguf_model.h"
#include "datasets/gguf/peer_names.h"

namespace convoy {
namespace {

// Reads elements [begin, begin + count) as floats.
void read_floats(const SafetensorsReader& reader, const SafetensorsReader::Entry& entry, int64_t begin, int64_t count,
                 float* out) {
  if (entry.dtype == DType::f32) return reader.read(entry, begin, count, out);
  std::vector<uint16_t> halves(static_cast<size_t>(count));
  reader.read(entry, begin, count, halves.data());
  if (entry.dtype == DType::bf16)
    std::ranges::transform(halves, out,
                           [](uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); });
  else
    std::ranges::transform(halves, out, float_of_half);
}

// Row `row` of q or k in the file, where pairs that are turned together are neighbours, is this row of the folder's.
int64_t folder_row(int64_t row, int64_t D) { return row / D * D + row % D % 2 * (D / 2) + row % D / 2; }

bool has_pairs(const GgufModel& model, std::string_view name) {
  return model.architecture->pairs &&
         (name.find(".attn_q.") != std::string_view::npos || name.find(".attn_k.") != std::string_view::npos);
}

const BlockType& output_type(const std::string& name, const Shape& shape, const BlockType& type, GgufModel& model) {
  if (shape.dims() < 2) return *find_block_type("f32");
  const BlockType& eight_bits = *find_block_type("q8_0");
  const bool is_table = name == "token_embd.weight" || name == "output.weight";
  const bool is_smaller =
      static_cast<int64_t>(type.bytes) * eight_bits.elements < static_cast<int64_t>(eight_bits.bytes) * type.elements;
  const BlockType& wanted = is_table && is_smaller ? eight_bits : type;
  if (shape[-1] % wanted.elements == 0) return wanted;
  model.notes.push_back(fmt::format("{} is f16: rows of {} are no whole blocks of {}", name, shape[-1], wanted.name));
  return *find_block_type("f16");
}

GgufOutputTensor output_tensor(const std::string& name, const std::shared_ptr<const SafetensorsReader>& reader,
                               const SafetensorsReader::Entry& entry, const BlockType& type, GgufModel& model) {
  GgufOutputTensor tensor{.name = name, .shape = entry.shape, .type = &output_type(name, entry.shape, type, model)};
  const int64_t columns = tensor.columns(), D = has_pairs(model, name) ? model.config.head_dim : 0;
  if (entry.shape.dims() == 1 && D > 0) {
    tensor.read_row = [reader, entry, columns, D](int64_t, float* out) {
      std::vector<float> all(static_cast<size_t>(columns));
      read_floats(*reader, entry, 0, columns, all.data());
      for (int64_t i = 0; i < columns; ++i) out[i] = all[static_cast<size_t>(folder_row(i, D))];
    };
    return tensor;
  }
  tensor.read_row = [reader, entry, columns, D](int64_t row, float* out) {
    read_floats(*reader, entry, (D > 0 ? folder_row(row, D) : row) * columns, columns, out);
  };
  return tensor;
}

// What each frequency is divided by, of Llama 3's.
GgufOutputTensor frequency_factors(const LlamaConfig& c) {
  const int64_t R = c.rotary.turned(c.head_dim);
  GgufOutputTensor tensor{.name = "rope_freqs.weight", .shape = {R / 2}, .type = find_block_type("f32")};
  tensor.read_row = [factors = rotary_factors(c.rotary, R, c.context)](int64_t, float* out) {
    std::ranges::copy(factors, out);
  };
  return tensor;
}

// Tables first, then block by block.
std::tuple<int64_t, std::string> output_place(const std::string& name) {
  constexpr std::string_view kOfBlocks = "blk.";
  int64_t block = -1;
  if (name.starts_with(kOfBlocks)) std::from_chars(name.data() + kOfBlocks.size(), name.data() + name.size(), block);
  return {block, name};
}

}  // namespace

std::vector<GgufOutputTensor> gguf_tensors(const std::filesystem::path& weights, const BlockType& type,
                                           GgufModel& model) {
  const auto reader = std::make_shared<const SafetensorsReader>(weights);
  std::vector<GgufOutputTensor> tensors;
  if (model.config.rotary.scaling == RotaryScaling::llama3) tensors.push_back(frequency_factors(model.config));
  for (const auto& [peer, entry] : reader->entries()) {
    const auto name = gguf_name(peer, model.architecture->norms_behind);
    if (!name || entry.shape.dims() < 1 || entry.shape.dims() > 2)
      throw CheckpointError(fmt::format("{}: tensor {} of shape {} is part of no {} model; save the model again",
                                        weights.string(), peer, to_string(entry.shape), model.architecture->gguf));
    tensors.push_back(output_tensor(*name, reader, entry, type, model));
  }
  std::ranges::sort(tensors, {}, [](const GgufOutputTensor& tensor) { return output_place(tensor.name); });
  return tensors;
}

}  // namespace convoy

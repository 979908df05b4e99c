#include "core/checkpoint/optimizer_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/bf16.h"
#include "core/base/error.h"
#include "core/checkpoint/safetensors.h"

namespace convoy {

namespace {

// Copies what [begin, end) has in common with one part to its place in the output.
void read_part(const OpenPart& open, const OptimizerPart& part, const std::string& tensor, int64_t begin, int64_t end,
               float* out) {
  const int64_t first = std::max(begin, part.begin), last = std::min(end, part.end);
  const SafetensorsReader& file = open(part.file);
  const SafetensorsReader::Entry& entry = file.entry(tensor);
  const int64_t wanted = part.offset + part.end - part.begin;
  const bool known = entry.dtype == DType::f32 || entry.dtype == DType::bf16;
  if (!known || entry.shape.dims() != 1 || part.offset < 0 || entry.shape[0] < wanted)
    throw CheckpointError(fmt::format("{}: {} is {} {}, wanted are f32 or bf16, {} elements or more", part.file, tensor,
                                      name_of(entry.dtype), to_string(entry.shape), wanted));
  float* to = out + (first - begin);
  if (entry.dtype == DType::f32) return file.read(entry, part.offset + first - part.begin, last - first, to);
  std::vector<bf16> rounded(static_cast<size_t>(last - first));
  file.read(entry, part.offset + first - part.begin, last - first, rounded.data());
  std::ranges::transform(rounded, to, [](bf16 value) { return static_cast<float>(value); });
}

}  // namespace

void read_state(const OpenPart& open, const OptimizerRecord& optimizer, const GroupRecord& group,
                const std::string& state, int64_t begin, int64_t end, float* out) {
  while (begin < end) {
    const OptimizerPart part = optimizer.part_with(group, begin);
    const int64_t last = std::min(end, part.end);
    read_part(open, part, group.tensor(state), begin, last, out);
    out += last - begin;
    begin = last;
  }
}

}  // namespace convoy

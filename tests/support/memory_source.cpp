#include "tests/support/memory_source.h"

#include "core/base/philox.h"

namespace convoy::test {

MemorySource::MemorySource(int64_t T, int64_t vocabulary)
    : T_(T), vocabulary_(vocabulary), fields_{{"tokens", DType::i32, {T}}, {"targets", DType::i32, {T}}} {}

// An arithmetic walk with a random start and stride: the next token follows from the two before it.
void MemorySource::read(Split split, int64_t first, int64_t count, std::span<const Tensor> out) {
  for (int64_t i = 0; i < count; ++i) {
    const auto sample = static_cast<uint32_t>(first + i);
    const PhiloxCounter bits = philox({17, static_cast<uint32_t>(split)}, {sample, 0, 0, 0});
    const auto start = static_cast<int64_t>(bits[0] % 1000), stride = static_cast<int64_t>(1 + bits[1] % 5);
    for (int64_t t = 0; t < T_; ++t) {
      out[0].as<int32_t>()[i * T_ + t] = static_cast<int32_t>((start + stride * t) % vocabulary_);
      out[1].as<int32_t>()[i * T_ + t] = static_cast<int32_t>((start + stride * (t + 1)) % vocabulary_);
    }
  }
}

}  // namespace convoy::test

// Types of GGUF's numbers against ggml's own Python package (tests/reference/gguf_model.py), and halves one by one.
#include "datasets/gguf/block_type.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/half.h"
#include "tests/support/reference_file.h"

namespace convoy {
namespace {

TEST(Half, EveryOneIsReadAsTheProcessorReadsIt) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float found = float_of_half(half), expected = static_cast<float>(std::bit_cast<_Float16>(half));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(found)) << bits;
      continue;
    }
    EXPECT_EQ(std::bit_cast<uint32_t>(found), std::bit_cast<uint32_t>(expected)) << bits;
    EXPECT_EQ(half_of_float(found), half) << "back again";
  }
}

TEST(Half, RoundsToNearestEven) {
  uint32_t word = 1;
  for (int i = 0; i < 200'000; ++i) {
    word = word * 1664525u + 1013904223u;
    const uint32_t near_halves = (word & 0x8fffffffu) + 0x30000000u;  // of the exponents around a half's
    for (const uint32_t bits : {word, near_halves, near_halves & 0xfffff000u}) {
      const float value = std::bit_cast<float>(bits);
      if (std::isnan(value)) continue;
      EXPECT_EQ(half_of_float(value), std::bit_cast<uint16_t>(static_cast<_Float16>(value))) << value;
    }
  }
  EXPECT_TRUE(std::isnan(float_of_half(half_of_float(std::nanf("")))));
}

TEST(BlockTypes, AreWrittenAsGgmlWritesThem) {
  const test::ReferenceFile file(test::reference_path("gguf.h5"));
  const std::vector<float> values = file.floats("values");
  for (const char* name : {"q8_0", "q4_0", "f16", "bf16"}) {
    SCOPED_TRACE(name);
    const BlockType* type = find_block_type(std::string_view(name));
    ASSERT_NE(type, nullptr);
    const auto blocks = static_cast<int64_t>(values.size()) / type->elements;
    std::vector<std::byte> bytes(static_cast<size_t>(blocks) * type->bytes);
    type->write(values.data(), blocks, bytes.data());
    const std::vector<int32_t> expected = file.integers(std::string("values_") + name);
    ASSERT_EQ(bytes.size(), expected.size());
    for (size_t i = 0; i < bytes.size(); ++i)
      EXPECT_EQ(std::to_integer<int32_t>(bytes[i]), expected[i]) << "byte " << i;
    std::vector<float> back(values.size());
    type->read(bytes.data(), blocks, back.data());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(back[i], values[i], 0.2) << i;
  }
}

}  // namespace
}  // namespace convoy

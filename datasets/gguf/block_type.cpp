#include "datasets/gguf/block_type.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "core/base/bf16.h"
#include "core/base/half.h"

namespace convoy {
namespace {

constexpr int kBlock = 32;
constexpr int kSuperBlock = 256;

template <class T>
T value_at(const std::byte* in) {
  T value;
  std::memcpy(&value, in, sizeof value);
  return value;
}
template <class T>
void put(std::byte* out, T value) {
  std::memcpy(out, &value, sizeof value);
}
float half_at(const std::byte* in) { return float_of_half(value_at<uint16_t>(in)); }

void read_f32(const std::byte* in, int64_t n, float* out) { std::memcpy(out, in, static_cast<size_t>(n) * 4); }
void write_f32(const float* in, int64_t n, std::byte* out) { std::memcpy(out, in, static_cast<size_t>(n) * 4); }
void read_f16(const std::byte* in, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = half_at(in + 2 * i);
}
void write_f16(const float* in, int64_t n, std::byte* out) {
  for (int64_t i = 0; i < n; ++i) put(out + 2 * i, half_of_float(in[i]));
}
void read_bf16(const std::byte* in, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = float(value_at<bf16>(in + 2 * i));
}
void write_bf16(const float* in, int64_t n, std::byte* out) {
  for (int64_t i = 0; i < n; ++i) put(out + 2 * i, bf16(in[i]));
}

// A scale, 32 signed bytes.
void read_q8_0(const std::byte* in, int64_t blocks, float* out) {
  for (; blocks > 0; --blocks, in += 34, out += kBlock) {
    const float scale = half_at(in);
    for (int i = 0; i < kBlock; ++i) out[i] = static_cast<float>(value_at<int8_t>(in + 2 + i)) * scale;
  }
}
void write_q8_0(const float* in, int64_t blocks, std::byte* out) {
  for (; blocks > 0; --blocks, in += kBlock, out += 34) {
    float largest = 0;
    for (int i = 0; i < kBlock; ++i) largest = std::max(largest, std::abs(in[i]));
    const float scale = largest / 127, inverse = scale > 0 ? 1 / scale : 0;
    put(out, half_of_float(scale));
    for (int i = 0; i < kBlock; ++i) put(out + 2 + i, static_cast<int8_t>(std::round(in[i] * inverse)));
  }
}

// A scale, then 16 bytes: the low halves are the first 16 numbers, the high ones the others, each 8 too large.
void read_q4_0(const std::byte* in, int64_t blocks, float* out) {
  for (; blocks > 0; --blocks, in += 18, out += kBlock) {
    const float scale = half_at(in);
    for (int i = 0; i < kBlock / 2; ++i) {
      const auto pair = std::to_integer<int>(in[2 + i]);
      out[i] = static_cast<float>((pair & 15) - 8) * scale;
      out[i + kBlock / 2] = static_cast<float>((pair >> 4) - 8) * scale;
    }
  }
}
// The number that is farthest from zero becomes -8: of sixteen values that one alone has no opposite.
void write_q4_0(const float* in, int64_t blocks, std::byte* out) {
  for (; blocks > 0; --blocks, in += kBlock, out += 18) {
    const float farthest =
        *std::max_element(in, in + kBlock, [](float a, float b) { return std::abs(a) < std::abs(b); });
    const float scale = farthest / -8, inverse = scale != 0 ? 1 / scale : 0;
    put(out, half_of_float(scale));
    const auto level = [&](float value) {
      return static_cast<int>(std::clamp(std::trunc(value * inverse + 8.5f), 0.0f, 15.0f));
    };
    for (int i = 0; i < kBlock / 2; ++i)
      out[2 + i] = static_cast<std::byte>(level(in[i]) | level(in[i + kBlock / 2]) << 4);
  }
}

// As Q4_0, but from a least value up.
void read_q4_1(const std::byte* in, int64_t blocks, float* out) {
  for (; blocks > 0; --blocks, in += 20, out += kBlock) {
    const float scale = half_at(in), least = half_at(in + 2);
    for (int i = 0; i < kBlock / 2; ++i) {
      const auto pair = std::to_integer<int>(in[4 + i]);
      out[i] = static_cast<float>(pair & 15) * scale + least;
      out[i + kBlock / 2] = static_cast<float>(pair >> 4) * scale + least;
    }
  }
}

// Scale and least value of group g (of 8) of a Q4_K block, 6 bits each in 12 bytes: of the first four groups they are
// the low bits of bytes of their own; those of the others are in two parts.
struct GroupScale {
  int scale, least;
};
GroupScale group_scale(const std::byte* packed, int g) {
  const auto byte = [&](int i) { return std::to_integer<int>(packed[i]); };
  if (g < 4) return {byte(g) & 63, byte(g + 4) & 63};
  return {(byte(g + 4) & 15) | byte(g - 4) >> 6 << 4, byte(g + 4) >> 4 | byte(g) >> 6 << 4};
}
void read_q4_k(const std::byte* in, int64_t blocks, float* out) {
  for (; blocks > 0; --blocks, in += 144, out += kSuperBlock) {
    const float scale = half_at(in), least = half_at(in + 2);
    for (int g = 0; g < 8; ++g) {
      const GroupScale group = group_scale(in + 4, g);
      const float d = scale * static_cast<float>(group.scale), m = least * static_cast<float>(group.least);
      const std::byte* pairs = in + 16 + g / 2 * kBlock;
      for (int i = 0; i < kBlock; ++i) {
        const int level = std::to_integer<int>(pairs[i]) >> g % 2 * 4 & 15;
        out[g * kBlock + i] = d * static_cast<float>(level) - m;
      }
    }
  }
}

// 128 bytes of low halves, 64 of two high bits each, 16 signed scales, and the scale of those. Of 128 numbers, 32 by
// 32: the low halves of bytes 0 and 32, then the high halves of the same.
void read_q6_k(const std::byte* in, int64_t blocks, float* out) {
  for (; blocks > 0; --blocks, in += 210, out += kSuperBlock) {
    const float scale = half_at(in + 208);
    for (int n = 0; n < kSuperBlock; ++n) {
      const int half = n / 128, quarter = n % 128 / 32, i = n % 32;
      const int low = std::to_integer<int>(in[half * 64 + quarter % 2 * 32 + i]) >> quarter / 2 * 4 & 15;
      const int high = std::to_integer<int>(in[128 + half * 32 + i]) >> quarter * 2 & 3;
      const float group = scale * static_cast<float>(value_at<int8_t>(in + 192 + n / 16));
      out[n] = group * static_cast<float>((low | high << 4) - 32);
    }
  }
}

constexpr std::array kTypes = {
    BlockType{0, "f32", 1, 4, read_f32, write_f32},
    BlockType{1, "f16", 1, 2, read_f16, write_f16},
    BlockType{30, "bf16", 1, 2, read_bf16, write_bf16},
    BlockType{8, "q8_0", kBlock, 34, read_q8_0, write_q8_0},
    BlockType{2, "q4_0", kBlock, 18, read_q4_0, write_q4_0},
    BlockType{3, "q4_1", kBlock, 20, read_q4_1, nullptr},
    BlockType{12, "q4_K", kSuperBlock, 144, read_q4_k, nullptr},
    BlockType{14, "q6_K", kSuperBlock, 210, read_q6_k, nullptr},
    // Known by name, so that messages have it.
    BlockType{6, "q5_0", kBlock, 22, nullptr, nullptr},
    BlockType{7, "q5_1", kBlock, 24, nullptr, nullptr},
    BlockType{10, "q2_K", kSuperBlock, 84, nullptr, nullptr},
    BlockType{11, "q3_K", kSuperBlock, 110, nullptr, nullptr},
    BlockType{13, "q5_K", kSuperBlock, 176, nullptr, nullptr},
};

template <class Is>
const BlockType* find(Is&& is) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), is);
  return found == kTypes.end() ? nullptr : found;
}

}  // namespace

const BlockType* find_block_type(uint32_t number) {
  return find([&](const BlockType& type) { return type.number == number; });
}
const BlockType* find_block_type(std::string_view name) {
  return find([&](const BlockType& type) { return type.name == name; });
}
std::string_view readable_block_types() { return "f32, f16, bf16, q8_0, q4_0, q4_1, q4_K and q6_K"; }

}  // namespace convoy

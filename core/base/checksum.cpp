#include "core/base/checksum.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/files.h"

// Compiled in, so that it uses AVX2: Debian's library is built for the oldest x86-64.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace convoy {

struct Checksum::State {
  XXH3_state_t xxh3;
};

Checksum::Checksum() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->xxh3); }
Checksum::~Checksum() = default;

void Checksum::update(std::span<const std::byte> data) {
  if (!data.empty()) XXH3_128bits_update(&state_->xxh3, data.data(), data.size());
}

std::string Checksum::hex() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->xxh3);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

void BlockSum::add(int64_t begin, std::span<const float> values) {
  auto number = static_cast<uint64_t>(begin / kBlock);
  while (!values.empty()) {
    const auto block = values.first(std::min(values.size(), static_cast<size_t>(kBlock)));
    const XXH128_hash_t hash = XXH3_128bits_withSeed(block.data(), block.size_bytes(), number++);
    low += hash.low64;
    high += hash.high64;
    values = values.subspan(block.size());
  }
}

BlockSum& BlockSum::operator+=(const BlockSum& other) {
  low += other.low;
  high += other.high;
  return *this;
}

std::string BlockSum::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

std::string checksum_of(std::span<const std::byte> data) {
  Checksum checksum;
  checksum.update(data);
  return checksum.hex();
}

std::string checksum_of(std::string_view text) { return checksum_of(std::as_bytes(std::span(text))); }

std::string checksum_of_file(const std::filesystem::path& path) {
  const File file = File::open(path);
  const int64_t bytes = file.bytes();
  std::vector<std::byte> buffer(static_cast<size_t>(std::min<int64_t>(bytes, 4 << 20)));
  Checksum checksum;
  for (int64_t offset = 0; offset < bytes;) {
    const auto piece = std::span(buffer).first(std::min(buffer.size(), static_cast<size_t>(bytes - offset)));
    file.read(offset, piece);
    checksum.update(piece);
    offset += static_cast<int64_t>(piece.size());
  }
  return checksum.hex();
}

}  // namespace convoy

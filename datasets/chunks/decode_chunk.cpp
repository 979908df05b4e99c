#include "datasets/chunks/decode_chunk.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "core/base/error.h"

namespace convoy {
namespace {

constexpr size_t kChecksumBytes = 4;

// How many bytes a chunk has before each filter, and at the end after all; deflate gives any number.
std::vector<size_t> sizes_before(std::span<const ChunkFilter> filters, uint32_t left_out, size_t elements) {
  std::vector<size_t> sizes{elements};
  for (size_t i = 0; i < filters.size(); ++i) {
    const bool adds = filters[i] == ChunkFilter::fletcher32 && (left_out >> i & 1) == 0;
    sizes.push_back(sizes.back() + (adds ? kChecksumBytes : 0));
  }
  return sizes;
}

void inflate_all(std::span<const std::byte> stored, std::span<std::byte> out) {
  auto bytes = static_cast<uLongf>(out.size());
  const int status = uncompress(reinterpret_cast<Bytef*>(out.data()), &bytes,
                                reinterpret_cast<const Bytef*>(stored.data()), static_cast<uLong>(stored.size()));
  if (status != Z_OK || bytes != out.size()) throw DataError("its compressed bytes are damaged");
}

// First bytes of all elements, then second bytes of all, ...; what is left of no whole element follows.
void unshuffle(std::span<const std::byte> stored, size_t element_bytes, std::span<std::byte> out) {
  const size_t elements = stored.size() / element_bytes;
  for (size_t k = 0; k < element_bytes; ++k)
    for (size_t i = 0; i < elements; ++i) out[i * element_bytes + k] = stored[k * elements + i];
  std::copy(stored.begin() + static_cast<std::ptrdiff_t>(elements * element_bytes), stored.end(),
            out.begin() + static_cast<std::ptrdiff_t>(elements * element_bytes));
}

void check_fletcher32(std::span<const std::byte> bytes, std::span<const std::byte> stored) {
  uint32_t wanted = 0;
  for (size_t i = 0; i < kChecksumBytes; ++i) wanted |= std::to_integer<uint32_t>(stored[i]) << 8 * i;
  if (const uint32_t found = fletcher32(bytes); found != wanted)
    throw DataError(fmt::format("its checksum is {:08x}, stored is {:08x}: the file is damaged", found, wanted));
}

// A remainder by 65535 that is 0 only of 0.
uint64_t folded(uint64_t sum) { return sum == 0 ? 0 : (sum - 1) % 0xffff + 1; }

}  // namespace

uint32_t fletcher32(std::span<const std::byte> bytes) {
  constexpr size_t kWords = 1 << 15;  // whose sums fit
  uint64_t first = 0, second = 0;
  for (size_t begin = 0; begin < bytes.size(); begin += 2 * kWords) {
    const size_t end = std::min(bytes.size(), begin + 2 * kWords);
    for (size_t i = begin; i < end; i += 2) {
      first += std::to_integer<uint64_t>(bytes[i]) << 8 | (i + 1 < end ? std::to_integer<uint64_t>(bytes[i + 1]) : 0);
      second += first;
    }
    first = folded(first);
    second = folded(second);
  }
  return static_cast<uint32_t>(second << 16 | first);
}

void decode_chunk(std::span<const std::byte> stored, std::span<const ChunkFilter> filters, uint32_t left_out,
                  int64_t element_bytes, std::span<std::byte> out, std::vector<std::byte>& scratch) {
  const std::vector<size_t> sizes = sizes_before(filters, left_out, out.size());
  std::vector<std::byte> other;
  std::span<const std::byte> now = stored;
  for (size_t i = filters.size(); i-- > 0;) {
    if ((left_out >> i & 1) != 0) continue;
    if (filters[i] == ChunkFilter::fletcher32) {
      if (now.size() < kChecksumBytes) throw DataError("it is shorter than its checksum");
      check_fletcher32(now.first(now.size() - kChecksumBytes), now.last(kChecksumBytes));
      now = now.first(now.size() - kChecksumBytes);
      continue;
    }
    const size_t bytes = filters[i] == ChunkFilter::deflate ? sizes[i] : now.size();
    const bool in_scratch = !scratch.empty() && now.data() == scratch.data();
    std::vector<std::byte>& next = in_scratch ? other : scratch;
    const bool is_last = i == 0 && bytes == out.size();
    if (!is_last) next.resize(std::max(next.size(), bytes));
    const std::span<std::byte> to = is_last ? out : std::span(next).first(bytes);
    if (filters[i] == ChunkFilter::deflate)
      inflate_all(now, to);
    else
      unshuffle(now, static_cast<size_t>(element_bytes), to);
    now = to;
  }
  if (now.size() != out.size()) throw DataError(fmt::format("it has {} bytes, wanted {}", now.size(), out.size()));
  if (now.data() != out.data()) std::copy(now.begin(), now.end(), out.begin());
}

}  // namespace convoy

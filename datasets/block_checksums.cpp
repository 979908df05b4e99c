#include "datasets/block_checksums.h"

#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <new>

#include "core/base/files.h"
#include "core/base/integers.h"

namespace convoy {
namespace {

constexpr int64_t kHashedBytes = 1 << 20;

struct FreeXxhash {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

uint64_t xxh3_64(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

uint64_t xxh3_64(std::string_view text) { return xxh3_64(std::as_bytes(std::span(text))); }

uint64_t xxh3_64_of_file(const std::filesystem::path& path, const std::function<void(int64_t)>& advance) {
  const std::unique_ptr<XXH3_state_t, FreeXxhash> state(XXH3_createState());
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  const File file = File::open(path);
  const int64_t bytes = file.bytes();
  std::vector<std::byte> piece(static_cast<size_t>(std::min(bytes, kHashedBytes)));
  for (int64_t done = 0; done < bytes;) {
    const auto part = std::span(piece).first(static_cast<size_t>(std::min(kHashedBytes, bytes - done)));
    file.read(done, part);
    XXH3_64bits_update(state.get(), part.data(), part.size());
    done += static_cast<int64_t>(part.size());
    if (advance) advance(static_cast<int64_t>(part.size()));
  }
  return XXH3_64bits_digest(state.get());
}

std::span<const std::byte> block(std::span<const std::byte> bytes, int64_t block_bytes, int64_t i) {
  const auto begin = static_cast<size_t>(i * block_bytes);
  return bytes.subspan(begin, std::min(static_cast<size_t>(block_bytes), bytes.size() - begin));
}

std::vector<uint64_t> block_checksums(std::span<const std::byte> bytes, int64_t block_bytes) {
  const int64_t num_blocks = ceil_div(static_cast<int64_t>(bytes.size()), block_bytes);
  std::vector<uint64_t> checksums;
  checksums.reserve(static_cast<size_t>(num_blocks));
  for (int64_t i = 0; i < num_blocks; ++i) checksums.push_back(xxh3_64(block(bytes, block_bytes, i)));
  return checksums;
}

struct BlockHasher::State {
  std::unique_ptr<XXH3_state_t, FreeXxhash> hash{XXH3_createState()};
};

BlockHasher::BlockHasher(int64_t block_bytes) : block_bytes_(block_bytes), state_(std::make_unique<State>()) {
  if (state_->hash == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state_->hash.get());
}
BlockHasher::~BlockHasher() = default;
BlockHasher::BlockHasher(BlockHasher&&) noexcept = default;

void BlockHasher::add(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), static_cast<size_t>(block_bytes_ - in_block_));
    if (in_block_ == 0 && taken == static_cast<size_t>(block_bytes_)) {
      checksums_.push_back(xxh3_64(bytes.first(taken)));
    } else {
      XXH3_64bits_update(state_->hash.get(), bytes.data(), taken);
      in_block_ += static_cast<int64_t>(taken);
      if (in_block_ == block_bytes_) finish();
    }
    bytes = bytes.subspan(taken);
  }
}

std::vector<uint64_t> BlockHasher::finish() {
  if (in_block_ > 0) {
    checksums_.push_back(XXH3_64bits_digest(state_->hash.get()));
    XXH3_64bits_reset(state_->hash.get());
    in_block_ = 0;
  }
  return checksums_;
}

}  // namespace convoy

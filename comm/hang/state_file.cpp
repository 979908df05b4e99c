#include "comm/hang/state_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>

#include "core/base/files.h"

namespace convoy::hang {
namespace {

constexpr int kReadAttempts = 20;

std::string_view bytes_of(const StateBlock& block) { return {reinterpret_cast<const char*>(&block), sizeof block}; }

// Reads the state and says which sequence stood before it.
uint64_t read_block(const File& file, RankState& state) {
  uint64_t sequence = 0;
  file.read(0, std::as_writable_bytes(std::span(&sequence, 1)));
  file.read(offsetof(StateBlock, state), std::as_writable_bytes(std::span(&state, 1)));
  return sequence;
}

bool unchanged_since(const File& file, uint64_t sequence) {
  uint64_t now = 0;
  file.read(0, std::as_writable_bytes(std::span(&now, 1)));
  return now == sequence && sequence % 2 == 0;
}

}  // namespace

// The whole block is written and lies on the disk before it is mapped: a store into a mapped hole of a full disk would
// end the process.
StateFile::StateFile(const std::filesystem::path& path, const RankState& state) {
  const auto first = std::make_unique<StateBlock>();
  first->state = state;
  write_file_atomically(path, bytes_of(*first));
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) throw FileError("open", path, errno);
  void* memory = ::mmap(nullptr, sizeof(StateBlock), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  const int error_number = errno;
  ::close(descriptor);
  if (memory == MAP_FAILED) throw FileError("map", path, error_number);
  block_ = std::launder(static_cast<StateBlock*>(memory));
}

StateFile::~StateFile() { ::munmap(block_, sizeof(StateBlock)); }

void StateFile::flush() const noexcept { ::msync(block_, sizeof(StateBlock), MS_SYNC); }

std::optional<RankState> read_state(const std::filesystem::path& path) try {
  // Opened anew each time: network file systems look for changes by others when a file is opened.
  const File file = File::open(path);
  RankState state;
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    if (unchanged_since(file, read_block(file, state))) break;
    ::usleep(50);
  }
  if (state.format != RankState::kFormat) return std::nullopt;
  return state;
} catch (const FileError&) {
  return std::nullopt;
}

}  // namespace convoy::hang

#include "comm/hang/node_summary.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "core/base/checksum.h"
#include "core/base/files.h"

namespace convoy::hang {
namespace {

struct Head {
  uint64_t format = RankState::kFormat, number = 0;
  double idle_s = 0;
  uint64_t ranks = 0, bytes = 0;  // bytes: behind this
  FixedText<40> checksum;         // of those
};

struct Entry {
  Life life = Life::unknown;
  uint32_t bytes = 0;  // of the state; 0: none
};

template <class Record>
std::string_view bytes_of(const Record& record) {
  return {reinterpret_cast<const char*>(&record), sizeof record};
}

// A state without the lanes at its end that were never used.
std::string_view used_bytes(const RankState& state) {
  size_t used = state.lanes.size();
  while (used > 0 && state.lanes[used - 1].name.view().empty()) --used;
  return bytes_of(state).substr(0, offsetof(RankState, lanes) + used * sizeof(LaneState));
}

// False if there are not so many bytes left.
template <class Record>
bool take(std::string_view& from, Record& to, size_t bytes = sizeof(Record)) {
  if (from.size() < bytes || bytes > sizeof to) return false;
  std::memcpy(&to, from.data(), bytes);
  from.remove_prefix(bytes);
  return true;
}

}  // namespace

std::string pack(const NodeSummary& summary) {
  std::string body;
  for (const Sight& sight : summary.ranks) {
    const std::string_view state = sight.state ? used_bytes(*sight.state) : std::string_view();
    const Entry entry{sight.life, static_cast<uint32_t>(state.size())};
    body.append(bytes_of(entry)).append(state);
  }
  const Head head{.number = summary.number,
                  .idle_s = summary.idle_s,
                  .ranks = summary.ranks.size(),
                  .bytes = body.size(),
                  .checksum = std::string_view(checksum_of(std::string_view(body)))};
  return std::string(bytes_of(head)) + body;
}

std::optional<NodeSummary> unpack(std::string_view bytes) {
  Head head;
  if (!take(bytes, head) || head.format != RankState::kFormat || bytes.size() < head.bytes) return std::nullopt;
  bytes = bytes.substr(0, head.bytes);
  if (checksum_of(bytes) != head.checksum.view()) return std::nullopt;
  NodeSummary summary{.number = head.number, .idle_s = head.idle_s, .ranks = {}};
  for (uint64_t r = 0; r < head.ranks; ++r) {
    Entry entry;
    if (!take(bytes, entry)) return std::nullopt;
    Sight& sight = summary.ranks.emplace_back(Sight{{}, entry.life});
    if (entry.bytes > 0 && !take(bytes, sight.state.emplace(), entry.bytes)) return std::nullopt;
  }
  return summary;
}

SummaryFile::SummaryFile(std::filesystem::path path, int flags)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), flags | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw FileError((flags & O_CREAT) != 0 ? "create" : "open", path_, errno);
}

SummaryFile::SummaryFile(SummaryFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

SummaryFile::~SummaryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SummaryFile SummaryFile::create(const std::filesystem::path& path, const NodeSummary& summary) {
  SummaryFile file(path, O_WRONLY | O_CREAT | O_TRUNC);
  file.write(summary);
  return file;
}

SummaryFile SummaryFile::open(const std::filesystem::path& path) { return {path, O_WRONLY}; }

void SummaryFile::write(const NodeSummary& summary) {
  const std::string bytes = pack(summary);
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw FileError("write", path_, errno);
    at += static_cast<size_t>(written);
  }
  if (::fdatasync(descriptor_) != 0) throw FileError("fsync", path_, errno);
}

}  // namespace convoy::hang

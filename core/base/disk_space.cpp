#include "core/base/disk_space.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace convoy {
namespace {

// What is written takes at least its own size there.
bool stores_plainly(int64_t kind) {
  constexpr int64_t kXfs = 0x58465342;  // the others are in linux/magic.h
  return kind == EXT4_SUPER_MAGIC || kind == TMPFS_MAGIC || kind == kXfs;
}

}  // namespace

std::optional<int64_t> free_bytes(const std::filesystem::path& folder) {
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) != 0 || !stores_plainly(status.f_type) || status.f_blocks == 0)
    return std::nullopt;
  const uint64_t blocks = ::geteuid() == 0 ? status.f_bfree : status.f_bavail;
  return static_cast<int64_t>(blocks) * static_cast<int64_t>(status.f_bsize);
}

}  // namespace convoy

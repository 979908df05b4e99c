// A small file system of its own, to be filled up or made read-only.
#pragma once

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "tests/core/temporary_folder.h"

namespace convoy {

// ok() is false where this user may not mount one.
class SmallTokenDisk {
 public:
  explicit SmallTokenDisk(const std::string& options)
      : mounted_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options.c_str()) == 0), error_(errno) {}
  ~SmallTokenDisk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallTokenDisk(const SmallTokenDisk&) = delete;
  SmallTokenDisk& operator=(const SmallTokenDisk&) = delete;

  bool ok() const { return mounted_; }
  std::string reason() const { return std::string("cannot mount a tmpfs: ") + std::strerror(error_); }
  bool make_read_only() const {
    return ::mount("tmpfs", folder_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  bool mounted_;
  int error_;
};

}  // namespace convoy

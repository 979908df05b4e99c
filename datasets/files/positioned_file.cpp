#include "datasets/files/positioned_file.h"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/base/files.h"

namespace convoy {
namespace {

constexpr int64_t kSyncedTogether = 4 << 20;

}  // namespace

PositionedFile::PositionedFile(std::filesystem::path name) : name_(std::move(name)), temporary_(name_) {
  temporary_ += ".tmp";
}

PositionedFile::~PositionedFile() {
  if (committed_) return;
  descriptor_.close();
  std::error_code ignored;  // the error that brought us here is already on its way
  std::filesystem::remove(temporary_, ignored);
}

void PositionedFile::open() {
  if (descriptor_) return;
  descriptor_ = Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CLOEXEC));
  if (!descriptor_) throw FileError("open", temporary_, errno);
}

void PositionedFile::write(std::span<const std::byte> bytes, int64_t offset) {
  open();
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw FileError("write", temporary_, errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
    unsynced_bytes_ += written;
  }
  if (unsynced_bytes_ < kSyncedTogether) return;
  // A hint: what fails here fails in commit().
  (void)::sync_file_range(descriptor_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  unsynced_bytes_ = 0;
}

void PositionedFile::commit() {
  open();
  if (::fsync(descriptor_.get()) != 0) throw FileError("fsync", temporary_, errno);
  if (descriptor_.close() != 0) throw FileError("close", temporary_, errno);
  rename_path(temporary_, name_);
  committed_ = true;
  sync_folder(name_.has_parent_path() ? name_.parent_path() : ".");
}

}  // namespace convoy

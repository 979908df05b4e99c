#include "core/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "core/base/file_observer.h"
#include "core/base/logging.h"

namespace convoy {
namespace {

std::string_view remedy(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "the disk or quota is full: free space or choose another folder";
    case EFBIG:
      return "the file would be larger than this process may write: raise `ulimit -f`";
    case EROFS:
      return "the file system is read-only: choose another folder or remount it";
    case EACCES:
    case EPERM:
      return "this user may not: change the permissions or choose another folder";
    case ENOENT:
      return "check the spelling of the path, and that nobody removed it meanwhile";
    case EEXIST:
      return "remove it or choose another name";
    case ENOTDIR:
    case EISDIR:
      return "a file stands where a folder is wanted, or the other way round: check the path";
    case ENAMETOOLONG:
      return "the name is longer than the file system allows: choose a shorter one";
    case ELOOP:
      return "the links lead in a circle: mend them or choose another path";
    case EMFILE:
    case ENFILE:
      return "too many files are open: raise `ulimit -n`";
    case ENODATA:
      return "the file ends earlier, it was truncated: copy it again";
    case EBUSY:
      return "it is in use, as the place of a mounted file system perhaps: choose another";
    case ESPIPE:
      return "a regular file is wanted, no pipe, socket or device: save it as one first";
    case EIO:
      return "the device failed: look into the system's log (dmesg)";
    default:
      return "see the system's log for the cause";
  }
}

void observe(FileOperation what, const std::filesystem::path& path, size_t bytes = 0) {
  if (FileObserver* observer = file_observer()) observer->before(what, path, bytes);
}

int open_retrying(const std::filesystem::path& path, int flags) {
  observe(FileOperation::open, path);
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

std::string_view action_of(int flags) {
  if ((flags & O_CREAT) == 0) return (flags & O_ACCMODE) == O_RDONLY ? "open" : "open for writing";
  return (flags & O_EXCL) != 0 ? "create" : "open for writing";
}

void require_regular(const std::filesystem::path& path, mode_t mode) {
  if (!S_ISREG(mode)) throw FileError("read", path, S_ISDIR(mode) ? EISDIR : ESPIPE);
}

// Follows links; one that leads nowhere is not there.
std::filesystem::file_type type_of(const std::filesystem::path& path) {
  observe(FileOperation::stat, path);
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::none) throw FileError("look at", path, error.value());
  return type;
}

}  // namespace

FileError::FileError(std::string_view action, const std::filesystem::path& path, int error_number)
    : Error(ExitCode::internal, fmt::format("cannot {} {}: {}; {}", action, path.string(), std::strerror(error_number),
                                            remedy(error_number))),
      error_number_(error_number) {}

File::File(std::filesystem::path path, int flags) : path_(std::move(path)), descriptor_(open_retrying(path_, flags)) {
  if (descriptor_ < 0) throw FileError(action_of(flags), path_, errno);
}

File File::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a pipe that lies where a file should be would wait for ever.
  File file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (::fstat(file.descriptor_, &status) != 0) throw FileError("read", path, errno);
  require_regular(path, status.st_mode);
  return file;
}

File File::create(const std::filesystem::path& path) { return {path, O_WRONLY | O_CREAT | O_EXCL}; }

File File::change(const std::filesystem::path& path) { return {path, O_WRONLY}; }

File File::append(const std::filesystem::path& path) { return {path, O_WRONLY | O_CREAT | O_APPEND}; }

File::~File() {
  if (descriptor_ >= 0 && ::close(descriptor_) != 0)
    logging::warn("cannot close {}: {}", path_.string(), std::strerror(errno));
}

int64_t File::bytes() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) throw FileError("read the size of", path_, errno);
  return status.st_size;
}

void File::write(std::span<const std::byte> data) {
  observe(FileOperation::write, path_, data.size());
  while (!data.empty()) {
    const ssize_t written = ::write(descriptor_, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw FileError("write", path_, errno);
    data = data.subspan(static_cast<size_t>(written));
  }
}

void File::write_at(int64_t offset, std::span<const std::byte> data) {
  observe(FileOperation::write, path_, data.size());
  while (!data.empty()) {
    const ssize_t written = ::pwrite(descriptor_, data.data(), data.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw FileError("write", path_, errno);
    offset += written;
    data = data.subspan(static_cast<size_t>(written));
  }
}

void File::read(int64_t offset, std::span<std::byte> out) const {
  observe(FileOperation::read, path_, out.size());
  while (!out.empty()) {
    const ssize_t got = ::pread(descriptor_, out.data(), out.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw FileError("read", path_, errno);
    if (got == 0) throw FileError(fmt::format("read {} bytes from byte {} on of", out.size(), offset), path_, ENODATA);
    offset += got;
    out = out.subspan(static_cast<size_t>(got));
  }
}

void File::truncate(int64_t bytes) {
  if (::ftruncate(descriptor_, bytes) != 0) throw FileError("truncate", path_, errno);
}

void File::sync() {
  observe(FileOperation::sync, path_);
  if (::fsync(descriptor_) != 0) throw FileError("fsync", path_, errno);
}

void File::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) throw FileError("close", path_, errno);
}

bool is_there(const std::filesystem::path& path) { return type_of(path) != std::filesystem::file_type::not_found; }

bool is_folder(const std::filesystem::path& path) { return type_of(path) == std::filesystem::file_type::directory; }

int64_t bytes_of_file(const std::filesystem::path& path) {
  observe(FileOperation::stat, path);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw FileError("open", path, errno);
  require_regular(path, status.st_mode);
  return status.st_size;
}

std::vector<std::filesystem::path> entries_of_folder(const std::filesystem::path& folder) {
  observe(FileOperation::list, folder);
  std::error_code error;
  std::filesystem::directory_iterator iterator(folder, error);
  if (error == std::errc::no_such_file_or_directory) return {};
  std::vector<std::filesystem::path> paths;
  const std::filesystem::directory_iterator end;
  while (!error && iterator != end) {
    paths.push_back(iterator->path());
    iterator.increment(error);
  }
  if (error) throw FileError("list", folder, error.value());
  return paths;
}

std::string read_file(const std::filesystem::path& path) {
  const File file = File::open(path);
  std::string content(static_cast<size_t>(file.bytes()), '\0');
  file.read(0, std::as_writable_bytes(std::span(content)));
  return content;
}

// In the place of what an earlier process of the same number may have left.
static File create_anew(const std::filesystem::path& path) try {
  return File::create(path);
} catch (const FileError& error) {
  if (error.error_number() != EEXIST) throw;
  observe(FileOperation::remove, path);
  ::unlink(path.c_str());
  return File::create(path);
}

// Leaves its content on the disk, then does the rest; if anything fails, no file.
template <class Rest>
static void write_anew(const std::filesystem::path& path, std::string_view content, const Rest& rest) {
  try {
    File file = create_anew(path);
    file.write(content);
    file.sync();
    file.close();
    rest();
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  write_anew(temporary, content, [&] { rename_path(temporary, path); });
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

void try_writing(const std::filesystem::path& path, std::string_view content) {
  write_anew(path, content, [] {});
  observe(FileOperation::remove, path);
  ::unlink(path.c_str());
}

void make_folder(const std::filesystem::path& folder) {
  observe(FileOperation::make_folder, folder);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError("make folder", folder, error.value());
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = open_retrying(folder, O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) throw FileError("open folder", folder, errno);
  observe(FileOperation::sync, folder);
  const int error_number = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  // Some network file systems cannot fsync a folder and keep names durable by themselves.
  if (error_number != 0 && error_number != EINVAL) throw FileError("fsync folder", folder, error_number);
}

void rename_path(const std::filesystem::path& from, const std::filesystem::path& to) {
  observe(FileOperation::rename, from);
  if (std::rename(from.c_str(), to.c_str()) != 0)
    throw FileError(fmt::format("rename {} to", from.string()), to, errno);
}

void remove_path(const std::filesystem::path& path) {
  observe(FileOperation::remove, path);
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw FileError("remove", path, error.value());
}

}  // namespace convoy

// A library to preload that makes a rank's file system slow: before each fsync, open for reading or read of a regular
// file whose path contains SLOW_FILES_IN it sleeps as many seconds as SLOW_FSYNC, SLOW_OPEN or SLOW_READ say, in the
// rank that SLOW_RANK names; without it in all. SLOW_LOG names a file to which it then appends a line.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

double seconds_of(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atof(text);
}

bool is_slow_here() {
  const char* wanted = std::getenv("SLOW_RANK");
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  return wanted == nullptr || (rank != nullptr && std::strcmp(wanted, rank) == 0);
}

void wait_for(const char* name, const char* path) {
  const char* part = std::getenv("SLOW_FILES_IN");
  const double seconds = seconds_of(name);
  if (seconds <= 0 || part == nullptr || std::strstr(path, part) == nullptr || !is_slow_here()) return;
  if (const char* log = std::getenv("SLOW_LOG"); log != nullptr) {
    const int file = ::openat(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file >= 0) {
      ::dprintf(file, "%s %s\n", name, path);
      ::close(file);
    }
  }
  ::usleep(static_cast<useconds_t>(seconds * 1e6));
}

void wait_for(const char* name, int descriptor) {
  if (seconds_of(name) <= 0) return;
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = '\0';
  wait_for(name, path);
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int open_as(const char* name, const char* path, int flags, mode_t mode) {
  if ((flags & O_ACCMODE) == O_RDONLY) {
    char whole[4096], folder[2048];
    const bool is_relative = path[0] != '/' && ::getcwd(folder, sizeof folder) != nullptr;
    std::snprintf(whole, sizeof whole, "%s/%s", is_relative ? folder : "", path);
    wait_for("SLOW_OPEN", whole);
  }
  return real<int (*)(const char*, int, ...)>(name)(path, flags, mode);
}

mode_t mode_of(int flags, va_list& arguments) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : mode_t{0};
}

}  // namespace

extern "C" {

int fsync(int descriptor) {
  wait_for("SLOW_FSYNC", descriptor);
  return real<int (*)(int)>("fsync")(descriptor);
}

ssize_t pread(int descriptor, void* out, size_t bytes, off_t offset) {
  wait_for("SLOW_READ", descriptor);
  return real<ssize_t (*)(int, void*, size_t, off_t)>("pread")(descriptor, out, bytes, offset);
}

ssize_t pread64(int descriptor, void* out, size_t bytes, off64_t offset) {
  wait_for("SLOW_READ", descriptor);
  return real<ssize_t (*)(int, void*, size_t, off64_t)>("pread64")(descriptor, out, bytes, offset);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_as("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_as("open64", path, flags, mode);
}
}

#include "tests/fuzz/fuzz_target.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "core/base/error.h"
#include "core/base/files.h"

namespace convoy {

void refused_in_words(const std::function<void()>& work) {
  try {
    work();
  } catch (const DataError&) {
  } catch (const CheckpointError&) {
  } catch (const FileError&) {
  }
}

FuzzFile::FuzzFile(const uint8_t* data, size_t bytes) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
  if (descriptor_ < 0 || (bytes > 0 && ::write(descriptor_, data, bytes) != static_cast<ssize_t>(bytes))) std::abort();
}
FuzzFile::~FuzzFile() { ::close(descriptor_); }

std::string FuzzFile::path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

}  // namespace convoy

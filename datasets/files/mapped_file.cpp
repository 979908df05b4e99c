#include "datasets/files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/files.h"
#include "datasets/files/descriptor.h"

namespace convoy {

MappedFile::MappedFile(const std::filesystem::path& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) throw FileError("open", file, errno);
  struct stat status = {};
  if (::fstat(descriptor.get(), &status) != 0) throw FileError("read the size of", file, errno);
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return;
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (memory == MAP_FAILED) throw FileError("map into memory", file, errno);
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace convoy

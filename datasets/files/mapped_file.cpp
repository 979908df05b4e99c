#include "datasets/files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/files.h"
#include "datasets/block_checksums.h"
#include "datasets/files/descriptor.h"

namespace convoy {

MappedFile::MappedFile(const std::filesystem::path& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) throw FileError("open", file, errno);
  struct stat status = {};
  if (::fstat(descriptor.get(), &status) != 0) throw FileError("read the size of", file, errno);
  const auto size = static_cast<size_t>(status.st_size);
  const uint64_t facts[] = {status.st_dev, status.st_ino, size, static_cast<uint64_t>(status.st_mtim.tv_sec),
                            static_cast<uint64_t>(status.st_mtim.tv_nsec)};
  identity_ = xxh3_64(std::as_bytes(std::span(facts))) | 1;
  if (size == 0) return;
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (memory == MAP_FAILED) throw FileError("map into memory", file, errno);
  bytes_ = {static_cast<const std::byte*>(memory), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace convoy

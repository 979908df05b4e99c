#include "core/comm/machine_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <random>
#include <string>

#include "core/base/files.h"

namespace convoy {
namespace {

// Null if the memory cannot be had. What is made has its pages at once: a store into memory that a full /dev/shm has no
// page for would end the process.
std::byte* map_named(const char* name, size_t bytes, bool makes) {
  const int file = shm_open(name, O_RDWR | (makes ? O_CREAT | O_EXCL : 0), 0600);
  if (file < 0) return nullptr;
  const bool has_room = !makes || posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0;
  void* memory = has_room ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

}  // namespace

MachineMemory::MachineMemory(Communicator& machine, size_t bytes) : bytes_(std::max<size_t>(bytes, 1)) {
  if (machine.size() == 1) {
    take_own();
    return;
  }
  std::array<char, 64> name{};
  const bool makes = machine.rank() == 0;
  if (makes) {
    const std::string unique = fmt::format("/convoy-{}-{:08x}", getpid(), std::random_device{}());
    std::copy(unique.begin(), unique.end(), name.begin());
    data_ = map_named(name.data(), bytes_, true);
  }
  machine.broadcast_host(name.data(), name.size(), 0);
  if (!makes) data_ = map_named(name.data(), bytes_, false);
  machine.barrier_host();
  if (makes) shm_unlink(name.data());
  is_shared_ = data_ != nullptr;
  if (!is_shared_) take_own();
}

MachineMemory::MachineMemory(size_t bytes) : bytes_(std::max<size_t>(bytes, 1)) { take_own(); }

MachineMemory::~MachineMemory() { munmap(data_, bytes_); }

void MachineMemory::take_own() {
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(memory);
}

}  // namespace convoy

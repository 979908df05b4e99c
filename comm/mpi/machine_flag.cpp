#include "comm/mpi/machine_flag.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "comm/mpi/mpi_check.h"

namespace convoy::mpi {
namespace {

using Flag = std::atomic<bool>;
static_assert(Flag::is_always_lock_free);

// Null if the memory cannot be had. A fresh object is all zeros: a flag that is down.
Flag* map_flag(const char* name, int open_flags) {
  const int file = shm_open(name, open_flags | O_RDWR, 0600);
  if (file < 0) return nullptr;
  const bool sized = (open_flags & O_CREAT) == 0 || ftruncate(file, sizeof(Flag)) == 0;
  void* memory = sized ? mmap(nullptr, sizeof(Flag), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<Flag*>(memory);
}

}  // namespace

MachineFlag::MachineFlag(const MpiGroup& machine) {
  std::array<char, 64> name{};
  const bool is_maker = machine.rank() == 0;
  if (is_maker) {
    const std::string unique = fmt::format("/convoy-{}-{:08x}", getpid(), std::random_device{}());
    std::copy(unique.begin(), unique.end(), name.begin());
    shared_ = map_flag(name.data(), O_CREAT | O_EXCL);
  }
  MPI_CHECK(MPI_Bcast(name.data(), static_cast<int>(name.size()), MPI_CHAR, 0, machine.comm()));
  if (!is_maker) shared_ = map_flag(name.data(), 0);
  MPI_CHECK(MPI_Barrier(machine.comm()));
  if (is_maker && shared_ != nullptr) shm_unlink(name.data());
}

MachineFlag::~MachineFlag() {
  if (shared_ != nullptr) munmap(shared_, sizeof(Flag));
}

}  // namespace convoy::mpi

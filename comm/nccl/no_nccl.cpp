// A build without NCCL: one process may use one GPU.
#include <fmt/format.h>

#include "comm/nccl/nccl_communicator.h"

namespace convoy::nccl {

std::unique_ptr<Communicator> make_nccl_communicator(Communicator& host, const NcclOptions&) {
  throw ConfigError(fmt::format(
      "{} ranks want to use CUDA devices together, but this build has no NCCL to move data between them; start one "
      "process, or install NCCL (nccl.h and libnccl.so, Debian package libnccl-dev), configure and build again",
      host.size()));
}

std::string nccl_library_version() { return {}; }

}  // namespace convoy::nccl

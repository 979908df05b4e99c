// Finds ranks that wait for each other in a circle, such as two that both send before they receive. NCCL would hang.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/virtual_gpu/nccl/segment.h"

namespace convoy::virtual_nccl {
class WaitCycle {
 public:
  // To be asked now and then while `rank` waits. Returns a description once the circle is certain: all of its ranks
  // have tried again since it was first seen, and none got on. Until then an empty string.
  std::string check(Segment& segment, int rank);

 private:
  std::vector<int> members_;
  std::vector<uint64_t> changes_, passes_;
};
}  // namespace convoy::virtual_nccl

// A fault on demand: VGPU_NCCL_FAULT="rank=1,collective=3,kind=hang|error|exit".
#pragma once
#include <cstdint>
#include <optional>

namespace convoy::virtual_nccl {
enum class FaultKind { hang, error, exit };

// What happens to `rank` instead of its collective `number` (counted per communicator, from 1), if anything: it stays
// in it for ever, fails, or its process ends at once with status 1. The first communicator that gets there has the
// fault.
std::optional<FaultKind> take_fault(int rank, uint64_t number);

// Ends the process with status 2 if the setting cannot be understood, so that no test passes for want of its fault.
void check_fault_setting();
}  // namespace convoy::virtual_nccl

// The CPU as a device: the default where no GPU is.
//
// Both kinds of memory are ordinary memory, 64-byte aligned; blocks from 4 MiB on are aligned to huge pages and ask for
// them. A block larger than what the machine has free is refused, although Linux would promise it.
//
// peak_flops() multiplies for less than 50 ms when first asked for a dtype, with the threads of the caller.
#pragma once

#include <memory>

#include "core/device/device.h"
#include "core/ops/ops.h"

namespace convoy::cpu {

// threads: of this process's operators; 0: all that the process may run on. The number holds for the
// calling thread, which is to be the one that hands work to compute streams.
std::unique_ptr<Device> make_cpu_device(int threads);

// The operators of any CPU device, to plan with: their scratch does not depend on threads.
std::unique_ptr<Ops> make_planning_ops();

}  // namespace convoy::cpu

// The CPU as a device: the default where no GPU is.
//
// Both kinds of memory are ordinary memory, 64-byte aligned; blocks from 4 MiB on are aligned to huge pages and ask for
// them. A block larger than what the machine has free is refused, although Linux would promise it.
//
// peak_flops() multiplies for less than 50 ms when first asked for a dtype, with the threads of the caller.
#pragma once

#include <memory>

#include "core/device/device.h"

namespace convoy::cpu {

// threads: of this process's operators; 0: all that the process may run on. The number holds for the
// calling thread, which is to be the one that hands work to compute streams.
std::unique_ptr<Device> make_cpu_device(int threads);

}  // namespace convoy::cpu

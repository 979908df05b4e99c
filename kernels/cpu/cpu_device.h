// The CPU as a device: the default where no GPU is.
#pragma once

#include <memory>

#include "core/device/device.h"

namespace convoy::cpu {

// threads: OpenMP threads of this process's operators; 0: all that the process may run on.
std::unique_ptr<Device> make_cpu_device(int threads);

}  // namespace convoy::cpu

// Running a launch: its blocks one after another, or on VGPU_THREADS threads.
#pragma once
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
// Runs the whole grid and returns a cudaError_t. The first fault ends it, after a report on stderr.
int launch_kernel(Program& program, const LaunchConfig& launch);
}  // namespace convoy::vgpu

// Kernel launches: what a launch may ask for is checked here, at once; the kernel runs when the stream gets to it.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/interpreter/launch.h"
#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/device_memory.h"
#include "tests/virtual_gpu/runtime/images.h"
#include "tests/virtual_gpu/runtime/settings.h"
#include "tests/virtual_gpu/runtime/streams.h"

using namespace convoy::vgpu;

namespace {
bool is_valid_shape(dim3 grid, dim3 block) {
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  return grid.x && grid.y && grid.z && threads && threads <= 1024 && block.z <= 64 && grid.x <= 0x7fffffffu &&
         grid.y <= 65535 && grid.z <= 65535;
}

cudaError_t check_limits(const Kernel& kernel, dim3 block, size_t dynamic_shared_bytes) {
  const Program& program = *kernel.program;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  if (program.entry->max_threads && threads > program.entry->max_threads) {
    complain("launch of " + program.pretty + " with " + std::to_string(threads) + " threads a block; its " +
             "__launch_bounds__ allow " + std::to_string(program.entry->max_threads));
    return cudaErrorInvalidValue;
  }
  const size_t shared_bytes = dynamic_shared_bytes + program.shared_static;
  const bool raised = kernel.max_dynamic_shared_bytes > kSharedBytesPerBlock;
  const size_t allowed =
      raised ? static_cast<size_t>(kernel.max_dynamic_shared_bytes) + program.shared_static : kSharedBytesPerBlock;
  if (shared_bytes > allowed) {
    complain("launch of " + program.pretty + " needs " + std::to_string(shared_bytes) + " bytes of shared memory, " +
             std::to_string(allowed) + " are allowed; raise that by cudaFuncSetAttribute");
    return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

// What the driver gives cooperative groups for their grid-wide barrier: {size, barrier}.
uint64_t fresh_grid_workspace() {
  constexpr size_t bytes = 64;
  static const uint64_t workspace = DeviceMemory::get().allocate(bytes, "grid workspace");
  uint8_t* p = DeviceMemory::get().to_host(workspace);
  memset(p, 0, bytes);
  *p = 8;
  return workspace;
}

int run(Program& program, LaunchConfig& launch) {
  static uint64_t launches = 0;
  launch.grid_id = ++launches;
  counted_ms() += 0.003;
  if (launch.cooperative) launch.workspace = fresh_grid_workspace();
  const auto &grid = launch.grid, &block = launch.block;
  if (settings().verbose)
    fprintf(stderr, "vgpu: run %s grid (%u,%u,%u) block (%u,%u,%u)\n", program.pretty.c_str(), grid[0], grid[1],
            grid[2], block[0], block[1], block[2]);
  return launch_kernel(program, launch);
}

cudaError_t launch(const void* function, dim3 grid, dim3 block, void** arguments, size_t dynamic_shared_bytes,
                   cudaStream_t stream, bool cooperative) {
  return api_call([&] {
    Kernel* kernel = find_kernel(function);
    if (const cudaError_t error = load_kernel(kernel)) return error;
    if (!is_valid_shape(grid, block)) return cudaErrorInvalidConfiguration;
    if (const cudaError_t error = check_limits(*kernel, block, dynamic_shared_bytes)) return error;
    Program& program = *kernel->program;
    LaunchConfig config{.grid = {grid.x, grid.y, grid.z},
                        .block = {block.x, block.y, block.z},
                        .dyn_shared = static_cast<u32>(dynamic_shared_bytes),
                        .params = std::vector<u8>(program.param_bytes),
                        .cooperative = cooperative};
    for (size_t k = 0; k < program.params.size(); ++k) {
      const auto [offset, bytes] = program.params[k];
      memcpy(&config.params[offset], arguments[k], bytes);
    }
    Streams& streams = Streams::get();
    streams.enqueue(streams.resolve(stream), [&program, config]() mutable { return run(program, config); });
    return settings().eager ? sticky_error() : cudaSuccess;
  });
}
}  // namespace

extern "C" {
cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments, size_t shared_bytes,
                             cudaStream_t stream) {
  return launch(function, grid, block, arguments, shared_bytes, stream, false);
}

cudaError_t cudaLaunchCooperativeKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                                        size_t shared_bytes, cudaStream_t stream) {
  return launch(function, grid, block, arguments, shared_bytes, stream, true);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void** arguments) {
  bool cooperative = false;
  for (unsigned k = 0; k < config->numAttrs; ++k) {
    const cudaLaunchAttribute& attribute = config->attrs[k];
    if (attribute.id == cudaLaunchAttributeCooperative) cooperative = attribute.val.cooperative != 0;
    const auto& cluster = attribute.val.clusterDim;
    if (attribute.id == cudaLaunchAttributeClusterDimension && cluster.x * cluster.y * cluster.z > 1) {
      complain("thread block clusters of more than one block are not supported");
      return remember(cudaErrorNotSupported);
    }
  }
  return launch(function, config->gridDim, config->blockDim, arguments, config->dynamicSmemBytes, config->stream,
                cooperative);
}
}

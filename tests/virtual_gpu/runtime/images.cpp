#include "tests/virtual_gpu/runtime/images.h"

#include <cstdio>
#include <map>
#include <set>

#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/runtime/api.h"

namespace convoy::vgpu {
namespace {
struct RegisteredVariable {
  FatBinary* binary;
  std::string name;
  size_t bytes;
};
// Never destroyed: work may be pending at exit.
auto& kernels = *new std::map<const void*, Kernel*>;
auto& kernel_handles = *new std::set<const void*>;
auto& variables = *new std::map<const void*, RegisteredVariable>;
}  // namespace

FatBinary::FatBinary() = default;
FatBinary::~FatBinary() = default;

Image* FatBinary::load() {
  if (image || failed) return image.get();
  const std::pair<int, std::string>* best = nullptr;
  for (const auto& candidate : ptx)
    if (candidate.first <= device_sm() && (!best || candidate.first > best->first)) best = &candidate;
  failed = true;
  if (!best) {
    complain(ptx.empty() ? "the program embeds no PTX; build it with -gencode arch=compute_80,code=compute_80"
                         : "no embedded PTX fits the device (sm_" + std::to_string(device_sm()) + ")");
    return nullptr;
  }
  try {
    image = std::make_unique<Image>(best->second);
    failed = false;
  } catch (const std::exception& e) {
    complain(e.what());
  }
  return image.get();
}

void register_kernel(const void* host_function, FatBinary* binary, const char* name) {
  auto* kernel = new Kernel{binary, name};
  kernels[host_function] = kernel;
  kernel_handles.insert(kernel);
}

void register_variable(const void* host_variable, FatBinary* binary, const char* name, size_t bytes) {
  variables[host_variable] = {binary, name, bytes};
}

Kernel* find_kernel(const void* function) {
  if (kernel_handles.count(function)) return static_cast<Kernel*>(const_cast<void*>(function));
  const auto it = kernels.find(function);
  return it == kernels.end() ? nullptr : it->second;
}

cudaError_t load_kernel(Kernel* kernel) {
  if (!kernel) return cudaErrorInvalidDeviceFunction;
  if (kernel->program) return cudaSuccess;
  Image* image = kernel->binary->load();
  if (!image) return cudaErrorNoKernelImageForDevice;
  try {
    kernel->program = &image->kernel(kernel->name);
  } catch (const std::exception& e) {
    complain(e.what());
    return cudaErrorInvalidPtx;
  }
  return cudaSuccess;
}

uint64_t variable_address(const void* host_variable, size_t* bytes) {
  const auto it = variables.find(host_variable);
  if (it == variables.end()) return 0;
  const Image* image = it->second.binary->load();
  if (!image) return 0;
  if (bytes) *bytes = it->second.bytes;
  return image->variable(it->second.name);
}

void decode_all_kernels(FatBinary& binary) {
  Image* image = binary.load();
  if (!image) return;
  int decoded = 0, refused = 0;
  for (const auto& [name, function] : image->mod->funcs) {
    if (!function.entry) continue;
    try {
      image->kernel(name);
      ++decoded;
    } catch (const std::exception& e) {
      complain(e.what());
      ++refused;
    }
  }
  fprintf(stderr, "vgpu: %d kernels decoded, %d refused\n", decoded, refused);
}
}  // namespace convoy::vgpu

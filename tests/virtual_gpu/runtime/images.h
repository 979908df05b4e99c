// The program's device code: what nvcc registered, and its decoded form, made when it is first used.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/virtual_gpu/runtime/device_properties.h"

namespace convoy::vgpu {
struct Image;
struct Program;

struct FatBinary {                               // of one source file
  std::vector<std::pair<int, std::string>> ptx;  // architecture and text
  std::unique_ptr<Image> image;
  bool failed = false;  // to load; said once

  FatBinary();
  ~FatBinary();
  // Reads the PTX out of nvcc's container (compressed texts by libzstd, if that is there).
  void read(const uint8_t* container);
  // The newest PTX that fits the device, parsed; null after a message.
  Image* load();
};

struct Kernel {
  FatBinary* binary;
  std::string name;
  Program* program = nullptr;  // once decoded
  int max_dynamic_shared_bytes = kSharedBytesPerBlock;
};

void register_kernel(const void* host_function, FatBinary* binary, const char* name);
void register_variable(const void* host_variable, FatBinary* binary, const char* name, size_t bytes);

// By the address of the host function or by the handle cudaGetKernel gave; null if unknown.
Kernel* find_kernel(const void* function);
// Decodes the kernel if that has not been done.
cudaError_t load_kernel(Kernel* kernel);
// Device address of a __device__ or __constant__ variable, 0 if unknown; and its size.
uint64_t variable_address(const void* host_variable, size_t* bytes = nullptr);
// For VGPU_DECODE=1: decodes all kernels and names what is not supported.
void decode_all_kernels(FatBinary& binary);
}  // namespace convoy::vgpu

#include "tests/support/test_device.h"

#include <cstdlib>
#include <string_view>

#include "core/base/error.h"
#include "kernels/cpu/cpu_device.h"
#ifdef CONVOY_WITH_CUDA
#include "kernels/cuda/cuda_device.h"
#endif

namespace convoy::test {

namespace {

std::unique_ptr<Device> make_test_device() {
  if (!testing_cuda()) return cpu::make_cpu_device(0);
#ifdef CONVOY_WITH_CUDA
  return cuda::make_cuda_device({});
#else
  throw ConfigError("CONVOY_TEST_DEVICE=cuda, but this build has no CUDA device");
#endif
}

}  // namespace

bool testing_cuda() {
  const char* wanted = std::getenv("CONVOY_TEST_DEVICE");
  return wanted != nullptr && std::string_view(wanted) == "cuda";
}

Device& test_device() {
  static const std::unique_ptr<Device> device = make_test_device();
  return *device;
}

Stream& test_stream() {
  static const std::unique_ptr<Stream> stream = test_device().make_stream(StreamKind::compute);
  return *stream;
}

TestMemory::TestMemory(size_t bytes) {
  if (!testing_cuda()) {
    host_ = std::make_unique<std::byte[]>(bytes);
  } else if (bytes > 0) {
    device_ = test_device().allocate(bytes);
    test_stream().zero(device_.data(), bytes);
  }
}

std::byte* TestMemory::data() const { return host_ ? host_.get() : static_cast<std::byte*>(device_.data()); }

void copy_bytes(void* to, const void* from, size_t bytes) {
  test_stream().copy(to, from, bytes);
  test_stream().synchronize();
}

}  // namespace convoy::test

// The device that tests of operators run on: the CPU, or with CONVOY_TEST_DEVICE=cuda the first CUDA device.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/device/device.h"
#include "core/tensor/tensor.h"

namespace convoy::test {

Device& test_device();
Stream& test_stream();  // its compute stream
bool testing_cuda();

// Memory of the test device, exactly as large as asked for so that checkers see what reads beyond: AddressSanitizer on
// the CPU, the virtual GPU on CUDA. Reading and writing wait for the test stream.
class TestMemory {
 public:
  TestMemory() = default;
  explicit TestMemory(size_t bytes);  // zeros
  TestMemory(TestMemory&&) noexcept = default;
  TestMemory& operator=(TestMemory&&) noexcept = default;

  std::byte* data() const;

 private:
  std::unique_ptr<std::byte[]> host_;  // on the CPU
  Memory device_;                      // on CUDA
};

// Between host memory and the test device's.
void copy_bytes(void* to, const void* from, size_t bytes);

// The elements of a tensor on the test device, and back.
template <class Element>
std::vector<Element> read(const Tensor& tensor) {
  std::vector<Element> elements(tensor.bytes() / sizeof(Element));
  copy_bytes(elements.data(), tensor.data, tensor.bytes());
  return elements;
}
template <class Element>
void write(const Tensor& tensor, const std::vector<Element>& elements) {
  copy_bytes(tensor.data, elements.data(), elements.size() * sizeof(Element));
}

}  // namespace convoy::test

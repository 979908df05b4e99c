// A test program in a few lines, for .cu files: GoogleTest would triple the time that nvcc takes for each.
//
//   CASE(adds_two) { EXPECT_EQ(1 + 1, 2); }
//
// The program runs all its cases, or those named as arguments, prints what failed and exits with 1 if anything did.
// A case that launches a faulty kernel is run alone, by name: the virtual GPU then turns exit status 0 into its own.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

namespace convoy::virtual_gpu_test {

struct Case {
  Case(const char* name, void (*body)());  // registers itself
};

// Reports a failed expectation; only the first few of a case are printed.
void fail(const char* file, int line, const std::string& what);

template <class Found, class Wanted>
void expect_equal(const char* file, int line, const char* text, const Found& found, const Wanted& wanted) {
  if (found == wanted) return;
  std::ostringstream message;
  message << text << ": found " << found << ", wanted " << wanted;
  fail(file, line, message.str());
}

// Of the device: 80 means 8.0.
int compute_capability();

void expect_success(const char* file, int line, const char* call, cudaError_t status);

// Device memory of `count` elements, freed at the end of its scope. Copies are synchronous.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t count) : count_(count) {
    expect_success(__FILE__, __LINE__, "cudaMalloc", cudaMalloc(&data_, count * sizeof(T)));
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    expect_success(__FILE__, __LINE__, "copy to the device",
                   cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice));
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { cudaFree(data_); }

  T* data() const { return data_; }
  std::vector<T> values() const {
    expect_success(__FILE__, __LINE__, "an earlier launch", cudaGetLastError());
    std::vector<T> host(count_);
    expect_success(__FILE__, __LINE__, "copy from the device",
                   cudaMemcpy(host.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost));
    return host;
  }

 private:
  T* data_ = nullptr;
  size_t count_;
};

}  // namespace convoy::virtual_gpu_test

#define CASE(name)                                                              \
  static void name();                                                           \
  static const ::convoy::virtual_gpu_test::Case registered_##name{#name, name}; \
  static void name()
#define EXPECT(condition) \
  if (!(condition)) ::convoy::virtual_gpu_test::fail(__FILE__, __LINE__, #condition)
#define EXPECT_EQ(found, wanted) \
  ::convoy::virtual_gpu_test::expect_equal(__FILE__, __LINE__, #found " == " #wanted, found, wanted)
#define EXPECT_SUCCESS(call) ::convoy::virtual_gpu_test::expect_success(__FILE__, __LINE__, #call, call)

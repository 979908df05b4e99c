#include "tests/virtual_gpu/tests/check.h"

#include <algorithm>
#include <cstdio>

namespace convoy::virtual_gpu_test {
namespace {

constexpr int kPrintedPerCase = 8;

struct Registered {
  std::string name;
  void (*body)();
};
// Filled by static constructors of other files, so it must be made at its first use.
std::vector<Registered>& cases() {
  static std::vector<Registered> all;
  return all;
}
int failures = 0;

bool run(const Registered& test) {
  failures = 0;
  test.body();
  std::printf("%s %s\n", failures ? "FAILED" : "ok", test.name.c_str());
  return failures == 0;
}

}  // namespace

Case::Case(const char* name, void (*body)()) { cases().push_back({name, body}); }

void fail(const char* file, int line, const std::string& what) {
  if (++failures <= kPrintedPerCase) std::printf("%s:%d: %s\n", file, line, what.c_str());
}

void expect_success(const char* file, int line, const char* call, cudaError_t status) {
  if (status != cudaSuccess) fail(file, line, std::string(call) + ": " + cudaGetErrorString(status));
}

int compute_capability() {
  int major = 0, minor = 0;
  expect_success(__FILE__, __LINE__, "compute capability",
                 cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  expect_success(__FILE__, __LINE__, "compute capability",
                 cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0));
  return 10 * major + minor;
}

int run_cases(const std::vector<std::string>& names) {
  bool all_good = true;
  size_t found = 0;
  for (const Registered& test : cases()) {
    if (!names.empty() && std::find(names.begin(), names.end(), test.name) == names.end()) continue;
    ++found;
    all_good &= run(test);
  }
  if (found < std::max<size_t>(names.size(), 1)) {
    std::printf("there is no such case\n");
    return 2;
  }
  return all_good ? 0 : 1;
}

}  // namespace convoy::virtual_gpu_test

int main(int argc, char** argv) {
  return convoy::virtual_gpu_test::run_cases(std::vector<std::string>(argv + 1, argv + argc));
}

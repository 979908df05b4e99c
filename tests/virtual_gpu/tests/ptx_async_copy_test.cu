// cp.async of 4, 8 and 16 bytes: whole, partly filled with zeros, with an ignored source, with a cache policy.
#include <cstdint>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr int kThreads = 32, kWords = 4;  // 16 bytes a thread

enum Form { kCg16, kCa8, kCa4, kZeroFill, kIgnoreSource, kPolicy, kForms };

__global__ void copy_kernel(uint32_t* out, const uint32_t* in, Form form) {
  __shared__ __align__(16) uint32_t buffer[kThreads][kWords];
  const int t = threadIdx.x;
  for (int k = 0; k < kWords; ++k) buffer[t][k] = 7;
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(buffer[t]));
  const uint32_t* from = in + t * kWords;
  if (form == kCg16) asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
  if (form == kCa8) asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(to), "l"(from) : "memory");
  if (form == kCa4) asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(to), "l"(from) : "memory");
  if (form == kZeroFill)  // every other thread reads 8 bytes, the others nothing, from where nothing may be read
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(t % 2 ? from : nullptr),
                 "r"(t % 2 ? 8 : 0)
                 : "memory");
  if (form == kIgnoreSource)
    asm volatile("{.reg .pred p; setp.lt.s32 p, %2, 16; cp.async.cg.shared.global [%0], [%1], 16, p;}" ::"r"(to),
                 "l"(t < 16 ? nullptr : from), "r"(t)
                 : "memory");
  if (form == kPolicy)
    asm volatile(
        "{.reg .b64 p; createpolicy.fractional.L2::evict_last.b64 p, 1.0;"
        "cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2, p;}" ::"r"(to),
        "l"(from), "r"(12)
        : "memory");
  asm volatile("cp.async.commit_group;" ::: "memory");
  asm volatile("cp.async.wait_group 0;" ::: "memory");
  for (int k = 0; k < kWords; ++k) out[t * kWords + k] = buffer[t][k];
}

// Words of thread t that come from its source; zeros up to `written` words.
struct Wanted {
  int read, written;
};
Wanted wanted(Form form, int t) {
  switch (form) {
    case kCa8:
      return {2, 2};
    case kCa4:
      return {1, 1};
    case kZeroFill:
      return {t % 2 ? 2 : 0, 4};
    case kIgnoreSource:
      return {t < 16 ? 0 : 4, 4};
    case kPolicy:
      return {3, 4};
    default:
      return {4, 4};
  }
}

CASE(sizes_fills_and_hints) {
  std::vector<uint32_t> x(kThreads * kWords);
  for (size_t k = 0; k < x.size(); ++k) x[k] = static_cast<uint32_t>(1000 + k);
  DeviceArray<uint32_t> in(x), out(x.size());
  for (int form = 0; form < kForms; ++form) {
    copy_kernel<<<1, kThreads>>>(out.data(), in.data(), Form(form));
    const std::vector<uint32_t> found = out.values();
    for (int t = 0; t < kThreads; ++t)
      for (int k = 0; k < kWords; ++k) {
        const Wanted w = wanted(Form(form), t);
        EXPECT_EQ(found[t * kWords + k], k < w.read ? x[t * kWords + k] : k < w.written ? 0u : 7u);
      }
  }
}

}  // namespace

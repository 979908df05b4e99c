// The cudaError_t values that a fault in a kernel ends in.
#pragma once

namespace convoy::vgpu {
constexpr int kIllegalAddress = 700;
constexpr int kLaunchTimeout = 702;
constexpr int kAssertFailed = 710;
constexpr int kMisalignedAddress = 716;
constexpr int kLaunchFailure = 719;
}  // namespace convoy::vgpu

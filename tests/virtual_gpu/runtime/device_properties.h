// What the virtual GPU says it is: an A100 where it runs code for compute capability 8.x, an H100 for 9.0.
#pragma once

namespace convoy::vgpu {
// 80 or 90: VGPU_SM, else the newest architecture that the program holds PTX for.
int device_sm();
// Tells of PTX for `sm` in the program.
void found_ptx(int sm);

int shared_bytes_per_multiprocessor();
int shared_bytes_per_block_optin();             // the most that cudaFuncSetAttribute allows
constexpr int kSharedBytesPerBlock = 48 << 10;  // without it
constexpr int kSharedBytesReserved = 1 << 10;   // per block, by the system
constexpr int kThreadsPerMultiprocessor = 2048;
constexpr int kBlocksPerMultiprocessor = 32;
}  // namespace convoy::vgpu

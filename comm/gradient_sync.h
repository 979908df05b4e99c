// GradientSync over flat f32 gradients: buckets that are reduced while backward runs.
//
// Inside a rank its virtual ranks are added by a binary counter of buffers on the compute stream; across ranks each
// bucket's shards are exchanged all-to-all, added by TreeSum on their owners and gathered back, on the communication
// stream. Everything is allocated at construction, through the device.
//
// Without `reproducible` a rank's virtual ranks accumulate in place and buckets are all-reduced: less memory and
// traffic, but other bits for another number of ranks. With a bf16 wire the exchange is used in both cases.
#pragma once

#include <memory>

#include "core/comm/communicator.h"
#include "core/device/device.h"
#include "core/train/gradient_sync.h"

namespace convoy {

// What the memory and the bits depend on.
struct GradientSyncLayout {
  int64_t elements = 0;  // of the flat gradients
  int ranks = 1;
  int64_t virtual_ranks = 1;  // over all ranks
  int64_t bucket_bytes = 26214400;
  bool reproducible = true;
  DType wire = DType::f32;  // or bf16: every leaf and every node of the tree is rounded to bf16 and sent as such
};

// Streams, device, communicator and gradients outlive the GradientSync.
struct GradientSyncOptions {
  Tensor gradients;  // (n) f32
  Device& device;
  Stream& compute;
  Stream& communication;
  Communicator& communicator;
  int64_t virtual_ranks = 1;
  int64_t bucket_bytes = 26214400;
  bool reproducible = true;
  DType wire = DType::f32;
};

// Bytes of device memory that a GradientSync of this layout allocates. Throws ConfigError on an impossible layout.
size_t gradient_sync_bytes(const GradientSyncLayout& layout);

// Throws ConfigError if the ranks cannot compute the tree over the virtual ranks (comm/reduction_tree.h).
std::unique_ptr<GradientSync> make_gradient_sync(const GradientSyncOptions& options);

}  // namespace convoy

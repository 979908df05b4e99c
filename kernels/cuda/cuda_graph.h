// Work recorded by stream capture and replayed as a CUDA graph.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <memory>

#include "core/device/captured_work.h"

namespace convoy::cuda {

// Throws InternalError naming the call that cannot be captured; the stream is then as before.
std::unique_ptr<CapturedWork> record_graph(cudaStream_t stream, const std::function<void()>& enqueue);

}  // namespace convoy::cuda

#include "kernels/cuda/cuda_graph.h"

#include "core/base/owned.h"
#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_stream.h"

namespace convoy::cuda {
namespace {

void close_graph(cudaGraph_t g) noexcept { CUDA_WARN(cudaGraphDestroy(g)); }
void close_executable(cudaGraphExec_t g) noexcept { CUDA_WARN(cudaGraphExecDestroy(g)); }
using Graph = Owned<cudaGraph_t, close_graph>;
using GraphExecutable = Owned<cudaGraphExec_t, close_executable>;

class CudaGraph final : public CapturedWork {
 public:
  explicit CudaGraph(GraphExecutable executable) : executable_(std::move(executable)) {}
  void run(Stream& stream) override { CUDA_CHECK(cudaGraphLaunch(executable_.get(), handle(stream))); }

 private:
  GraphExecutable executable_;
};

// Capture of the thread's own calls only: other threads, the loader's for one, may allocate and copy meanwhile.
Graph capture(cudaStream_t stream, const std::function<void()>& enqueue) {
  CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t graph = nullptr;
  try {
    enqueue();
  } catch (...) {
    (void)cudaStreamEndCapture(stream, &graph);
    (void)cudaGetLastError();
    const Graph unfinished(graph);
    throw;
  }
  CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  return Graph(graph);
}

}  // namespace

std::unique_ptr<CapturedWork> record_graph(cudaStream_t stream, const std::function<void()>& enqueue) {
  const Graph graph = capture(stream, enqueue);
  cudaGraphExec_t executable = nullptr;
  CUDA_CHECK(cudaGraphInstantiate(&executable, graph.get(), 0));
  return std::make_unique<CudaGraph>(GraphExecutable(executable));
}

}  // namespace convoy::cuda

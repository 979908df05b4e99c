// Graphs captured from streams: their nodes, their order, and what may not be called meanwhile.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr int kCount = 256;
constexpr size_t kBytes = kCount * sizeof(float);

__global__ void scale_kernel(float* p, float factor) { p[threadIdx.x] *= factor; }
__global__ void add_kernel(float* to, const float* from) { to[threadIdx.x] += from[threadIdx.x]; }

struct Streams {
  Streams() {
    EXPECT_SUCCESS(cudaStreamCreateWithFlags(&main, cudaStreamNonBlocking));
    EXPECT_SUCCESS(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking));
    EXPECT_SUCCESS(cudaEventCreate(&forked));
    EXPECT_SUCCESS(cudaEventCreate(&joined));
  }
  ~Streams() {
    EXPECT_SUCCESS(cudaStreamDestroy(main));
    EXPECT_SUCCESS(cudaStreamDestroy(side));
    EXPECT_SUCCESS(cudaEventDestroy(forked));
    EXPECT_SUCCESS(cudaEventDestroy(joined));
  }
  cudaStream_t main = nullptr, side = nullptr;
  cudaEvent_t forked = nullptr, joined = nullptr;
};

CASE(a_graph_runs_both_of_its_branches_in_order) {
  Streams s;
  DeviceArray<float> x(std::vector<float>(kCount, 1.0f)), y(kCount);
  EXPECT_SUCCESS(cudaStreamBeginCapture(s.main, cudaStreamCaptureModeGlobal));
  EXPECT_SUCCESS(cudaMemsetAsync(y.data(), 0, kBytes, s.main));
  EXPECT_SUCCESS(cudaEventRecord(s.forked, s.main));
  EXPECT_SUCCESS(cudaStreamWaitEvent(s.side, s.forked));
  scale_kernel<<<1, kCount, 0, s.side>>>(x.data(), 2);
  EXPECT_SUCCESS(cudaEventRecord(s.joined, s.side));
  EXPECT_SUCCESS(cudaStreamWaitEvent(s.main, s.joined));
  add_kernel<<<1, kCount, 0, s.main>>>(y.data(), x.data());
  cudaGraph_t graph;
  EXPECT_SUCCESS(cudaStreamEndCapture(s.main, &graph));
  EXPECT_EQ(x.values()[0], 1.0f);  // captured, not run

  size_t nodes = 0;
  EXPECT_SUCCESS(cudaGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(nodes, size_t{3});
  cudaGraphExec_t executable;
  EXPECT_SUCCESS(cudaGraphInstantiate(&executable, graph, 0));
  EXPECT_SUCCESS(cudaGraphDestroy(graph));
  for (int launch = 1; launch <= 3; ++launch) {
    EXPECT_SUCCESS(cudaGraphLaunch(executable, s.main));
    EXPECT_SUCCESS(cudaStreamSynchronize(s.main));
    EXPECT_EQ(y.values()[kCount - 1], static_cast<float>(1 << launch));
  }
  EXPECT_SUCCESS(cudaGraphExecDestroy(executable));
}

// A branch that is not joined has no order: the graph's nodes run in a random one that its edges allow.
CASE(a_missing_edge_shows) {
  Streams s;
  DeviceArray<float> x(std::vector<float>(kCount, 1.0f)), y(kCount);
  EXPECT_SUCCESS(cudaStreamBeginCapture(s.main, cudaStreamCaptureModeGlobal));
  EXPECT_SUCCESS(cudaMemsetAsync(y.data(), 0, kBytes, s.main));
  EXPECT_SUCCESS(cudaEventRecord(s.forked, s.main));
  EXPECT_SUCCESS(cudaStreamWaitEvent(s.side, s.forked));
  for (int k = 0; k < 4; ++k) scale_kernel<<<1, kCount, 0, s.side>>>(x.data(), 2);
  EXPECT_SUCCESS(cudaEventRecord(s.joined, s.side));
  add_kernel<<<1, kCount, 0, s.main>>>(y.data(), x.data());  // before the join
  EXPECT_SUCCESS(cudaStreamWaitEvent(s.main, s.joined));
  cudaGraph_t graph;
  EXPECT_SUCCESS(cudaStreamEndCapture(s.main, &graph));
  cudaGraphExec_t executable;
  EXPECT_SUCCESS(cudaGraphInstantiate(&executable, graph, 0));
  int right = 0;
  constexpr int kLaunches = 20;
  for (int launch = 0; launch < kLaunches; ++launch) {
    EXPECT_SUCCESS(cudaMemcpy(x.data(), std::vector<float>(kCount, 1.0f).data(), kBytes, cudaMemcpyHostToDevice));
    EXPECT_SUCCESS(cudaGraphLaunch(executable, s.main));
    EXPECT_SUCCESS(cudaStreamSynchronize(s.main));
    right += y.values()[0] == 16;
  }
  EXPECT(right < kLaunches / 2);
  EXPECT_SUCCESS(cudaGraphExecDestroy(executable));
  EXPECT_SUCCESS(cudaGraphDestroy(graph));
}

CASE(some_calls_fail_while_a_stream_captures) {
  Streams s;
  DeviceArray<float> x(std::vector<float>(kCount, 1.0f));
  EXPECT_SUCCESS(cudaStreamBeginCapture(s.main, cudaStreamCaptureModeGlobal));
  cudaStreamCaptureStatus status;
  EXPECT_SUCCESS(cudaStreamIsCapturing(s.main, &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusActive);
  void* p = nullptr;
  float host = 0;
  EXPECT_EQ(cudaMalloc(&p, 64), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaMallocHost(&p, 64), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamSynchronize(s.main), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaMemcpy(&host, x.data(), sizeof host, cudaMemcpyDeviceToHost), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamBeginCapture(s.main, cudaStreamCaptureModeGlobal), cudaErrorIllegalState);
  cudaGraph_t graph;
  EXPECT_SUCCESS(cudaStreamEndCapture(s.main, &graph));
  EXPECT_SUCCESS(cudaGraphDestroy(graph));
  EXPECT_SUCCESS(cudaStreamIsCapturing(s.main, &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
  EXPECT_EQ(cudaMalloc(&p, 64), cudaSuccess);
  EXPECT_SUCCESS(cudaFree(p));
}

CASE(captures_begin_and_end_in_one_stream) {
  Streams s;
  cudaGraph_t graph;
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(cudaStreamEndCapture(s.main, &graph), cudaErrorIllegalState);
  EXPECT_SUCCESS(cudaStreamBeginCapture(s.main, cudaStreamCaptureModeGlobal));
  EXPECT_SUCCESS(cudaEventRecord(s.forked, s.main));
  EXPECT_SUCCESS(cudaStreamWaitEvent(s.side, s.forked));
  EXPECT_EQ(cudaStreamEndCapture(s.side, &graph), cudaErrorStreamCaptureUnmatched);
  EXPECT_EQ(cudaEventSynchronize(s.forked), cudaErrorCapturedEvent);
  EXPECT_SUCCESS(cudaStreamEndCapture(s.main, &graph));
  EXPECT_SUCCESS(cudaGraphDestroy(graph));
}
}  // namespace

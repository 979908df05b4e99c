// Graphs: captured from streams, then launched as one operation.
//
// While a stream captures, calls that a real device does not permit then (allocating, synchronizing, copying
// synchronously) fail here as there.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/settings.h"
#include "tests/virtual_gpu/runtime/streams.h"

using namespace convoy::vgpu;

namespace {
Streams& streams() { return Streams::get(); }

// The nodes that the real library would have.
std::vector<CUgraph_st::Node*> whole_nodes(CUgraph_st& graph) {
  std::vector<CUgraph_st::Node*> nodes;
  for (CUgraph_st::Node& node : graph.nodes)
    if (node.kind == NodeKind::whole) nodes.push_back(&node);
  return nodes;
}
}  // namespace

extern "C" {
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return api_call([&] {
    CUstream_st* s = streams().resolve(stream);
    if (streams().is_legacy(s)) return cudaErrorStreamCaptureUnsupported;
    if (s->capture) return cudaErrorIllegalState;
    streams().begin_capture(s);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const ContextLock lock;
  if (!stream || !stream->capture) return remember(cudaErrorIllegalState);
  if (!stream->capture_origin) return remember(cudaErrorStreamCaptureUnmatched);
  *graph = streams().end_capture(stream);
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  const ContextLock lock;
  const bool capturing = streams().resolve(stream)->capture != nullptr;
  *status = capturing ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  *mode = cudaStreamCaptureModeGlobal;
  return cudaSuccess;
}

cudaError_t cudaGraphCreate(cudaGraph_t* graph, unsigned) {
  *graph = new CUgraph_st;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const ContextLock lock;
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  const ContextLock lock;
  const auto whole = whole_nodes(*graph);
  if (nodes)
    for (size_t k = 0; k < std::min(*count, whole.size()); ++k) nodes[k] = reinterpret_cast<cudaGraphNode_t>(whole[k]);
  else
    *count = whole.size();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  const ContextLock lock;
  *executable = new CUgraphExec_st{*graph};
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long flags) {
  return cudaGraphInstantiate(executable, graph, flags);
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t executable, cudaGraph_t graph, cudaGraphExecUpdateResultInfo* result) {
  const ContextLock lock;
  streams().wait_device(current_device());
  executable->graph = *graph;
  if (result) {
    memset(result, 0, sizeof *result);
    result->result = cudaGraphExecUpdateSuccess;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return api_call([&] {
    const auto graph = std::make_shared<CUgraph_st>(executable->graph);  // it may be destroyed before this runs
    static uint64_t random = settings().seed * 77 + 5;
    streams().enqueue_issue(streams().resolve(stream), [graph](const OperationPtr& launch) -> Work {
      return [run = std::make_shared<GraphRun>(*graph, launch)] { return run->run(random); };
    });
    return sticky_error();
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  const ContextLock lock;
  delete executable;
  return cudaSuccess;
}
}

// Streams, events and graphs: a queue of deferred operations per stream.
//
// In the lazy default an operation runs only when something waits for it; among the streams that could go on, one is
// chosen in a seeded random order. A missing event wait, or a host read before a synchronisation, then gives a wrong
// result every time, not once in a thousand runs. With VGPU_EAGER=1 each operation runs when it is enqueued.
//
// Call everything here with the ApiLock held.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace convoy::vgpu {
using Work = std::function<int()>;  // returns a cudaError_t

struct Operation {
  Work run;
  std::vector<std::shared_ptr<Operation>> after;  // what has to be done before
  bool done = false, needed = false;
};
using OperationPtr = std::shared_ptr<Operation>;

// Whether an operation is one that a graph of the real library would have as a node, or a part of another.
enum class NodeKind { whole, part };
}  // namespace convoy::vgpu

struct CUgraph_st {
  struct Node {
    convoy::vgpu::Work run;
    std::vector<int> after;  // nodes
    convoy::vgpu::NodeKind kind;
  };
  std::vector<Node> nodes;
};

struct CUgraphExec_st {
  CUgraph_st graph;
};

struct CUstream_st {
  bool blocking = true;  // with respect to the legacy stream
  int priority = 0, device = 0;
  unsigned flags = 0;
  std::deque<convoy::vgpu::OperationPtr> queue;
  convoy::vgpu::OperationPtr tail;  // the last operation enqueued
  CUgraph_st* capture = nullptr;    // the graph that operations go to instead
  std::vector<int> capture_tail;    // nodes that the next one depends on
  bool capture_origin = false;      // where the capture began and has to end
};

struct CUevent_st {
  convoy::vgpu::OperationPtr operation;
  double time_ms = 0;
  bool recorded = false, timing = true;
  CUgraph_st* capture = nullptr;  // recorded in this capture, at these nodes
  std::vector<int> nodes;
};

namespace convoy::vgpu {
class Streams {
 public:
  static Streams& get();

  // The stream that a handle of the API means: null and the per-thread default are the legacy stream.
  CUstream_st* resolve(cudaStream_t stream);
  bool is_legacy(const CUstream_st* stream) const { return stream == &legacy_; }
  CUstream_st* create(unsigned flags, int priority, int device);
  void destroy(CUstream_st* stream);  // after its work

  // Appends work that waits for the stream's last operation and, beside it, for `also_after`; while the stream
  // captures, appends a node to the graph and returns null.
  OperationPtr enqueue(CUstream_st* stream, Work work, NodeKind kind = NodeKind::whole,
                       OperationPtr also_after = nullptr);
  void wait(const OperationPtr& operation);
  void wait_stream(CUstream_st* stream) { wait(stream->tail); }
  void wait_all();

  void begin_capture(CUstream_st* origin);
  CUgraph_st* end_capture(CUstream_st* origin);  // every stream that joined the capture leaves it
  bool capturing() const { return captures_ > 0; }

  int first_error() const { return first_error_; }  // a cudaError_t; after it nothing runs any more

 private:
  Streams();
  bool run_one(bool only_needed);  // the head of one stream that can go on; false when there is none
  static void mark_needed(Operation* root);

  CUstream_st legacy_;
  std::vector<CUstream_st*> all_{&legacy_};
  int first_error_ = 0;
  int captures_ = 0;
  uint64_t random_ = 0;
  size_t pending_ = 0;
};

// Runs a graph's nodes in an order that its dependencies allow, chosen by `random`; returns the first error.
int run_graph(const CUgraph_st& graph, uint64_t& random);
}  // namespace convoy::vgpu

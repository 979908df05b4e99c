// Streams, events and graphs: a queue of deferred operations per stream.
//
// In the lazy default an operation runs only when something waits for it; among the streams that could go on, one is
// chosen in a seeded random order. A missing event wait, or a host read before a synchronisation, then gives a wrong
// result every time, not once in a thousand runs. With VGPU_EAGER=1 each operation runs when it is enqueued.
//
// An operation may be pending: begun, and waiting for something outside the streams, such as another process. It stays
// at the head of its stream and is asked again; meanwhile other streams go on.
//
// Call everything here with the ApiLock held. Functions that wait let go of it while they have nothing to run.
#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace convoy::vgpu {
using Work = std::function<int()>;  // returns a cudaError_t, or kVgpuPending

struct Operation {
  Work run;
  std::vector<std::shared_ptr<Operation>> after;  // what has to be done before
  bool done = false, needed = false;
};
using OperationPtr = std::shared_ptr<Operation>;
// Makes an operation's work when it is enqueued: for a node of a graph, at each launch, with the operation of the
// launch.
using Issue = std::function<Work(const OperationPtr&)>;

// Whether an operation is one that a graph of the real library would have as a node, or a part of another.
enum class NodeKind { whole, part };
}  // namespace convoy::vgpu

struct CUgraph_st {
  struct Node {
    convoy::vgpu::Issue issue;
    std::vector<int> after;  // nodes
    convoy::vgpu::NodeKind kind;
  };
  std::vector<Node> nodes;
};

struct CUgraphExec_st {
  CUgraph_st graph;
};

struct CUstream_st {
  bool legacy = false;   // the default stream of its device
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

  // The stream that a handle of the API means: null and the per-thread default are the current device's legacy stream.
  CUstream_st* resolve(cudaStream_t stream);
  bool is_legacy(const CUstream_st* stream) const { return stream->legacy; }
  CUstream_st* create(unsigned flags, int priority, int device);
  void destroy(CUstream_st* stream);  // after its work

  // Appends work that waits for the stream's last operation and, beside it, for `also_after`; while the stream
  // captures, appends a node to the graph and returns null.
  OperationPtr enqueue(CUstream_st* stream, Work work, NodeKind kind = NodeKind::whole,
                       OperationPtr also_after = nullptr);
  // The same for work that depends on the moment it is enqueued, or that may be pending.
  OperationPtr enqueue_issue(CUstream_st* stream, Issue issue, NodeKind kind = NodeKind::whole,
                             OperationPtr also_after = nullptr);
  void wait(OperationPtr operation);  // by value: who else gets the lock may replace what the caller refers to
  void wait_stream(CUstream_st* stream) { wait(stream->tail); }
  void wait_device(int device);
  // Runs what the operation needs, as far as that goes without waiting.
  void advance(const OperationPtr& operation);
  void advance_all();

  void begin_capture(CUstream_st* origin);
  CUgraph_st* end_capture(CUstream_st* origin);  // every stream that joined the capture leaves it
  bool capturing() const { return captures_ > 0; }

  int first_error() const { return first_error_; }  // a cudaError_t; after it nothing runs any more

 private:
  Streams();
  OperationPtr append(CUstream_st* stream, const OperationPtr& also_after);
  bool run_one(bool only_needed);      // the head of one stream that can go on; false when there is none
  bool run_head(CUstream_st* stream);  // false: it is pending
  void run_until(const std::function<bool()>& done);
  static void mark_needed(Operation* root);

  std::vector<CUstream_st*> legacy_;  // by device
  std::vector<CUstream_st*> all_;
  int first_error_ = 0;
  int captures_ = 0;
  int running_ = 0;  // operations under way, in any thread
  bool met_pending_ = false;
  uint64_t random_ = 0;
  size_t pending_ = 0;
};

// One launch of a graph: runs its nodes in an order that its dependencies allow, chosen by `random`.
class GraphRun {
 public:
  GraphRun(const CUgraph_st& graph, const OperationPtr& launch);
  int run(uint64_t& random);  // the first error, or pending once all nodes that could go on are

 private:
  bool is_ready(size_t node) const;

  struct Node {
    Work work;
    std::vector<int> after;
    bool done = false;
  };
  std::vector<Node> nodes_;
  size_t begin_ = 0;  // all before it are done
};
}  // namespace convoy::vgpu

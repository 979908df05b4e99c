// streams.h - streams, events and graphs: a queue of deferred operations per stream.
//
// In the default lazy mode an operation runs only when something waits for it; among the streams that could go on, one
// is chosen in a seeded random order. A missing event wait or a host read before a synchronisation then gives a wrong
// result every time, not once in a thousand runs.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include "tests/virtual_gpu/ptx/ptx.h"

namespace vgpu {
using Work = std::function<int()>;  // returns a cudaError_t
struct Op {
  Work run;
  std::vector<std::shared_ptr<Op>> deps;
  bool done = false, needed = false;
};
using OpP = std::shared_ptr<Op>;
}  // namespace vgpu

struct CUgraph_st {
  struct Node {
    vgpu::Work run;
    std::vector<int> deps;
    const char* kind;
  };
  std::vector<Node> nodes;
};
struct CUgraphExec_st {
  CUgraph_st graph;
};
struct CUstream_st {
  bool blocking = true;
  int priority = 0, device = 0;
  unsigned flags = 0;
  std::deque<vgpu::OpP> queue;
  vgpu::OpP tail;
  CUgraph_st* capture = nullptr;
  std::vector<int> captureTail;
  bool captureOrigin = false;
};
struct CUevent_st {
  vgpu::OpP op;
  double when = 0;
  bool recorded = false, timing = true;
  CUgraph_st* graph = nullptr;
  std::vector<int> nodes;
};

namespace vgpu {
class Streams {
 public:
  static Streams& get();
  CUstream_st* resolve(CUstream_st* s) {
    return s == nullptr || s == (CUstream_st*)1 || s == (CUstream_st*)2 ? &legacy : s;
  }
  CUstream_st* create(unsigned flags, int priority);
  void destroy(CUstream_st* s);
  OpP enqueue(CUstream_st* s, const char* kind, Work w, OpP extra = nullptr);  // null while capturing
  void wait(const OpP& op);
  void waitStream(CUstream_st* s) { wait(s->tail); }
  void waitAll();
  void endCapture(CUgraph_st* g) {
    for (auto* s : all)
      if (s->capture == g) {
        s->capture = nullptr;
        s->captureTail.clear();
        s->captureOrigin = false;
      }
  }
  int firstError = 0;  // sticky
  CUstream_st legacy;

 private:
  bool step(bool onlyNeeded);
  void need(Op* op);
  std::vector<CUstream_st*> all{&legacy};
  u64 rng = 0;
  size_t pending = 0;
  bool running = false;
};
void runGraph(const CUgraph_st& g, int& error, u64& rng);
}  // namespace vgpu

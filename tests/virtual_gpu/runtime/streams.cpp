#include "tests/virtual_gpu/runtime/streams.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/virtual_gpu/runtime/settings.h"

namespace convoy::vgpu {
namespace {
// So many pending operations are run without being asked, to bound the memory they hold.
constexpr size_t kMaxPending = 20000;

uint64_t next_random(uint64_t& state) {  // xorshift64; the state is never 0
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

bool is_ready(const Operation& operation) {
  return std::all_of(operation.after.begin(), operation.after.end(), [](const OperationPtr& o) { return o->done; });
}
}  // namespace

Streams::Streams() : random_(settings().seed * 0x9E3779B97F4A7C15ull + 1) {}

Streams& Streams::get() {
  static auto& streams = *new Streams;  // never destroyed: pending work runs at exit
  return streams;
}

CUstream_st* Streams::resolve(cudaStream_t stream) {
  return !stream || stream == cudaStreamLegacy || stream == cudaStreamPerThread ? &legacy_ : stream;
}

CUstream_st* Streams::create(unsigned flags, int priority, int device) {
  auto* stream = new CUstream_st;
  stream->flags = flags;
  stream->blocking = !(flags & cudaStreamNonBlocking);
  stream->priority = priority;
  stream->device = device;
  all_.push_back(stream);
  return stream;
}

void Streams::destroy(CUstream_st* stream) {
  wait_stream(stream);
  all_.erase(std::remove(all_.begin(), all_.end(), stream), all_.end());
  delete stream;
}

OperationPtr Streams::enqueue(CUstream_st* stream, Work work, NodeKind kind, OperationPtr also_after) {
  if (stream->capture) {
    auto& nodes = stream->capture->nodes;
    nodes.push_back({std::move(work), stream->capture_tail, kind});
    stream->capture_tail = {static_cast<int>(nodes.size()) - 1};
    return nullptr;
  }
  auto operation = std::make_shared<Operation>();
  operation->run = std::move(work);
  const auto wait_for = [&](const OperationPtr& o) {
    if (o && !o->done) operation->after.push_back(o);
  };
  wait_for(stream->tail);
  wait_for(also_after);
  if (is_legacy(stream)) {  // the legacy stream and blocking ones wait for each other
    for (CUstream_st* other : all_)
      if (other->blocking) wait_for(other->tail);
  } else if (stream->blocking) {
    wait_for(legacy_.tail);
  }
  stream->tail = operation;
  stream->queue.push_back(operation);
  ++pending_;
  if (settings().eager)
    wait(operation);
  else if (pending_ > kMaxPending)
    wait_all();
  return operation;
}

void Streams::mark_needed(Operation* root) {
  std::vector<Operation*> stack{root};
  while (!stack.empty()) {
    Operation* operation = stack.back();
    stack.pop_back();
    if (operation->done || operation->needed) continue;
    operation->needed = true;
    for (const OperationPtr& o : operation->after) stack.push_back(o.get());
  }
}

bool Streams::run_one(bool only_needed) {
  std::vector<CUstream_st*> ready;
  for (CUstream_st* stream : all_) {
    if (stream->queue.empty()) continue;
    const Operation& head = *stream->queue.front();
    if ((head.needed || !only_needed) && is_ready(head)) ready.push_back(stream);
  }
  if (ready.empty()) return false;
  CUstream_st* stream = ready[next_random(random_) % ready.size()];
  const OperationPtr operation = stream->queue.front();
  stream->queue.pop_front();
  --pending_;
  if (!first_error_) {
    const int error = operation->run();
    if (!first_error_) first_error_ = error;  // a host function may have met one meanwhile
  }
  operation->done = true;
  operation->run = nullptr;
  operation->after.clear();
  return true;
}

void Streams::wait(const OperationPtr& operation) {
  if (!operation || operation->done) return;
  mark_needed(operation.get());
  while (!operation->done) {
    const bool only_needed = next_random(random_) % 4 != 0;  // other streams get on meanwhile, a little
    if (run_one(only_needed) || run_one(true)) continue;
    fprintf(stderr, "vgpu: internal error: operations wait for each other in a circle\n");
    abort();
  }
}

void Streams::wait_all() {
  while (run_one(false)) {
  }
}

void Streams::begin_capture(CUstream_st* origin) {
  origin->capture = new CUgraph_st;
  origin->capture_tail.clear();
  origin->capture_origin = true;
  ++captures_;
}

CUgraph_st* Streams::end_capture(CUstream_st* origin) {
  CUgraph_st* graph = origin->capture;
  for (CUstream_st* stream : all_)
    if (stream->capture == graph) {
      stream->capture = nullptr;
      stream->capture_tail.clear();
      stream->capture_origin = false;
    }
  --captures_;
  return graph;
}

int run_graph(const CUgraph_st& graph, uint64_t& random) {
  const auto& nodes = graph.nodes;
  std::vector<char> done(nodes.size());
  size_t begin = 0;  // all before it are done
  for (size_t left = nodes.size(); left; --left) {
    while (done[begin]) ++begin;
    std::vector<size_t> ready;
    for (size_t k = begin; k < nodes.size() && ready.size() < 16; ++k)
      if (!done[k] && std::all_of(nodes[k].after.begin(), nodes[k].after.end(), [&](int n) { return done[n]; }))
        ready.push_back(k);
    const size_t chosen = ready[next_random(random) % ready.size()];
    if (const int error = nodes[chosen].run()) return error;
    done[chosen] = 1;
  }
  return 0;
}
}  // namespace convoy::vgpu

#include "tests/virtual_gpu/runtime/streams.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/host_interface.h"
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

Streams::Streams() : random_(settings().seed * 0x9E3779B97F4A7C15ull + 1) {
  for (int device = 0; device < settings().devices; ++device) {
    legacy_.push_back(create(cudaStreamDefault, 0, device));
    legacy_.back()->legacy = true;
  }
}

Streams& Streams::get() {
  static auto& streams = *new Streams;  // never destroyed: pending work runs at exit
  return streams;
}

CUstream_st* Streams::resolve(cudaStream_t stream) {
  const bool is_default = !stream || stream == cudaStreamLegacy || stream == cudaStreamPerThread;
  return is_default ? legacy_[current_device()] : stream;
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

// An operation at the end of the stream, with what it has to come after and no work yet.
OperationPtr Streams::append(CUstream_st* stream, const OperationPtr& also_after) {
  auto operation = std::make_shared<Operation>();
  const auto wait_for = [&](const OperationPtr& o) {
    if (o && !o->done) operation->after.push_back(o);
  };
  wait_for(stream->tail);
  wait_for(also_after);
  if (stream->legacy) {  // the legacy stream and blocking ones of its device wait for each other
    for (CUstream_st* other : all_)
      if (other->blocking && other->device == stream->device) wait_for(other->tail);
  } else if (stream->blocking) {
    wait_for(legacy_[stream->device]->tail);
  }
  stream->tail = operation;
  stream->queue.push_back(operation);
  ++pending_;
  return operation;
}

OperationPtr Streams::enqueue_issue(CUstream_st* stream, Issue issue, NodeKind kind, OperationPtr also_after) {
  if (stream->capture) {
    auto& nodes = stream->capture->nodes;
    nodes.push_back({std::move(issue), stream->capture_tail, kind});
    stream->capture_tail = {static_cast<int>(nodes.size()) - 1};
    return nullptr;
  }
  OperationPtr operation = append(stream, also_after);
  operation->run = issue(operation);
  if (settings().eager)
    advance(operation);
  else if (pending_ > kMaxPending)
    advance_all();
  return operation;
}

OperationPtr Streams::enqueue(CUstream_st* stream, Work work, NodeKind kind, OperationPtr also_after) {
  OperationPtr operation = enqueue_issue(
      stream, [work = std::move(work)](const OperationPtr&) { return work; }, kind, also_after);
  if (settings().eager) wait(operation);  // it may stand behind an operation that is pending
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

bool Streams::run_head(CUstream_st* stream) {
  const OperationPtr operation = stream->queue.front();
  stream->queue.pop_front();
  if (!first_error_) {
    ++running_;
    const int error = operation->run();
    --running_;
    if (error == kVgpuPending) {
      stream->queue.push_front(operation);
      return false;
    }
    if (!first_error_) first_error_ = error;  // a host function may have met one meanwhile
  }
  --pending_;
  operation->done = true;
  operation->run = nullptr;
  operation->after.clear();
  vgpu_wake();  // another thread may wait for it
  return true;
}

bool Streams::run_one(bool only_needed) {
  std::vector<CUstream_st*> ready;
  for (CUstream_st* stream : all_) {
    if (stream->queue.empty()) continue;
    const Operation& head = *stream->queue.front();
    if ((head.needed || !only_needed) && is_ready(head)) ready.push_back(stream);
  }
  while (!ready.empty()) {
    const size_t chosen = next_random(random_) % ready.size();
    if (run_head(ready[chosen])) return true;
    met_pending_ = true;
    ready.erase(ready.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  return false;
}

void Streams::run_until(const std::function<bool()>& done) {
  while (!done()) {
    const uint64_t heard = wakes();
    met_pending_ = false;
    const bool only_needed = next_random(random_) % 4 != 0;  // other streams get on meanwhile, a little
    if (run_one(only_needed) || run_one(true)) continue;
    if (!met_pending_ && !running_) {
      fprintf(stderr, "vgpu: internal error: operations wait for each other in a circle\n");
      abort();
    }
    sleep_unlocked(heard);
  }
}

void Streams::wait(OperationPtr operation) {
  if (!operation || operation->done) return;
  mark_needed(operation.get());
  run_until([&] { return operation->done; });
}

void Streams::wait_device(int device) {
  std::vector<OperationPtr> tails;
  for (const CUstream_st* stream : all_)
    if (stream->device == device && stream->tail) tails.push_back(stream->tail);
  for (const OperationPtr& tail : tails) mark_needed(tail.get());
  run_until([&] { return std::all_of(tails.begin(), tails.end(), [](const OperationPtr& o) { return o->done; }); });
}

void Streams::advance(const OperationPtr& operation) {
  if (operation->done) return;
  mark_needed(operation.get());
  while (!operation->done && run_one(true)) {
  }
}

void Streams::advance_all() {
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

GraphRun::GraphRun(const CUgraph_st& graph, const OperationPtr& launch) {
  for (const CUgraph_st::Node& node : graph.nodes) nodes_.push_back({node.issue(launch), node.after});
}

bool GraphRun::is_ready(size_t node) const {
  const auto& after = nodes_[node].after;
  return !nodes_[node].done && std::all_of(after.begin(), after.end(), [&](int n) { return nodes_[n].done; });
}

int GraphRun::run(uint64_t& random) {
  std::vector<size_t> pending;  // asked since a node was last done
  const auto is_pending = [&](size_t k) { return std::find(pending.begin(), pending.end(), k) != pending.end(); };
  while (begin_ < nodes_.size()) {
    std::vector<size_t> ready;
    for (size_t k = begin_; k < nodes_.size() && ready.size() < 16; ++k)
      if (is_ready(k) && !is_pending(k)) ready.push_back(k);
    if (ready.empty()) return kVgpuPending;
    const size_t chosen = ready[next_random(random) % ready.size()];
    const int error = nodes_[chosen].work();
    if (error == kVgpuPending) {
      pending.push_back(chosen);
      continue;
    }
    if (error) return error;
    pending.clear();
    nodes_[chosen].done = true;
    while (begin_ < nodes_.size() && nodes_[begin_].done) ++begin_;
  }
  return 0;
}
}  // namespace convoy::vgpu

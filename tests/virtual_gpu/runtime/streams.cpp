// streams.cpp - see streams.h.
#include "tests/virtual_gpu/runtime/streams.h"
#include <algorithm>
#include <cstdio>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace vgpu {
static u64 nextRandom(u64& s) {
  s ^= s << 13;
  s ^= s >> 7;
  s ^= s << 17;
  return s;
}
Streams& Streams::get() {
  static Streams* s = [] {
    auto* x = new Streams;
    x->rng = env().seed * 0x9E3779B97F4A7C15ull + 1;
    return x;
  }();
  return *s;
}

CUstream_st* Streams::create(unsigned flags, int priority) {
  auto* s = new CUstream_st;
  s->flags = flags;
  s->blocking = !(flags & 1);
  s->priority = priority;
  all.push_back(s);
  return s;
}
void Streams::destroy(CUstream_st* s) {
  waitStream(s);
  all.erase(std::remove(all.begin(), all.end(), s), all.end());
  delete s;
}

OpP Streams::enqueue(CUstream_st* s, const char* kind, Work w, OpP extra) {
  if (s->capture) {
    s->capture->nodes.push_back({std::move(w), s->captureTail, kind});
    s->captureTail = {(int)s->capture->nodes.size() - 1};
    return nullptr;
  }
  auto op = std::make_shared<Op>();
  op->run = std::move(w);
  auto dep = [&](const OpP& d) {
    if (d && !d->done) op->deps.push_back(d);
  };
  dep(s->tail);
  dep(extra);
  if (s == &legacy) {
    for (auto* t : all)
      if (t->blocking) dep(t->tail);
  } else if (s->blocking)
    dep(legacy.tail);
  s->tail = op;
  s->queue.push_back(op);
  ++pending;
  if (env().eager)
    wait(op);
  else if (pending > 20000)
    waitAll();
  return op;
}
void Streams::need(Op* root) {
  std::vector<Op*> stack{root};
  while (!stack.empty()) {
    Op* o = stack.back();
    stack.pop_back();
    if (o->done || o->needed) continue;
    o->needed = true;
    for (auto& d : o->deps) stack.push_back(d.get());
  }
}
bool Streams::step(bool onlyNeeded) {  // run the head of one stream that can go on
  std::vector<CUstream_st*> ready;
  for (auto* s : all)
    if (!s->queue.empty()) {
      Op* o = s->queue.front().get();
      if (onlyNeeded && !o->needed) continue;
      if (std::all_of(o->deps.begin(), o->deps.end(), [](const OpP& d) { return d->done; })) ready.push_back(s);
    }
  if (ready.empty()) return false;
  CUstream_st* s = ready[nextRandom(rng) % ready.size()];
  OpP op = s->queue.front();
  s->queue.pop_front();
  --pending;
  if (!firstError) {
    int e = op->run();
    if (e && !firstError) firstError = e;
  }
  op->done = true;
  op->run = nullptr;
  op->deps.clear();
  return true;
}
void Streams::wait(const OpP& op) {
  if (!op || op->done) return;
  need(op.get());
  while (!op->done)
    if (!step(nextRandom(rng) % 4 != 0) && !step(true)) {
      fprintf(stderr, "vgpu: internal error: stream dependency cycle\n");
      abort();
    }
}
void Streams::waitAll() {
  while (step(false)) {
  }
}

void runGraph(const CUgraph_st& g, int& error, u64& rng) {  // any topological order may happen
  std::vector<char> done(g.nodes.size());
  size_t left = g.nodes.size();
  u64 r = rng ? rng : 1;
  while (left && !error) {
    std::vector<int> ready;
    for (size_t k = 0; k < g.nodes.size() && ready.size() < 16; ++k)
      if (!done[k] && std::all_of(g.nodes[k].deps.begin(), g.nodes[k].deps.end(), [&](int d) { return done[d]; }))
        ready.push_back((int)k);
    int k = ready[nextRandom(r) % ready.size()];
    error = g.nodes[k].run();
    done[k] = 1;
    --left;
  }
  rng = r;
}
}  // namespace vgpu

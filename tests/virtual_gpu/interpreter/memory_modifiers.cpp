// Modifiers that memory instructions share, and the instructions about memory that have nothing to do here.
#include "tests/virtual_gpu/interpreter/memory.h"

namespace convoy::vgpu {
Space space_modifier(InstDecoder& d) {
  if (d.has("global")) return Space::Global;
  if (d.has("shared") || d.has("shared::cta")) return Space::Shared;
  if (d.has("shared::cluster")) return Space::Shared;  // clusters have one block
  if (d.has("local")) return Space::Local;
  if (d.has("const")) return Space::Const;
  if (d.has("param") || d.has("param::entry") || d.has("param::func")) return Space::Param;
  return Space::Generic;
}

bool ordering_modifiers(InstDecoder& d) {
  bool synchronising = d.has("volatile");
  for (const char* name : {"relaxed", "acquire", "release", "acq_rel", "sc", "mmio"}) synchronising |= d.has(name);
  for (const char* name :
       {"weak", "cta", "cluster", "gpu", "sys", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "unified"})
    d.has(name);
  d.has_prefix("L1::");
  d.cache_hint();
  d.has_prefix("L2::");
  d.has_prefix("L2::");
  d.has_prefix("level::");
  return synchronising;
}

u8 vector_modifier(InstDecoder& d) { return d.has("v2") ? 2 : d.has("v4") ? 4 : d.has("v8") ? 8 : 1; }

namespace {
void nothing(Warp&, const Inst&, u32) {}

void decode_fence(InstDecoder& d) {
  for (const char* name : {"gl", "cta", "sys", "gpu", "cluster", "sc", "acq_rel", "acquire", "release", "proxy",
                           "alias", "async", "global", "mbarrier_init", "sync_restrict::shared::cta",
                           "sync_restrict::shared::cluster", "shared::cta", "async::generic", "async.shared::cta"})
    d.has(name);
  d.i.fn = nothing;
}

void decode_prefetch(InstDecoder& d) {
  for (const char* name : {"global", "local", "L1", "L2", "const", "param"}) d.has(name);
  d.has_prefix("L2::");
  d.i.fn = nothing;
}

void decode_discard(InstDecoder& d) {
  d.has("global");
  d.has_prefix("L2");
  d.i.fn = nothing;
}

PTX_OP("membar", decode_fence);
PTX_OP("fence", decode_fence);
PTX_OP("prefetch", decode_prefetch);
PTX_OP("prefetchu", decode_prefetch);
PTX_OP("discard", decode_discard);
}  // namespace
}  // namespace convoy::vgpu

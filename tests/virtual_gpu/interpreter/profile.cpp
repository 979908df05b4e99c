#include "tests/virtual_gpu/interpreter/profile.h"

#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>

#include "tests/virtual_gpu/runtime/settings.h"

namespace convoy::vgpu {
void Counters::add(const Counters& o) {
  static_assert(sizeof(Counters) % sizeof(u64) == 0, "nothing but u64");
  u64* to = reinterpret_cast<u64*>(this);
  const u64* from = reinterpret_cast<const u64*>(&o);
  for (size_t k = 0; k < sizeof(Counters) / sizeof(u64); ++k) to[k] += from[k];
}

namespace {
struct Row {
  u64 launches = 0, blocks = 0;
  double seconds = 0;
  Counters counters;
};
// Never destroyed: written at exit.
auto& rows = *new std::map<std::string, Row>;
auto& rows_mutex = *new std::mutex;

double ratio(u64 a, u64 b) { return b ? static_cast<double>(a) / static_cast<double>(b) : 0.0; }

struct Column {
  const char* name;
  double (*value)(const Row&);
};
#define COUNTER_COLUMN(name, expression)                 \
  {                                                      \
    name, [](const Row& row) {                           \
      [[maybe_unused]] const Counters& c = row.counters; \
      return static_cast<double>(expression);            \
    }                                                    \
  }
constexpr Column kColumns[] = {
    COUNTER_COLUMN("launches", row.launches),
    COUNTER_COLUMN("blocks", row.blocks),
    COUNTER_COLUMN("warp_insts", c.warp_insts),
    COUNTER_COLUMN("thread_insts", c.thread_insts),
    COUNTER_COLUMN("lane_utilisation", ratio(c.thread_insts, 32 * c.warp_insts)),
    COUNTER_COLUMN("fma", c.fma),
    COUNTER_COLUMN("fp_flops", c.flops),
    COUNTER_COLUMN("mma_flops", c.mma_flops),
    COUNTER_COLUMN("sfu", c.sfu),
    COUNTER_COLUMN("global_load_bytes", c.ld_bytes),
    COUNTER_COLUMN("global_load_sectors", c.ld_sectors),
    COUNTER_COLUMN("load_efficiency", ratio(c.ld_bytes, 32 * c.ld_sectors)),
    COUNTER_COLUMN("global_store_bytes", c.st_bytes),
    COUNTER_COLUMN("global_store_sectors", c.st_sectors),
    COUNTER_COLUMN("store_efficiency", ratio(c.st_bytes, 32 * c.st_sectors)),
    COUNTER_COLUMN("async_bytes", c.async_bytes),
    COUNTER_COLUMN("async_sectors", c.async_sectors),
    COUNTER_COLUMN("access_128bit", c.vec128),
    COUNTER_COLUMN("access_64bit", c.vec64),
    COUNTER_COLUMN("access_narrow", c.narrow),
    COUNTER_COLUMN("shared_requests", c.shared_req),
    COUNTER_COLUMN("shared_clocks", c.shared_clocks),
    COUNTER_COLUMN("bank_conflict_replays", c.bank_replays),
    COUNTER_COLUMN("local_requests", c.local_req),
    COUNTER_COLUMN("shuffles", c.shuffles),
    COUNTER_COLUMN("barriers", c.barriers),
    COUNTER_COLUMN("atomics", c.atomics),
    COUNTER_COLUMN("branches", c.branches),
    COUNTER_COLUMN("divergent_branches", c.divergent),
    COUNTER_COLUMN("emulation_seconds", row.seconds),
};
#undef COUNTER_COLUMN

std::string escaped(std::string text) {  // to stand between quotes in CSV
  for (size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) text.insert(at, "\"");
  return text;
}
}  // namespace

bool is_profiling() { return !settings().profile.empty(); }

void add_to_profile(const std::string& name, u64 blocks, double seconds, const Counters& counters) {
  const std::lock_guard lock(rows_mutex);
  Row& row = rows[name];
  ++row.launches;
  row.blocks += blocks;
  row.seconds += seconds;
  row.counters.add(counters);
}

void collect_counts(Block& block, Counters& c) {
  for (const Inst& inst : block.prog->code) {
    const u64 warps = block.exec_count[inst.idx], lanes = block.lane_count[inst.idx];
    if (!warps) continue;
    c.warp_insts += warps;
    c.thread_insts += lanes;
    if (inst.cls & kFma32) c.fma += lanes;
    if (inst.cls & (kFma32 | kFlop32)) c.flops += lanes * inst.flops;
    if (inst.cls & kMma) c.mma_flops += lanes * inst.flops;
    if (inst.cls & kShuffle) c.shuffles += warps;
    if (inst.cls & kBarrier) c.barriers += warps;
    if (inst.cls & kAtomic) c.atomics += lanes;
    if (inst.cls & kSfu) c.sfu += lanes;
    block.exec_count[inst.idx] = block.lane_count[inst.idx] = 0;
  }
}

void write_profile() {
  if (!is_profiling()) return;
  const std::lock_guard lock(rows_mutex);
  std::ofstream out(settings().profile);
  out.precision(15);  // counts are whole numbers
  out << "kernel";
  for (const Column& column : kColumns) out << ',' << column.name;
  out << '\n';
  for (const auto& [name, row] : rows) {
    out << '"' << escaped(name) << '"';
    for (const Column& column : kColumns) out << ',' << column.value(row);
    out << '\n';
  }
  out.flush();
  if (!out) fprintf(stderr, "vgpu: cannot write the profile to %s\n", settings().profile.c_str());
}
}  // namespace convoy::vgpu

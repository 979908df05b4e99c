// Races on shared memory: two threads access a cell, one of them writes, and no barrier orders the two.
//
// A shadow of shared memory holds the last write and the last reads of each 4-byte word, and of each half of words that
// were accessed by halves. Time is counted in synchronisations of the block: two accesses are ordered when both threads
// took part in one after the first access, a barrier across warps or __syncwarp within one. Entries from before the
// last barrier of the whole block are void.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>
#include <tuple>

#include "tests/virtual_gpu/interpreter/memory.h"
#include "tests/virtual_gpu/runtime/settings.h"

namespace convoy::vgpu {
namespace {
// ShadowWord::multi_read: who has read since the last write.
enum Readers : u8 { kOneThread = 0, kThreadsOfOneWarp = 1, kThreadsOfWarps = 2 };

struct Toucher {  // the access being checked
  Warp& warp;
  const Inst& inst;
  int lane;
  u32 thread;
  bool write, atomic;
  bool same_value = false;  // it writes what is there
};

bool same_warp(u32 thread, u32 other) { return thread / kLanes == other / kLanes; }

bool ordered(const Block& block, u32 stamp, u32 before, u32 now) {
  if (stamp < block.full_stamp || before == now) return true;
  if (same_warp(before, now)) return block.warp_sync_stamp[before] > stamp && block.warp_sync_stamp[now] > stamp;
  return block.barrier_stamp[before / kLanes] > stamp && block.barrier_stamp[now / kLanes] > stamp;
}

std::string describe_race(const Block& block, const char* kind, u32 offset, u32 other_thread, const Inst& other) {
  const u32 width = block.cfg->block[0], height = block.cfg->block[1];
  std::string text = std::string("shared memory race (") + kind + ") at " + shared_name(block, offset) + ": thread (" +
                     std::to_string(other_thread % width) + "," + std::to_string(other_thread / width % height) + "," +
                     std::to_string(other_thread / width / height) +
                     ") accessed it with no barrier in between, at PTX line " + std::to_string(other.raw->line) + " '" +
                     other.raw->text + "'";
  if (other.raw->src_line) text += ", source line " + std::to_string(other.raw->src_line);
  return text;
}

// A fault, or with VGPU_RACEWARN=1 a message, once per pair of instructions.
void report_race(const Toucher& t, u32 offset, const char* kind, u32 other_thread, u32 other_inst) {
  const Block& block = *t.warp.blk;
  const DeviceFault race{kLaunchFailure, describe_race(block, kind, offset, other_thread, block.prog->code[other_inst]),
                         t.lane};
  if (!settings().race_warn) throw race;
  static auto& mutex = *new std::mutex;
  static auto& seen = *new std::set<std::tuple<const Program*, u32, u32>>;
  const std::lock_guard lock(mutex);
  if (seen.insert({block.prog, block.current, other_inst}).second) fputs(fault_report(block, race).c_str(), stderr);
}

// Whether reads since the last write still count for the current thread.
bool reads_are_live(const Block& block, const ShadowWord& cell, u32 thread) {
  if (cell.read_stamp < block.full_stamp || cell.read_stamp == 0) return false;
  if (cell.multi_read == kThreadsOfWarps) return block.barrier_stamp[thread / kLanes] <= cell.read_stamp;
  if (cell.multi_read == kThreadsOfOneWarp && same_warp(cell.read_thread, thread))
    return block.warp_sync_stamp[thread] <= cell.read_stamp;
  return true;
}

void record_write(const Block& block, ShadowWord& cell, u32 inst, u32 thread, bool atomic) {
  cell.write_stamp = block.stamp;
  cell.write_thread = static_cast<u16>(thread);
  cell.write_inst = inst;
  cell.write_atomic = atomic;
  cell.read_stamp = 0;
  cell.multi_read = kOneThread;
}

void record_read(const Block& block, ShadowWord& cell, u32 inst, u32 thread) {
  cell.read_stamp = block.stamp;
  cell.read_thread = static_cast<u16>(thread);
  cell.read_inst = inst;
}

void check_cell(const Toucher& t, ShadowWord& cell, u32 offset) {
  const Block& block = *t.warp.blk;
  const bool write_is_live =
      cell.write_stamp >= block.full_stamp && cell.write_thread != t.thread && !(t.atomic && cell.write_atomic);
  if (write_is_live && !(t.write && t.same_value) && !ordered(block, cell.write_stamp, cell.write_thread, t.thread))
    report_race(t, offset, t.write ? "write after write" : "read after write", cell.write_thread, cell.write_inst);
  const bool reads_live = reads_are_live(block, cell, t.thread);
  if (t.write) {
    const bool read_by_others = cell.multi_read == kThreadsOfWarps ||
                                (cell.multi_read == kThreadsOfOneWarp && same_warp(cell.read_thread, t.thread)) ||
                                !ordered(block, cell.read_stamp, cell.read_thread, t.thread);
    if (reads_live && !t.same_value && read_by_others)
      report_race(t, offset, "write after read", cell.read_thread, cell.read_inst);
    return record_write(block, cell, t.inst.idx, t.thread, t.atomic);
  }
  if (!reads_live)
    cell.multi_read = kOneThread;
  else if (cell.read_thread != t.thread && !ordered(block, cell.read_stamp, cell.read_thread, t.thread))
    cell.multi_read =
        std::max<u8>(cell.multi_read, same_warp(cell.read_thread, t.thread) ? kThreadsOfOneWarp : kThreadsOfWarps);
  record_read(block, cell, t.inst.idx, t.thread);
}

// The common cases, without looking at who synchronised with whom; false: take the long way.
inline bool check_cell_fast(const Block& block, ShadowWord& cell, u32 inst, u32 thread, bool write, bool atomic) {
  const u32 full = block.full_stamp, now = block.stamp;
  if (cell.half || (cell.write_stamp >= full && cell.write_thread != thread)) return false;
  if (write) {
    if (cell.read_stamp >= full && (cell.read_thread != thread || cell.multi_read)) return false;
    record_write(block, cell, inst, thread, atomic);
    return true;
  }
  if (cell.read_stamp < full) {
    cell.multi_read = kOneThread;
    record_read(block, cell, inst, thread);
    return true;
  }
  if (cell.read_stamp != now) return false;
  if (cell.read_thread != thread && cell.multi_read != kThreadsOfWarps)
    cell.multi_read = same_warp(cell.read_thread, thread) ? kThreadsOfOneWarp : kThreadsOfWarps;
  return true;
}

// Halves of a word are tracked on their own; a whole-word access is checked against them, without being recorded there.
void check_half(Toucher& t, u32 offset, const void* new_data) {
  Block& block = *t.warp.blk;
  const u32 at = offset - kSharedBase;
  ShadowWord& word = block.shadow[at / 4];
  t.same_value = t.write && new_data && !memcmp(block.shared.data() + at, new_data, 2);
  check_cell(t, block.shadow_half[at / 2], offset);
  word.half = 1;
  word.half_stamp = block.stamp;
  ShadowWord whole = word;
  check_cell(t, whole, offset);
}

void check_against_halves(const Toucher& t, ShadowWord& word, u32 offset) {
  const Block& block = *t.warp.blk;
  if (word.half_stamp < block.full_stamp) {
    word.half = 0;
    return;
  }
  for (u32 half = 0; half < 2; ++half) {
    ShadowWord cell = block.shadow_half[(offset - kSharedBase) / 2 + half];
    check_cell(t, cell, offset);
  }
}
}  // namespace

void race_access(Warp& warp, const Inst& inst, int lane, u32 offset, u32 bytes, bool write, bool atomic,
                 const void* new_data) {
  Block& block = *warp.blk;
  if (!block.race || bytes < 2) return;
  Toucher t{warp, inst, lane, warp.id * kLanes + static_cast<u32>(lane), write, atomic};
  if (bytes == 2) return check_half(t, offset, new_data);
  for (u32 k = 0; k < bytes; k += 4) {
    const u32 at = offset - kSharedBase + k;
    ShadowWord& word = block.shadow[at / 4];
    if (check_cell_fast(block, word, inst.idx, t.thread, write, atomic)) continue;
    t.same_value = write && new_data && !memcmp(block.shared.data() + at, static_cast<const u8*>(new_data) + k, 4);
    if (word.half) check_against_halves(t, word, offset + k);
    check_cell(t, word, offset + k);
  }
}
}  // namespace convoy::vgpu

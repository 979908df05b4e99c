// The state of the thread blocks and warps that run a kernel.
#pragma once

#include <string>
#include <vector>

#include "tests/virtual_gpu/interpreter/fault.h"
#include "tests/virtual_gpu/interpreter/program.h"

namespace convoy::vgpu {

struct Block;

struct Counters {  // of a launch, for the profile
  u64 warp_insts = 0, thread_insts = 0, fma = 0, flops = 0, mma_flops = 0, shuffles = 0, barriers = 0, atomics = 0,
      sfu = 0;
  u64 ld_bytes = 0, st_bytes = 0, ld_sectors = 0, st_sectors = 0, ld_req = 0, st_req = 0, vec128 = 0, vec64 = 0,
      narrow = 0;
  u64 shared_req = 0, shared_clocks = 0, bank_replays = 0, divergent = 0, branches = 0, local_req = 0, async_bytes = 0,
      async_sectors = 0;
  void add(const Counters& o);
};

struct Group {  // lanes of one warp that share a program counter
  enum State : u8 { Ready, AtBarrier, AtWarpSync, AtWarpBarrier } state = Ready;
  u32 pc = 0, mask = 0;
  u32 bar = 0;   // AtBarrier: its number; Ready: 1 after looping long while others waited
  u32 need = 0;  // AtWarpBarrier: the member mask
};

struct AsyncCopy {             // a cp.async whose data has not reached shared memory yet
  u32 lane, group, dst, size;  // dst: shared offset
  u8 data[16];
};

struct Warp {
  char* base[2] = {nullptr, nullptr};  // register file, constants
  Block* blk = nullptr;
  u32 id = 0;
  u32 lanes = 0, exited = 0;  // masks: lanes that there are, and those of them that have ended
  u32 carry = 0;              // carry bit of each lane
  std::vector<Group> groups;
  u8* local = nullptr;  // local memory of lane 0; the next lane's is local_stride bytes on
  u32 local_stride = 0;
  std::vector<AsyncCopy> async;
  u32 async_group[32] = {};  // commit groups begun by each lane
  u64 spins = 0;             // loop iterations while others wait
  u32 live() const { return lanes & ~exited; }
};

// Who touched a word (or half word) of shared memory last, and when, in the block's stamps.
struct alignas(32) ShadowWord {
  u32 write_stamp = 0, read_stamp = 0;
  u16 write_thread = 0, read_thread = 0;
  u32 write_inst = 0, read_inst = 0;
  u8 write_atomic = 0, multi_read = 0, half = 0;
  u32 half_stamp = 0;
};

struct AccessCache {  // the allocation that an instruction touched last
  u64 lo = 1, hi = 0;
  i64 delta = 0;  // what makes an address in it a host pointer
};

struct NamedBarrier {  // one of the 16 barriers of a block
  std::vector<u32> arrived;
  bool any = false;
  u32 expected = 0;  // lanes per warp; 0: every live thread
  u32 popc = 0;
  bool all = true, some = false;  // reduction so far

  void reset(size_t num_warps) {  // keeps the buffer: every block does this to 16 of them
    arrived.assign(num_warps, 0);
    any = some = false;
    expected = popc = 0;
    all = true;
  }
};

struct LaunchConfig {
  u32 grid[3], block[3];
  u32 dyn_shared;
  std::vector<u8> params;
  bool cooperative = false;
  u64 grid_id = 0;
  u64 workspace = 0;  // device address of the barrier of cooperative grids
};

struct Block {  // a resident thread block; owned and run by one worker
  const Program* prog = nullptr;
  const LaunchConfig* cfg = nullptr;
  u32 cta[3] = {};
  u64 linear = 0;
  u32 num_threads = 0;
  std::vector<Warp> warps;
  std::vector<char*> register_files;
  size_t register_file_bytes = 0;
  std::vector<u8> local_mem;
  std::vector<u8> shared;
  u32 shared_bytes = 0;     // end of the valid range of shared offsets
  std::vector<u8> redzone;  // one byte per 4-byte shared word: 1 = red zone
  std::vector<ShadowWord> shadow, shadow_half;
  u32 stamp = 1, full_stamp = 1;
  std::vector<u32> barrier_stamp, warp_sync_stamp;  // of the last barrier of each warp, last __syncwarp of each thread
  NamedBarrier bars[16];
  std::vector<AccessCache> cache;
  u64 cache_epoch = 0;
  std::vector<u64> exec_count, lane_count;  // per instruction, when profiling
  Warp* active = nullptr;
  u32 current = 0;  // warp and instruction being run, for error reports
  u64 last_grid = ~0ull;
  Counters* prof = nullptr;  // null unless profiling
  u64 warp_insts = 0, thread_insts = 0;
  bool race = true, race_global = false;

  void start(const Program&, const LaunchConfig&, u64 linear_id);
  enum Result { Done, Yield };
  Result run(u64 budget);  // until finished or about `budget` warp instructions
  std::string thread_name(const Warp&, int lane) const;
  ~Block();

 private:
  friend class WarpRun;
  void fit_to_launch(u32 num_warps);  // buffers, when the launch is another one than before
  void fit_registers(u32 num_warps);
  void fit_shared_memory();
  void start_warp(u32 index, bool new_launch);
  void arrive(Warp&, const Inst&, u32 mask);
  bool try_complete(u32 bar);
  void exit_lanes(Warp&, u32 mask);
  bool warp_barrier(Warp&, u32 member, u32 arriving);
  [[noreturn]] void deadlock();
};

std::string fault_report(const Block& b, const DeviceFault& f);

}  // namespace convoy::vgpu

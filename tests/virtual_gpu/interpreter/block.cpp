// One thread block: its memory and its warps, which run in turn, each in lockstep with a mask of active lanes.
#include "tests/virtual_gpu/interpreter/block.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace convoy::vgpu {
namespace {
constexpr u64 kWarpSlice = 1u << 16;    // instructions of one warp before the next one's turn
constexpr u32 kLastStamp = 0xf0000000;  // race detection's clock starts anew some time after
constexpr u32 kThreadsPerWarp = 32;
}  // namespace

Block::~Block() {
  for (char* file : register_files) free(file);
}

void Block::start(const Program& program, const LaunchConfig& launch, u64 linear_id) {
  const bool same_launch = prog == &program && last_grid == launch.grid_id;
  last_grid = launch.grid_id;
  prog = &program;
  cfg = &launch;
  linear = linear_id;
  const u32* grid = launch.grid;
  cta[0] = static_cast<u32>(linear_id % grid[0]);
  cta[1] = static_cast<u32>(linear_id / grid[0] % grid[1]);
  cta[2] = static_cast<u32>(linear_id / (u64{grid[0]} * grid[1]));
  num_threads = launch.block[0] * launch.block[1] * launch.block[2];
  const u32 num_warps = (num_threads + kThreadsPerWarp - 1) / kThreadsPerWarp;
  if (!same_launch) fit_to_launch(num_warps);
  memset(shared.data(), 0xff, shared.size());  // NaN in every float format
  full_stamp = ++stamp;
  for (NamedBarrier& barrier : bars) barrier.reset(num_warps);
  for (u32 k = 0; k < num_warps; ++k) start_warp(k, !same_launch);
}

void Block::fit_to_launch(u32 num_warps) {
  warps.resize(num_warps);
  fit_registers(num_warps);
  local_mem.assign(size_t{num_warps} * kThreadsPerWarp * prog->local_bytes, 0xff);
  fit_shared_memory();
  barrier_stamp.assign(num_warps, 0);
  warp_sync_stamp.assign(size_t{num_warps} * kThreadsPerWarp, 0);
  if (cache.size() < prog->code.size()) cache.resize(prog->code.size());
  std::fill(cache.begin(), cache.end(), AccessCache{});
  if (!prof) return;
  exec_count.assign(prog->code.size(), 0);
  lane_count.assign(prog->code.size(), 0);
}

void Block::fit_registers(u32 num_warps) {
  if (register_file_bytes >= prog->reg_bytes && register_files.size() >= num_warps) return;
  for (char* file : register_files) free(file);
  register_file_bytes = std::max<size_t>(register_file_bytes, prog->reg_bytes);
  register_files.assign(std::max<size_t>(num_warps, register_files.size()), nullptr);
  for (char*& file : register_files) {
    file = static_cast<char*>(aligned_alloc(64, (register_file_bytes + 127) & ~size_t{63}));
    memset(file, 0, register_file_bytes);
  }
}

void Block::fit_shared_memory() {
  shared_bytes = cfg->dyn_shared ? prog->dyn_offset + cfg->dyn_shared : prog->dyn_offset;
  shared.resize(shared_bytes - kSharedBase + 64);
  redzone.assign(prog->redzones.begin(), prog->redzones.end());
  redzone.resize(shared.size() / 4, 0);
  // What an earlier launch left in the shadow is void: its stamps lie before full_stamp.
  if (!race || (shadow.size() > shared.size() / 4 && stamp <= kLastStamp)) return;
  shadow.assign(shared.size() / 4 + 1, {});
  shadow_half.assign(shared.size() / 2 + 2, {});
  stamp = 1;
}

void Block::start_warp(u32 index, bool new_launch) {
  Warp& warp = warps[index];
  warp.base[0] = register_files[index];
  warp.base[1] = prog->consts;
  warp.blk = this;
  warp.id = index;
  warp.exited = warp.carry = 0;
  warp.spins = 0;
  const u32 lanes = std::min(kThreadsPerWarp, num_threads - kThreadsPerWarp * index);
  warp.lanes = lanes == kThreadsPerWarp ? ~0u : (1u << lanes) - 1;
  warp.groups.assign(1, Group{Group::Ready, 0, warp.lanes, 0, 0});
  warp.async.clear();
  memset(warp.async_group, 0, sizeof warp.async_group);
  warp.local_stride = prog->local_bytes;
  warp.local = local_mem.data() + size_t{index} * kThreadsPerWarp * prog->local_bytes;
  write_special_registers(*this, warp, new_launch);
}

Block::Result Block::run(u64 budget) {
  const u64 end = warp_insts + budget;
  for (;;) {
    bool progress = false, alive = false;
    for (Warp& warp : warps) {
      if (!warp.live()) continue;
      progress |= run_warp(*this, warp, kWarpSlice);
      alive |= warp.live() != 0;
    }
    if (!alive) return Done;
    if (!progress) deadlock();
    if (warp_insts > end) return Yield;
  }
}
}  // namespace convoy::vgpu

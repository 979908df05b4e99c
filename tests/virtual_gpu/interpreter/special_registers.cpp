// %tid, %ctaid and the like: constants of a block's run, written to the register file before it starts.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/block.h"

namespace convoy::vgpu {
namespace {
constexpr u32 kMultiprocessors = 108;

u64 of_thread(const Block& block, SpecialRegister id, u32 thread) {
  const u32* size = block.cfg->block;
  switch (id) {
    case SpecialRegister::TidX:
      return thread % size[0];
    case SpecialRegister::TidY:
      return thread / size[0] % size[1];
    default:
      return thread / (size[0] * size[1]);
  }
}

u64 of_lane(SpecialRegister id, u32 lane) {
  switch (id) {
    case SpecialRegister::Lane:
      return lane;
    case SpecialRegister::MaskEq:
      return 1u << lane;
    case SpecialRegister::MaskLt:
      return (1u << lane) - 1;
    case SpecialRegister::MaskLe:
      return static_cast<u32>((2ull << lane) - 1);
    case SpecialRegister::MaskGe:
      return ~((1u << lane) - 1);
    default:  // MaskGt
      return ~static_cast<u32>((2ull << lane) - 1);
  }
}

u64 of_block(const Block& block, SpecialRegister id) {
  const LaunchConfig& launch = *block.cfg;
  switch (id) {
    case SpecialRegister::NtidX:
      return launch.block[0];
    case SpecialRegister::NtidY:
      return launch.block[1];
    case SpecialRegister::NtidZ:
      return launch.block[2];
    case SpecialRegister::CtaX:
      return block.cta[0];
    case SpecialRegister::CtaY:
      return block.cta[1];
    case SpecialRegister::CtaZ:
      return block.cta[2];
    case SpecialRegister::NctaX:
      return launch.grid[0];
    case SpecialRegister::NctaY:
      return launch.grid[1];
    case SpecialRegister::NctaZ:
      return launch.grid[2];
    case SpecialRegister::NWarp:
      return block.warps.size();
    case SpecialRegister::SmId:
      return block.linear % kMultiprocessors;
    case SpecialRegister::NSmId:
      return kMultiprocessors;
    case SpecialRegister::GridId:
      return launch.grid_id;
    case SpecialRegister::DynSmem:
      return launch.dyn_shared;
    case SpecialRegister::TotalSmem:
      return block.prog->shared_static + launch.dyn_shared;
    case SpecialRegister::One:
      return 1;
    case SpecialRegister::GridWsHi:
      return launch.workspace >> 32;
    case SpecialRegister::GridWsLo:
      return static_cast<u32>(launch.workspace);
    default:  // Zero
      return 0;
  }
}

enum class Varies { by_lane, by_warp, by_block, never };

Varies varies(SpecialRegister id) {
  switch (id) {
    case SpecialRegister::TidX:
    case SpecialRegister::TidY:
    case SpecialRegister::TidZ:
    case SpecialRegister::Lane:
    case SpecialRegister::MaskEq:
    case SpecialRegister::MaskLt:
    case SpecialRegister::MaskLe:
    case SpecialRegister::MaskGe:
    case SpecialRegister::MaskGt:
      return Varies::by_lane;
    case SpecialRegister::WarpId:
      return Varies::by_warp;
    case SpecialRegister::CtaX:
    case SpecialRegister::CtaY:
    case SpecialRegister::CtaZ:
    case SpecialRegister::SmId:
      return Varies::by_block;
    default:
      return Varies::never;
  }
}

u64 value_in_lane(const Block& block, const Warp& warp, SpecialRegister id, u32 lane) {
  const bool of_thread_id = id == SpecialRegister::TidX || id == SpecialRegister::TidY || id == SpecialRegister::TidZ;
  return of_thread_id ? of_thread(block, id, 32 * warp.id + lane) : of_lane(id, lane);
}

template <class Lane>
void write(const Block& block, const Warp& warp, const SpecialRegisterUse& use) {
  Lane* to = reinterpret_cast<Lane*>(warp.base[0] + use.off);
  if (varies(use.id) == Varies::by_lane) {
    for (u32 lane = 0; lane < 32; ++lane) to[lane] = static_cast<Lane>(value_in_lane(block, warp, use.id, lane));
  } else {
    const u64 value = varies(use.id) == Varies::by_warp ? warp.id : of_block(block, use.id);
    std::fill(to, to + 32, static_cast<Lane>(value));
  }
}
}  // namespace

void write_special_registers(const Block& block, const Warp& warp, bool new_launch) {
  for (const SpecialRegisterUse& use : block.prog->sregs) {
    if (!new_launch && varies(use.id) != Varies::by_block) continue;
    if (use.width == 8)
      write<u64>(block, warp, use);
    else
      write<u32>(block, warp, use);
  }
}
}  // namespace convoy::vgpu

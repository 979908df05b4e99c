// %tid, %ctaid and the like: constants of a block's run, written to the register file before it starts.
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

u64 value_of(const Block& block, const Warp& warp, SpecialRegister id, u32 lane) {
  switch (id) {
    case SpecialRegister::TidX:
    case SpecialRegister::TidY:
    case SpecialRegister::TidZ:
      return of_thread(block, id, 32 * warp.id + lane);
    case SpecialRegister::Lane:
    case SpecialRegister::MaskEq:
    case SpecialRegister::MaskLt:
    case SpecialRegister::MaskLe:
    case SpecialRegister::MaskGe:
    case SpecialRegister::MaskGt:
      return of_lane(id, lane);
    case SpecialRegister::WarpId:
      return warp.id;
    default:
      return of_block(block, id);
  }
}
}  // namespace

void write_special_registers(const Block& block, Warp& warp) {
  for (const SpecialRegisterUse& use : block.prog->sregs) {
    char* to = warp.base[0] + use.off;
    for (u32 lane = 0; lane < 32; ++lane) {
      const u64 value = value_of(block, warp, use.id, lane);
      if (use.width == 8)
        reinterpret_cast<u64*>(to)[lane] = value;
      else
        reinterpret_cast<u32*>(to)[lane] = static_cast<u32>(value);
    }
  }
}
}  // namespace convoy::vgpu

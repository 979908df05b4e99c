// A kernel made ready to run: its instructions, constants, and what its blocks need of memory.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/virtual_gpu/interpreter/instruction.h"

namespace convoy::vgpu {

struct Image;

enum class SpecialRegister : u8 {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaX,
  CtaY,
  CtaZ,
  NctaX,
  NctaY,
  NctaZ,
  Lane,
  WarpId,
  NWarp,
  MaskEq,
  MaskLe,
  MaskLt,
  MaskGe,
  MaskGt,
  SmId,
  NSmId,
  GridId,
  DynSmem,
  TotalSmem,
  Zero,
  One,
  GridWsHi,  // the barrier of cooperative grids
  GridWsLo
};
struct SpecialRegisterUse {  // filled in when a block starts
  SpecialRegister id;
  u32 off;
  u8 width;  // bytes a lane
};

struct SharedVar {
  std::string name;
  u32 off, size;
};

struct Program {
  std::string name, pretty;  // mangled and readable
  const Function* entry = nullptr;
  Image* image = nullptr;
  std::vector<Inst> code;
  std::vector<std::unique_ptr<std::vector<Operand>>> vecs;  // what Inst::v points into
  std::vector<std::unique_ptr<std::vector<u32>>> tables;    // what Inst::table points to
  char* consts = nullptr;
  size_t const_bytes = 0;
  u32 reg_bytes = 0, local_bytes = 0;  // a warp's registers; a thread's local memory
  u32 shared_static = 0;               // bytes that the program asked for, without red zones
  u32 dyn_offset = 0;                  // where dynamic shared memory starts
  std::vector<SharedVar> shared_vars;
  std::vector<u8> redzones;                 // one byte per 4-byte word of the static part: 1 between variables
  std::vector<std::pair<u32, u32>> params;  // offset and size
  u32 param_bytes = 0;
  std::vector<SpecialRegisterUse> sregs;
  u32 max_dyn_shared = 48 << 10;
  u32 reg_estimate = 0;
};

// Generic addresses of the per-block and per-thread spaces carry the space in their top bits.
constexpr u64 kSharedWin = 1ull << 60, kLocalWin = 2ull << 60, kParamWin = 3ull << 60, kWinMask = 15ull << 60;
constexpr u32 kSharedBase = 1024;  // shared offsets below it are never valid: catches null shared pointers

// "shared_example(int*)" for "_Z14shared_examplePi"; other names as they are.
std::string demangle(const std::string& name);

}  // namespace convoy::vgpu

// One decoded instruction, and the handler that applies it to the lanes of a warp.
//
// Registers live in a file per warp of rows of 32 lanes: predicates are one u32 lane mask, registers of up to 32 bits
// are u32[32], 64-bit registers are u64[32]. Constants lie in a second file of the same form.
#pragma once

#include <vector>

#include "tests/virtual_gpu/ptx/module.h"

namespace convoy::vgpu {

struct Warp;
struct Inst;
using Handler = void (*)(Warp&, const Inst&, u32 mask);  // applies the instruction to the lanes of `mask`, at least one

struct Operand {         // its row begins at warp.base[sel] + off
  u32 off = 0, sel = 0;  // sel 0: registers, 1: constants
};

// What the block runner itself does at an instruction; None: call the handler and go on.
enum class Control : u8 {
  None,
  Bra,
  BraIdx,
  Exit,
  Ret,
  Call,
  Barrier,
  BarrierArrive,
  WarpSync,     // bring the lanes of the member mask together, then call the handler
  WarpBarrier,  // __syncwarp
  Trap
};

// What an instruction counts as in the profile (bits of Inst::cls).
enum CountClass : u32 {
  kFma32 = 1,
  kFlop32 = 2,
  kMma = 4,
  kLdGlobal = 8,
  kStGlobal = 16,
  kLdShared = 32,
  kStShared = 64,
  kShuffle = 128,
  kBarrier = 256,
  kAtomic = 512,
  kAsync = 1024,
  kLocal = 2048,
  kSfu = 4096,
  kHalf2 = 8192
};

struct Inst {
  Handler fn = nullptr;
  Handler inner = nullptr;     // what fn wraps, where it sets a rounding mode around it
  Operand d, a, b, c, e;       // destination and sources; a decoder and its handlers agree on the meaning
  const Operand* v = nullptr;  // register vectors: ld.v4, mma fragments
  Operand mask;                // WarpSync, WarpBarrier: the member mask
  bool aligned = false;        // all lanes of the warp must come together: .aligned
  i64 imm = 0;                 // address offset or small constant
  i32 pred = -1;               // guard: offset of the predicate in the register file, -1 for none
  bool pred_negated = false;
  Control ctl = Control::None;
  Type ty = Type::None, ty2 = Type::None;
  Space space = Space::Generic;
  u8 size = 0;                              // bytes of an element in memory
  u8 vec = 1;                               // elements
  u8 sub = 0;                               // which of the opcode's variants, as its handler says
  u8 wide = 0;                              // bytes of the register that holds the address
  bool f1 = false, f2 = false, f3 = false;  // as the handler says
  u32 target = 0;                           // branches and calls: index in Program::code
  u32 idx = 0;                              // its own index in Program::code
  u32 cls = 0, flops = 0;                   // CountClass bits; floating-point operations of a lane
  const std::vector<u32>* table = nullptr;  // brx: targets; library calls: local-memory offsets of the arguments
  const ParsedInst* raw = nullptr;
  const Function* func = nullptr;
};

}  // namespace convoy::vgpu

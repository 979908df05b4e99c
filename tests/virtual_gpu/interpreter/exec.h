// exec.h - the executable form of a kernel and the state of the warps and blocks that run it.
//
// A kernel is decoded once into a flat array of Inst; each Inst carries a handler that applies it to the
// lanes of one warp given by a mask. Registers live in a per-warp file of 32-lane vectors: predicates are
// one u32 lane mask, registers of up to 32 bits are u32[32], 64-bit registers are u64[32].
#pragma once
#include <immintrin.h>
#include <cmath>
#include <cstring>
#include <functional>
#include <unordered_map>
#include "tests/virtual_gpu/ptx/ptx.h"

namespace convoy::vgpu {
struct Warp;
struct Inst;
struct Block;
struct Program;
struct Image;
using Handler = void (*)(Warp&, const Inst&, u32 mask);

struct Operand {
  u32 off = 0, sel = 0;
};  // address = warp.base[sel] + off  (0: registers, 1: constants)

enum class Control : u8 { None, Bra, BraIdx, Exit, Ret, Call, Barrier, BarrierArrive, WarpSync, WarpBarrier, Trap };

// What an instruction counts as in the profile.
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
  Handler fn = nullptr, inner = nullptr;  // inner: wrapped handler (rounding-mode variants)
  Operand d, a, b, c, e;                  // destination and sources (meaning depends on the handler)
  Operand mask;
  bool aligned = false;        // warp-synchronous instructions: member mask, or all lanes (.aligned)
  const Operand* v = nullptr;  // register vectors (ld/st .v4, mma fragments, ...)
  i64 imm = 0;                 // address offset or small constant
  i32 pred = -1;
  bool pred_negated = false;  // guard: offset of the predicate in the register file
  Control ctl = Control::None;
  Type ty = Type::None, ty2 = Type::None;
  Space space = Space::Generic;
  u8 size = 0, vec = 1, sub = 0, wide = 0;  // bytes per element, elements, handler-specific selectors
  bool f1 = false, f2 = false, f3 = false;  // handler-specific flags
  u32 target = 0, idx = 0, cls = 0, flops = 0;
  const std::vector<u32>* table = nullptr;  // brx targets, or local-memory offsets of built-in call arguments
  const ParsedInst* raw = nullptr;
  const Function* func = nullptr;
};

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
  GridWsHi,
  GridWsLo
};
struct SpecialRegisterUse {
  SpecialRegister id;
  u32 off;
  u8 width;
};

struct SharedVar {
  std::string name;
  u32 off, size;
};

struct Program {  // one kernel, decoded
  std::string name, pretty;
  const Function* entry = nullptr;
  Image* image = nullptr;
  std::vector<Inst> code;
  std::vector<std::unique_ptr<std::vector<Operand>>> vecs;
  std::vector<std::unique_ptr<std::vector<u32>>> tables;
  char* consts = nullptr;
  size_t const_bytes = 0;
  u32 reg_bytes = 0, local_bytes = 0;
  u32 shared_static = 0;  // bytes the program asked for (without red zones)
  u32 dyn_offset = 0;     // where dynamic shared memory starts
  std::vector<SharedVar> shared_vars;
  std::vector<u8> redzones;  // one byte per 4-byte word of the static part
  std::vector<std::pair<u32, u32>> params;
  u32 param_bytes = 0;  // (offset, size)
  std::vector<SpecialRegisterUse> sregs;
  u32 max_dyn_shared = 48 << 10;
  u32 reg_estimate = 0;
};

// Address windows for generic pointers into per-block and per-thread spaces.
constexpr u64 kSharedWin = 1ull << 60, kLocalWin = 2ull << 60, kParamWin = 3ull << 60, kWinMask = 15ull << 60;
constexpr u32 kSharedBase = 1024;  // shared offsets below this are never valid (catches null shared pointers)

struct DeviceFault {  // thrown by handlers, completed by the block runner
  int code;           // cudaError_t
  std::string what;
  int lane = -1;
};

struct Counters {
  u64 warp_insts = 0, thread_insts = 0, fma = 0, flops = 0, mma_flops = 0, shuffles = 0, barriers = 0, atomics = 0,
      sfu = 0;
  u64 ld_bytes = 0, st_bytes = 0, ld_sectors = 0, st_sectors = 0, ld_req = 0, st_req = 0, vec128 = 0, vec64 = 0,
      narrow = 0;
  u64 shared_req = 0, bank_replays = 0, divergent = 0, branches = 0, local_req = 0, async_bytes = 0, async_sectors = 0;
  void add(const Counters& o);
};

struct Group {  // lanes of one warp that share a program counter
  enum State : u8 { Ready, AtBarrier, AtWarpSync, AtWarpBarrier } state = Ready;
  u32 pc = 0, mask = 0;
  u32 bar = 0;
  u32 need = 0;
};

struct AsyncCopy {
  u32 lane, group, dst, size;
  u8 data[16];
};

struct Warp {
  char* base[2] = {nullptr, nullptr};
  Block* blk = nullptr;
  u32 id = 0, lanes = 0, exited = 0, carry = 0;
  std::vector<Group> groups;
  u8* local = nullptr;
  u32 local_stride = 0;
  std::vector<AsyncCopy> async;
  u32 async_group[32] = {};
  u64 spins = 0;
  u32 live() const { return lanes & ~exited; }
};

struct alignas(32) ShadowWord {
  u32 write_stamp = 0, read_stamp = 0;
  u16 write_thread = 0, read_thread = 0;
  u32 write_inst = 0, read_inst = 0;
  u8 write_atomic = 0, multi_read = 0, half = 0;
  u32 half_stamp = 0;
};

struct AccessCache {
  u64 lo = 1, hi = 0;
  i64 delta = 0;
};  // the allocation an instruction touched last

struct NamedBarrier {  // one of the 16 barriers of a block
  std::vector<u32> arrived;
  bool any = false;
  u32 expected = 0;  // lanes per warp; 0: every live thread
  u32 popc = 0;
  bool all = true, some = false;  // reduction so far
};

struct LaunchConfig {
  u32 grid[3], block[3];
  u32 dyn_shared;
  std::vector<u8> params;
  bool cooperative = false;
  u64 grid_id = 0;
  u64 workspace = 0;
};  // workspace: barrier of cooperative grids

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
  u32 shared_bytes = 0;     // shared_bytes: end of the valid range
  std::vector<u8> redzone;  // one byte per 4-byte shared word: 1 = red zone
  std::vector<ShadowWord> shadow, shadow_half;
  u32 stamp = 1, full_stamp = 1;
  std::vector<u32> barrier_stamp, warp_sync_stamp;  // last barrier per warp / warp-sync per thread
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
  void start_warp(u32 index);
  void arrive(Warp&, const Inst&, u32 mask);
  bool try_complete(u32 bar);
  void exit_lanes(Warp&, u32 mask);
  bool warp_barrier(Warp&, u32 member, u32 arriving);
  [[noreturn]] void deadlock();
};

std::string fault_report(const Block& b, const DeviceFault& f);
[[noreturn]] void fault(int code, const std::string& what, int lane = -1);
std::string hex(u64 v);

// ---- lane helpers --------------------------------------------------------------------------------------
template <class T>
inline T* reg(Warp& w, const Operand& o) {
  return reinterpret_cast<T*>(w.base[o.sel] + o.off);
}
inline u32& predicate(Warp& w, const Operand& o) { return *reinterpret_cast<u32*>(w.base[o.sel] + o.off); }

template <class T>
struct LaneStorage {
  using type = u32;
};
template <>
struct LaneStorage<u64> {
  using type = u64;
};
template <>
struct LaneStorage<i64> {
  using type = u64;
};
template <>
struct LaneStorage<double> {
  using type = u64;
};

struct half_t {
  u16 b;
};
struct bf16_t {
  u16 b;
};
inline float bits_to_float(u32 u) {
  float f;
  memcpy(&f, &u, 4);
  return f;
}
inline u32 float_to_bits(float f) {
  u32 u;
  memcpy(&u, &f, 4);
  return u;
}
inline float to_float(half_t h) {
  _Float16 x;
  memcpy(&x, &h, 2);
  return (float)x;
}
inline float to_float(bf16_t h) { return bits_to_float((u32)h.b << 16); }
inline float to_float(float f) { return f; }
inline half_t to_half(float f) {
  _Float16 x = (_Float16)f;
  half_t h;
  memcpy(&h, &x, 2);
  if (f != f) h.b = 0x7fff;
  return h;
}
inline bf16_t to_bf16(float f) {
  u32 u = float_to_bits(f);
  u32 r = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
  return bf16_t{(u16)(f != f ? 0x7fff : r)};
}

// reading a value of type T out of a register lane, and the reverse
template <class T>
inline T read_lane(typename LaneStorage<T>::type x) {
  if constexpr (sizeof(T) == sizeof(x)) {
    T t;
    memcpy(&t, &x, sizeof t);
    return t;
  } else if constexpr (sizeof(T) == 2 && std::is_class_v<T>)
    return T{(u16)x};
  else
    return (T)x;
}
template <class T>
inline typename LaneStorage<T>::type write_lane(T v) {
  typename LaneStorage<T>::type x;
  if constexpr (sizeof(T) == sizeof(x))
    memcpy(&x, &v, sizeof x);
  else if constexpr (std::is_class_v<T>)
    x = v.b;
  else if constexpr (sizeof(T) == 2)
    x = (u16)v;
  else
    x = (u8)v;
  return x;
}

// d[l] = f(l) for the lanes of m
template <class T, class F>
inline __attribute__((always_inline)) void each_lane(T* d, u32 m, F f) {
  if (m == ~0u) {
#pragma GCC ivdep
    for (int l = 0; l < 32; ++l) d[l] = f(l);
  } else {
#pragma GCC ivdep
    for (int l = 0; l < 32; ++l) {
      T v = f(l);
      d[l] = (m >> l & 1) ? v : d[l];
    }
  }
}
template <class F>
inline void for_lanes(u32 m, F f) {
  for (; m; m &= m - 1) f(__builtin_ctz(m));
}
// predicate write: bit l of result is f(l)
template <class F>
inline __attribute__((always_inline)) u32 mask_of(F f) {
#ifdef __AVX2__
  alignas(32) u8 t[32];
#pragma GCC ivdep
  for (int l = 0; l < 32; ++l) t[l] = f(l) ? 0xff : 0;
  return (u32)_mm256_movemask_epi8(*(const __m256i*)t);
#else
  u32 r = 0;
  for (int l = 0; l < 32; ++l) r |= (u32)(bool)f(l) << l;
  return r;
#endif
}
inline void set_predicate(u32& p, u32 m, u32 v) { p = (p & ~m) | (v & m); }

// ---- memory (memory.cpp) -------------------------------------------------------------------------------
void race_access(Warp& w, const Inst& i, int lane, u32 off, u32 bytes, bool write, bool atomic, const void* new_data);
u8* shared_ptr(Warp& w, const Inst& i, int lane, u32 off, u32 bytes);  // bounds, red zones, alignment

void mbarrier_arrive(Warp& w, const Inst& i, u32 m);  // mbarrier.cpp: one arrival per lane at address i.a + i.imm

// ---- decoder interface (decode.cpp) --------------------------------------------------------------------
struct Slot {
  u32 off, size;
};
struct PlacedFunction {  // a function placed in a program
  const Function* f = nullptr;
  std::vector<Operand> regs;
  std::map<std::string, Slot> local;  // .local and .param variables, and the formal parameters of a .func: local memory
  std::map<std::string, Slot> param;  // parameters of an .entry
  std::map<std::string, u32> shared;
  u32 start = 0;
  Operand return_pc;              // entry point; per-lane return address
  std::vector<u32> body_to_code;  // statement index -> instruction index
};

class ProgramBuilder;
class InstDecoder {  // view of one instruction while it is being decoded
 public:
  InstDecoder(ProgramBuilder& D, PlacedFunction& f, const ParsedInst& r, Inst& i)
      : D(D), f(f), r(r), i(i), used(r.mods.size()) {}
  ProgramBuilder& D;
  PlacedFunction& f;
  const ParsedInst& r;
  Inst& i;
  bool has(const char* m);                                   // consume a modifier anywhere in the list
  bool has_prefix(const char* m);                            // consume a modifier by prefix (cache hints)
  std::string one_of(std::initializer_list<const char*> l);  // consume exactly one of these ("" if none)
  Type type();                                               // consume the next type modifier
  bool next_is_type() const;
  void finish();  // complain about anything left
  [[noreturn]] void bad(const std::string& why);
  size_t n() const { return r.ops.size(); }
  Operand src(int k, Type t) { return src(r.ops.at(k), t); }
  Operand src(const ParsedOperand& o, Type t);  // register or immediate, lanes of the width of t
  Operand dst(int k, Type t) { return dst(r.ops.at(k), t); }
  Operand dst(const ParsedOperand& o, Type t);
  Operand any(const ParsedOperand& o, u8& width);  // register of whatever width
  Operand predicate_dst(const ParsedOperand& o);
  Operand predicate_src(const ParsedOperand& o, bool& neg);
  Operand second_predicate_dst(const ParsedOperand& o);  // second destination of a|b, or a scratch predicate
  Operand constant(u64 v, int width);
  Operand scratch(int width);
  const Operand* vec(const ParsedOperand& o, Type t, bool is_dst, int expect = 0);
  void address(int k, Space sp);  // sets i.a, i.wide (base width), i.imm
  u64 immediate(int k);
  const Operand* keep(std::vector<Operand> v);
  u32 local_var(const ParsedOperand& o, u32& size);  // local-memory offset of a parameter or local variable
 private:
  std::vector<bool> used;
};
using DecodeFn = void (*)(InstDecoder&);
struct RegisterOp {
  RegisterOp(const char* name, DecodeFn fn);
};
#define VGPU_CAT2(a, b) a##b
#define VGPU_CAT(a, b) VGPU_CAT2(a, b)
#define PTX_OP(name, fn) static RegisterOp VGPU_CAT(reg_, __COUNTER__)(name, fn)

// ---- images: a loaded module (decode.cpp) --------------------------------------------------------------
struct Image {
  std::unique_ptr<Module> mod;
  std::map<std::string, u64> var_addr;                    // .global/.const variables
  std::map<std::string, std::unique_ptr<Program>> progs;  // decoded kernels
  explicit Image(const std::string& ptx);
  Program& kernel(const std::string& name);
  u64 variable(const std::string& name) const;  // 0 if unknown
};
std::string demangle(const std::string& s);

// device-side library calls (control.cpp)
using Builtin = void (*)(Warp&, const Inst&, u32);
Builtin find_builtin(const std::string& name);
}  // namespace convoy::vgpu

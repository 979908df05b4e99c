// ptx.h - the parsed form of a PTX module (text -> syntax tree, nothing executed here).
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace vgpu {
using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i8 = int8_t;
using i16 = int16_t;
using i32 = int32_t;
using i64 = int64_t;

enum class Ty : u8 {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F16X2,
  BF16X2,
  F32,
  F64,
  TF32,
  U16X2,
  S16X2,
  E4M3,
  E5M2,
  E4M3X2,
  E5M2X2
};
Ty parseType(const std::string& s);  // Ty::None when s names no type
int tySize(Ty t);                    // bytes
bool tySigned(Ty t);
bool tyFloat(Ty t);  // scalar floating types

enum class Space : u8 { Generic, Global, Shared, Local, Param, Const };

struct PtxError : std::runtime_error {
  using runtime_error::runtime_error;
};

struct RawOp {  // one operand as written
  enum Kind : u8 { Reg, Special, Imm, Sym, Mem, Vec, Sink, Label } kind = Imm;
  std::string name;  // special register, symbol or label
  int reg = -1;      // Reg, or base register of Mem (-1: symbol or absolute)
  i64 off = 0;       // Mem / Sym offset
  u64 imm = 0;
  char fkind = 0;    // 'f' / 'd' for 0f.. / 0d.. literals
  bool neg = false;  // !%p
  int alt = -1;      // second destination of  a|b  (-2: sink)
  std::vector<RawOp> v;
};

struct RawInst {
  std::string op;                 // "ld"
  std::vector<std::string> mods;  // {"global","v4","f32"}
  std::vector<RawOp> ops;
  int pred = -1;
  bool pneg = false;             // @%p / @!%p
  int line = 0;                  // line in the PTX text
  int srcFile = 0, srcLine = 0;  // from .loc
  std::string text;
  int scope = 0;
};

struct Init {
  u64 off;
  std::string sym;
  i64 add;
};  // address to patch into an initialiser

struct Var {
  std::string name;
  Space space = Space::Global;
  Ty ty = Ty::B8;
  u32 align = 1;
  u64 size = 0;
  bool isExtern = false;
  std::vector<u8> init;
  std::vector<Init> relocs;
};

struct RegDecl {
  std::string name;
  Ty ty;
};

struct Func {
  std::string name;
  bool entry = false, hasBody = false;
  std::vector<Var> rets, params, vars;  // vars: .local/.shared/.param declared in the body
  std::vector<RegDecl> regs;
  std::vector<RawInst> body;
  std::map<std::pair<int, std::string>, int> labels;  // (scope, name) -> instruction index
  std::map<std::pair<int, std::string>, std::vector<std::string>> branchTargets;
  std::vector<int> scopeParent{-1};
  u32 maxThreads = 0;  // .maxntid / .reqntid product, 0 if absent
  int findLabel(int scope, const std::string& n) const;
};

struct Module {
  int smVersion = 80;
  std::map<std::string, Func> funcs;
  std::map<std::string, Var> vars;   // module scope
  std::map<int, std::string> files;  // .file table
};

std::unique_ptr<Module> parsePtx(const std::string& text);
}  // namespace vgpu

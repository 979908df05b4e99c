// ptx.h - the parsed form of a PTX module (text -> syntax tree, nothing executed here).
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace convoy::vgpu {
using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i8 = int8_t;
using i16 = int16_t;
using i32 = int32_t;
using i64 = int64_t;

enum class Type : u8 {
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
Type parse_type(const std::string& s);  // Ty::None when s names no type
int type_size(Type t);                  // bytes
bool is_signed(Type t);
bool is_float(Type t);  // scalar floating types

enum class Space : u8 { Generic, Global, Shared, Local, Param, Const };

struct PtxError : std::runtime_error {
  using runtime_error::runtime_error;
};

struct ParsedOperand {  // one operand as written
  enum Kind : u8 { Reg, Special, Imm, Sym, Mem, Vec, Sink, Label } kind = Imm;
  std::string name;  // special register, symbol or label
  int reg = -1;      // Reg, or base register of Mem (-1: symbol or absolute)
  i64 off = 0;       // Mem / Sym offset
  u64 imm = 0;
  char fkind = 0;    // 'f' / 'd' for 0f.. / 0d.. literals
  bool neg = false;  // !%p
  int alt = -1;      // second destination of  a|b  (-2: sink)
  std::vector<ParsedOperand> v;
};

struct ParsedInst {
  std::string op;                 // "ld"
  std::vector<std::string> mods;  // {"global","v4","f32"}
  std::vector<ParsedOperand> ops;
  int pred = -1;
  bool pred_negated = false;       // @%p / @!%p
  int line = 0;                    // line in the PTX text
  int src_file = 0, src_line = 0;  // from .loc
  std::string text;
  int scope = 0;
};

struct Relocation {
  u64 off;
  std::string sym;
  i64 add;
};  // address to patch into an initialiser

struct Variable {
  std::string name;
  Space space = Space::Global;
  Type ty = Type::B8;
  u32 align = 1;
  u64 size = 0;
  bool is_extern = false;
  std::vector<u8> init;
  std::vector<Relocation> relocs;
};

struct RegisterDeclaration {
  std::string name;
  Type ty;
};

struct Function {
  std::string name;
  bool entry = false, has_body = false;
  std::vector<Variable> rets, params, vars;  // vars: .local/.shared/.param declared in the body
  std::vector<RegisterDeclaration> regs;
  std::vector<ParsedInst> body;
  std::map<std::pair<int, std::string>, int> labels;  // (scope, name) -> instruction index
  std::map<std::pair<int, std::string>, std::vector<std::string>> branch_targets;
  std::vector<int> scope_parent{-1};
  u32 max_threads = 0;  // .maxntid / .reqntid product, 0 if absent
  int find_label(int scope, const std::string& n) const;
};

struct Module {
  int sm_version = 80;
  std::map<std::string, Function> funcs;
  std::map<std::string, Variable> vars;  // module scope
  std::map<int, std::string> files;      // .file table
};

std::unique_ptr<Module> parse_ptx(const std::string& text);
}  // namespace convoy::vgpu

// The syntax tree of a PTX module: text taken apart, nothing looked up or executed.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/virtual_gpu/ptx/types.h"

namespace convoy::vgpu {

enum class Space : u8 { Generic, Global, Shared, Local, Param, Const };

// The PTX cannot be run: the message names the line, what was found there and what is not supported.
struct PtxError : std::runtime_error {
  using runtime_error::runtime_error;
};

struct ParsedOperand {  // one operand as written
  enum Kind : u8 { Reg, Special, Imm, Sym, Mem, Vec, Sink } kind = Imm;
  enum SecondDst : int { kNone = -1, kSecondSink = -2 };
  std::string name;  // of a special register, symbol or label
  int reg = -1;      // Reg: index in Function::regs; Mem: the base register, -1 for a symbol or an absolute address
  i64 off = 0;       // what is added to a Mem or Sym
  u64 imm = 0;
  char fkind = 0;                // Imm: 'f' for 0f..., 'd' for 0d..., 0 for an integer
  bool neg = false;              // !%p
  int alt = kNone;               // the q of p|q: a register, or kSecondSink
  std::vector<ParsedOperand> v;  // Vec: the elements
};

struct ParsedInst {
  std::string op;                  // "ld"
  std::vector<std::string> mods;   // {"global", "v4", "f32"}
  std::vector<ParsedOperand> ops;  // of a call: Vec of results, target, Vec of arguments
  int pred = -1;                   // register of the guard @%p, -1 for none
  bool pred_negated = false;       // @!%p
  int line = 0;                    // in the PTX text
  int src_file = 0, src_line = 0;  // of the CUDA source, from .loc; line 0: unknown
  std::string text;
  int scope = 0;  // the braces it stands in, for labels
};

struct Relocation {  // an address to write into an initialiser once variables are placed
  u64 off;
  std::string sym;
  i64 add;
};

struct Variable {
  std::string name;
  Space space = Space::Global;
  Type ty = Type::B8;
  u32 align = 1;
  u64 size = 0;  // bytes; 0 for extern arrays (dynamic shared memory)
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
  std::vector<Variable> rets, params;
  std::vector<Variable> vars;  // .local, .shared and .param variables of the body; "scope:name" in inner braces
  std::vector<RegisterDeclaration> regs;
  std::vector<ParsedInst> body;
  std::map<std::pair<int, std::string>, int> labels;  // (scope, name) -> index in body
  std::map<std::pair<int, std::string>, std::vector<std::string>> branch_targets;
  std::vector<int> scope_parent{-1};
  u32 max_threads = 0;  // product of .maxntid or .reqntid, 0 if absent

  int find_label(int scope, const std::string& label) const;  // index in body, -1 if not visible from `scope`
};

struct Module {
  int sm_version = 80;  // of .target
  std::map<std::string, Function> funcs;
  std::map<std::string, Variable> vars;  // of module scope
  std::map<int, std::string> files;      // the .file table
};

}  // namespace convoy::vgpu

// What a decoder of an opcode sees: one parsed instruction, and the tools to turn it into an Inst.
//
//   void decode_brev(InstDecoder& d) { ... }
//   PTX_OP("brev", decode_brev);       // registers the opcode; nothing else needs to know of it
//
// A decoder consumes the modifiers that it knows. Any that is left, an operand of the wrong kind or width, and a type
// without a handler are errors naming the PTX line.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "tests/virtual_gpu/interpreter/program.h"

namespace convoy::vgpu {

class ProgramBuilder;

struct Slot {  // in a thread's local memory
  u32 off, size;
};

struct PlacedFunction {  // a function that has its place in a program
  const Function* f = nullptr;
  std::vector<Operand> regs;          // by index in Function::regs
  std::map<std::string, Slot> local;  // .local and .param variables, and the parameters of a .func
  std::map<std::string, Slot> param;  // parameters of an .entry
  std::map<std::string, u32> shared;
  u32 start = 0;                  // index in Program::code
  Operand return_pc;              // a lane's return address
  std::vector<u32> body_to_code;  // index in Function::body -> index in Program::code
};

class InstDecoder {
 public:
  InstDecoder(ProgramBuilder& builder, PlacedFunction& function, const ParsedInst& parsed, Inst& inst)
      : D(builder), f(function), r(parsed), i(inst), used_(parsed.mods.size()) {}

  // Modifiers, each consumed once.
  bool has(const char* modifier);
  bool has_prefix(const char* prefix);                               // for cache hints
  std::string one_of(std::initializer_list<const char*> modifiers);  // the first that is there, "" if none
  int index_of(std::initializer_list<const char*> modifiers);        // its place in the list, -1 if none
  Type type();                                                       // the next type; an error if there is none
  bool next_is_type() const;
  void cache_hint();  // .L2::cache_hint, if it is there; its operand, a policy, stands last and is not counted
  void finish();      // complains about anything left

  // Operands, by index or as parsed. `t` says how wide a lane is; immediates become rows of constants.
  size_t n() const { return r.ops.size() - policies_; }
  const ParsedOperand& op(int k) const { return r.ops.at(k); }
  Operand src(int k, Type t) { return src(op(k), t); }
  Operand src(const ParsedOperand& o, Type t);
  Operand dst(int k, Type t) { return dst(op(k), t); }
  Operand dst(const ParsedOperand& o, Type t);
  Operand any(const ParsedOperand& o, u8& width);  // a register of any width, which is told
  Operand predicate_dst(const ParsedOperand& o);
  Operand predicate_src(const ParsedOperand& o, bool& negated);
  Operand second_predicate_dst(const ParsedOperand& o);  // the q of p|q, or scratch
  bool has_second_dst(const ParsedOperand& o) const { return o.alt != ParsedOperand::kNone; }
  Operand constant(u64 value, int width);
  Operand scratch(int width);
  const Operand* vec(const ParsedOperand& o, Type t, bool is_dst, int expected = 0);
  const Operand* keep(std::vector<Operand> v);
  void address(int k, Space space);  // sets i.a, i.wide and i.imm; i.space where a symbol says it
  u64 immediate(int k);
  u32 local_var(const ParsedOperand& o, u32& size);  // its offset in local memory
  void operands(Type t, int sources);                // i.d, i.a, i.b, i.c, all of type t, and no other operand

  // Throws PtxError: "PTX line 12: unsupported WHY in 'TEXT' (function NAME)".
  [[noreturn]] void bad(const std::string& why);

  ProgramBuilder& D;
  PlacedFunction& f;
  const ParsedInst& r;
  Inst& i;

 private:
  Operand immediate_src(const ParsedOperand& o, Type t);
  Operand symbol_src(const ParsedOperand& o, int width);
  void symbol_address(const ParsedOperand& o, Space space);

  std::vector<bool> used_;
  size_t policies_ = 0;
};

using DecodeFn = void (*)(InstDecoder&);
DecodeFn find_op(const std::string& name);  // null when no file has registered it

struct RegisterOp {
  RegisterOp(const char* name, DecodeFn fn);
};
#define VGPU_CAT2(a, b) a##b
#define VGPU_CAT(a, b) VGPU_CAT2(a, b)
#define PTX_OP(name, fn) static RegisterOp VGPU_CAT(reg_, __COUNTER__)(name, fn)

// Functions that the device library provides: printf, assert, malloc, free. Null when there is no such function.
using Builtin = Handler;
Builtin find_builtin(const std::string& name);

}  // namespace convoy::vgpu

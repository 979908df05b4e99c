// decode.h - building a Program from a parsed kernel.
#pragma once
#include <deque>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
class ProgramBuilder {
 public:
  ProgramBuilder(Image& im, Program& p) : image(im), prog(p) {}
  void build(const Function& entry);
  Operand constant(u64 v, int width);
  Operand reserve(u32 bytes);  // space in the register file
  Operand special(const std::string& name, int width);
  Inst& emit(PlacedFunction& f, const ParsedInst& r);
  PlacedFunction* context(const std::string& name);
  struct Fix {
    u32 inst;
    PlacedFunction* f;
    int label;
  };
  std::vector<Fix> branch_fixes;                                          // Inst::target <- code index of a body index
  std::vector<std::pair<u32, PlacedFunction*>> call_fixes;                // Inst::target <- start of a function
  std::deque<std::pair<std::vector<u32>*, PlacedFunction*>> table_fixes;  // brx tables
  Image& image;
  Program& prog;

 private:
  void collect(const Function& f);
  void layout_shared();
  void layout_function(PlacedFunction& f);
  void body(PlacedFunction& f);
  std::vector<std::unique_ptr<PlacedFunction>> funcs;
  std::map<std::string, PlacedFunction*> by_name;
  std::map<std::pair<u64, int>, Operand> consts;
  std::vector<u8> const_data;
  std::vector<std::string> visiting;
  std::map<std::string, Operand> specials;
};
DecodeFn find_op(const std::string& name);
void decode_call_returns(ProgramBuilder& D, PlacedFunction& f, const ParsedInst& r);  // control.cpp
}  // namespace convoy::vgpu

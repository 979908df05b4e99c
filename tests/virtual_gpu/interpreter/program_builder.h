// From a parsed kernel to a Program: places registers, variables and the functions that it calls, then decodes.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/image.h"

namespace convoy::vgpu {

int lane_width(Type type);  // bytes of a lane of a register of this type: 4 or 8

class ProgramBuilder {
 public:
  ProgramBuilder(Image& im, Program& p) : image(im), prog(p) {}
  void build(const Function& entry);  // throws PtxError

  // For decoders.
  Operand constant(u64 value, int width);               // a row of 32 times `value`
  Operand reserve(u32 bytes);                           // space in the register file
  Operand special(const std::string& name, int width);  // filled in when a block starts
  Inst& emit(PlacedFunction& function, const ParsedInst& parsed);
  PlacedFunction* placed(const std::string& name);  // null when the program does not call it

  // The instruction being decoded has these targets, whose places are not known yet.
  void branch_to(PlacedFunction& function, int body_index);
  void call_to(PlacedFunction& function);
  void table_of(std::vector<u32>* body_indices, PlacedFunction& function);  // becomes indices in Program::code

  Image& image;
  Program& prog;

 private:
  struct BranchFix {
    u32 inst;
    PlacedFunction* function;
    int body_index;
  };

  void collect(const Function& f);
  void collect_callee(const ParsedInst& call);
  void layout_shared();
  u32 place_shared(const Variable& variable);
  void find_module_shared(PlacedFunction& placed, std::vector<std::pair<PlacedFunction*, std::string>>& dynamic);
  void layout_function(PlacedFunction& placed);
  Slot place_local(const Variable& variable);
  Slot place_parameter(const Variable& variable);
  void decode_function(PlacedFunction& placed);
  void decode(PlacedFunction& placed, const ParsedInst& parsed);
  void resolve_fixes();

  std::vector<std::unique_ptr<PlacedFunction>> functions_;
  std::map<std::string, PlacedFunction*> by_name_;
  std::vector<std::string> call_path_;  // while collecting: finds recursion
  std::map<std::pair<u64, int>, Operand> constants_;
  std::vector<u8> constant_data_;
  std::map<std::pair<std::string, int>, Operand> specials_;
  u32 shared_end_ = kSharedBase;
  u32 dynamic_alignment_ = 16;
  std::map<std::string, u32> module_shared_;
  std::vector<BranchFix> branch_fixes_;
  std::vector<std::pair<u32, PlacedFunction*>> call_fixes_;
  std::deque<std::pair<std::vector<u32>*, PlacedFunction*>> table_fixes_;
};

}  // namespace convoy::vgpu

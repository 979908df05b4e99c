// decode.h - building a Program from a parsed kernel.
#pragma once
#include <deque>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace vgpu {
class Decoder {
 public:
  Decoder(Image& im, Program& p) : image(im), prog(p) {}
  void build(const Func& entry);
  Operand constant(u64 v, int width);
  Operand reserve(u32 bytes);  // space in the register file
  Operand special(const std::string& name, int width);
  Inst& emit(FuncCtx& f, const RawInst& r);
  FuncCtx* context(const std::string& name);
  struct Fix {
    u32 inst;
    FuncCtx* f;
    int label;
  };
  std::vector<Fix> branchFixes;                                   // Inst::target <- code index of a body index
  std::vector<std::pair<u32, FuncCtx*>> callFixes;                // Inst::target <- start of a function
  std::deque<std::pair<std::vector<u32>*, FuncCtx*>> tableFixes;  // brx tables
  Image& image;
  Program& prog;

 private:
  void collect(const Func& f);
  void layoutShared();
  void layoutFunction(FuncCtx& f);
  void body(FuncCtx& f);
  std::vector<std::unique_ptr<FuncCtx>> funcs;
  std::map<std::string, FuncCtx*> byName;
  std::map<std::pair<u64, int>, Operand> consts;
  std::vector<u8> constData;
  std::vector<std::string> visiting;
  std::map<std::string, Operand> specials;
};
DecodeFn findOp(const std::string& name);
void decodeCallReturns(Decoder& D, FuncCtx& f, const RawInst& r);  // control.cpp
}  // namespace vgpu

// Recursive descent over the tokens of a module. Private to ptx/; others call parse_ptx().
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/virtual_gpu/ptx/lexer.h"
#include "tests/virtual_gpu/ptx/module.h"

namespace convoy::vgpu {

class Parser {
 public:
  explicit Parser(const std::string& text);  // keeps a reference to the text
  std::unique_ptr<Module> run();

 private:
  // parser.cpp: tokens and module scope
  const Token& current() const { return tokens_[position_]; }
  const Token& peek(size_t count = 1) const;
  bool is(const char* text) const;
  bool accept(const char* text);  // steps over `text` if it is next
  void expect(const char* text);
  std::string identifier();
  u64 unsigned_integer();
  i64 signed_integer();
  void skip_past(const char* text);
  void skip_line();
  void skip_braces();
  [[noreturn]] void fail(const std::string& what) const;
  void source_location();
  void top_level();
  bool skipped_directive();

  // parser_variables.cpp
  Variable variable(Space space);
  bool variable_attribute(Variable& variable);
  void variable_name_and_value(Variable& variable);
  void initialiser(Variable& variable, u64& offset);
  u64 initial_value(Variable& variable, u64 offset);
  std::vector<Variable> variable_declaration(bool is_extern);
  std::vector<Variable> parameter_list();

  // parser_function.cpp
  void function();
  void function_attributes(Function& function);
  void function_body();
  void statement();
  void register_declaration();
  void add_register(const std::string& name, Type type);
  void body_variables();
  void label();
  int find_register(const std::string& name) const;  // -1 when there is none

  // parser_instruction.cpp
  void instruction();
  void guard(ParsedInst& inst);
  void call_operands(ParsedInst& inst);
  ParsedOperand operand_list(const char* open, const char* close);
  ParsedOperand operand();
  ParsedOperand primary();
  ParsedOperand address();
  ParsedOperand number();
  ParsedOperand named();
  std::string scoped_name(const std::string& name) const;

  const std::string& text_;
  std::vector<Token> tokens_;
  size_t position_ = 0;
  std::unique_ptr<Module> module_;
  Function* function_ = nullptr;  // the one being parsed
  int scope_ = 0;                 // innermost braces of its body
  int source_file_ = 0, source_line_ = 0;
  std::vector<std::map<std::string, int>> register_scopes_;  // innermost last
};

}  // namespace convoy::vgpu

// Instructions and their operands.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/virtual_gpu/ptx/parser.h"

namespace convoy::vgpu {

void Parser::instruction() {
  ParsedInst inst;
  inst.line = current().line;
  inst.src_file = source_file_;
  inst.src_line = source_line_;
  inst.scope = scope_;
  const size_t begin = current().position;
  guard(inst);
  const std::vector<std::string> parts = split_dots(identifier());
  inst.op = parts[0];
  inst.mods.assign(parts.begin() + 1, parts.end());
  if (inst.op == "call") {
    call_operands(inst);
  } else if (!is(";")) {
    do inst.ops.push_back(operand());
    while (accept(","));
  }
  if (!is(";")) fail("expected ';'");
  inst.text = text_.substr(begin, current().position - begin + 1);
  std::replace_if(
      inst.text.begin(), inst.text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  ++position_;
  function_->body.push_back(std::move(inst));
}

void Parser::guard(ParsedInst& inst) {
  if (!accept("@")) return;
  inst.pred_negated = accept("!");
  inst.pred = find_register(current().text);
  if (inst.pred < 0) fail("unknown predicate");
  ++position_;
}

ParsedOperand Parser::operand_list(const char* open, const char* close) {
  ParsedOperand list;
  list.kind = ParsedOperand::Vec;
  if (!accept(open)) return list;
  while (!accept(close)) {
    list.v.push_back(operand());
    accept(",");
  }
  return list;
}

void Parser::call_operands(ParsedInst& inst) {  // call [(results),] function [, (arguments)] [, prototype];
  const bool has_results = is("(");
  inst.ops.push_back(operand_list("(", ")"));
  if (has_results) expect(",");
  inst.ops.push_back(operand());
  inst.ops.emplace_back();
  inst.ops.back().kind = ParsedOperand::Vec;
  if (!accept(",")) return;
  if (!is("(")) {
    operand();  // the prototype of a call without arguments
    return;
  }
  inst.ops.back() = operand_list("(", ")");
  if (accept(",")) operand();
}

ParsedOperand Parser::operand() {
  ParsedOperand parsed = primary();
  if (!accept("|")) return parsed;
  if (accept("_")) {
    parsed.alt = ParsedOperand::kSecondSink;
    return parsed;
  }
  parsed.alt = find_register(current().text);
  if (parsed.alt < 0) fail("unknown register");
  ++position_;
  return parsed;
}

ParsedOperand Parser::primary() {
  if (is("{")) return operand_list("{", "}");
  if (is("[")) return address();
  if (accept("!")) {
    ParsedOperand parsed = primary();
    parsed.neg = !parsed.neg;
    return parsed;
  }
  if (current().kind == Token::Number || is("-")) return number();
  if (current().kind != Token::Identifier) fail("bad operand");
  return named();
}

ParsedOperand Parser::address() {  // [register or symbol or number, + or - number]
  ParsedOperand parsed;
  parsed.kind = ParsedOperand::Mem;
  expect("[");
  if (current().kind == Token::Number) {
    parsed.imm = unsigned_integer();
  } else {
    const std::string name = identifier();
    parsed.reg = find_register(name);
    if (parsed.reg < 0) {
      if (name[0] == '%') fail("unknown register " + name);
      parsed.name = scoped_name(name);
    }
  }
  if (accept("+") || is("-")) parsed.off = signed_integer();
  if (!accept("]")) fail("unsupported address form");
  return parsed;
}

ParsedOperand Parser::number() {
  ParsedOperand parsed;
  parsed.kind = ParsedOperand::Imm;
  const bool negative = accept("-");
  const std::string& text = current().text;
  if (current().kind != Token::Number) fail("unsupported operand");
  if (text.size() > 2 && text[0] == '0' && std::strchr("fFdD", text[1])) {
    if (negative) fail("negative hexadecimal float");
    parsed.fkind = std::strchr("fF", text[1]) ? 'f' : 'd';
    parsed.imm = std::strtoull(text.c_str() + 2, nullptr, 16);
    ++position_;
  } else if (text.find('.') != std::string::npos) {
    const double value = (negative ? -1 : 1) * std::strtod(text.c_str(), nullptr);
    parsed.fkind = 'd';
    std::memcpy(&parsed.imm, &value, sizeof value);
    ++position_;
  } else {
    parsed.imm = unsigned_integer();
    if (negative) parsed.imm = 0 - parsed.imm;
  }
  return parsed;
}

ParsedOperand Parser::named() {
  ParsedOperand parsed;
  const std::string name = identifier();
  if (name == "_") {
    parsed.kind = ParsedOperand::Sink;
  } else if (name == "WARP_SZ") {
    parsed.kind = ParsedOperand::Imm;
    parsed.imm = 32;
  } else if (parsed.reg = find_register(name); parsed.reg >= 0) {
    parsed.kind = ParsedOperand::Reg;
  } else if (name[0] == '%') {
    parsed.kind = ParsedOperand::Special;
    parsed.name = name;
  } else {
    parsed.kind = ParsedOperand::Sym;
    parsed.name = scoped_name(name);
    if (accept("+")) parsed.off = signed_integer();
  }
  return parsed;
}

// The name under which a variable declared in inner braces is kept.
std::string Parser::scoped_name(const std::string& name) const {
  for (int scope = scope_; scope > 0; scope = function_->scope_parent[scope]) {
    const std::string qualified = std::to_string(scope) + ":" + name;
    for (const Variable& variable : function_->vars)
      if (variable.name == qualified) return qualified;
  }
  return name;
}

}  // namespace convoy::vgpu

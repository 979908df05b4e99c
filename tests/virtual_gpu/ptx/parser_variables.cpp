// Variables, their initialisers, and parameter lists.
#include <cstdlib>
#include <cstring>

#include "tests/virtual_gpu/ptx/parser.h"

namespace convoy::vgpu {
namespace {

Space space_of(const std::string& directive) {
  if (directive == ".global") return Space::Global;
  if (directive == ".const") return Space::Const;
  if (directive == ".shared") return Space::Shared;
  if (directive == ".local") return Space::Local;
  return Space::Param;
}

}  // namespace

// [.align n] [.ptr ...] .type name [dimensions] [= initialiser]; what ends it is left to the caller.
Variable Parser::variable(Space space) {
  Variable declared;
  declared.space = space;
  declared.align = 0;
  while (variable_attribute(declared)) {
  }
  variable_name_and_value(declared);
  return declared;
}

bool Parser::variable_attribute(Variable& declared) {
  if (accept(".align")) {
    declared.align = static_cast<u32>(unsigned_integer());
    return true;
  }
  if (accept(".attribute")) {
    skip_past(")");
    return true;
  }
  if (accept(".ptr")) {  // says what a parameter points at, nothing about the parameter
    while (is(".global") || is(".shared") || is(".const") || is(".local") || is(".param") || is(".align"))
      position_ += is(".align") ? 2 : 1;
    return true;
  }
  if (is(".v2") || is(".v4")) fail("vector variables are not supported");
  if (current().kind != Token::Identifier || current().text[0] != '.') return false;
  declared.ty = parse_type(current().text.substr(1));
  if (declared.ty == Type::None) fail("unknown type");
  ++position_;
  return true;
}

void Parser::variable_name_and_value(Variable& declared) {
  declared.name = identifier();
  u64 elements = 1;
  bool open_ended = false;
  while (accept("[")) {
    if (is("]"))
      open_ended = true;
    else
      elements *= unsigned_integer();
    expect("]");
  }
  const u64 element_bytes = type_size(declared.ty);
  if (!declared.align) declared.align = static_cast<u32>(element_bytes);
  declared.size = open_ended ? 0 : elements * element_bytes;
  if (!accept("=")) return;
  declared.init.assign(declared.size, 0);
  u64 offset = 0;
  initialiser(declared, offset);
  if (open_ended) declared.size = declared.init.size();
}

void Parser::initialiser(Variable& declared, u64& offset) {
  if (accept("{")) {
    while (!accept("}")) {
      initialiser(declared, offset);
      accept(",");
    }
    return;
  }
  const u64 bytes = type_size(declared.ty);
  if (declared.init.size() < offset + bytes) declared.init.resize(offset + bytes);
  const u64 value = initial_value(declared, offset);
  std::memcpy(&declared.init[offset], &value, bytes);
  offset += bytes;
}

// A number, or a symbol, whose address is written later.
u64 Parser::initial_value(Variable& declared, u64 offset) {
  const std::string& text = current().text;
  if (current().kind == Token::Number && text.size() > 2 && text[0] == '0' && std::strchr("fFdD", text[1])) {
    ++position_;
    return std::strtoull(text.c_str() + 2, nullptr, 16);
  }
  if (current().kind == Token::Number || is("-")) return static_cast<u64>(signed_integer());
  if (current().kind != Token::Identifier) fail("bad initialiser");
  if (is("mask")) fail("mask() initialisers are not supported");
  if (type_size(declared.ty) != 8) fail("address initialiser in a variable that is not 64 bits wide");
  const bool is_generic = accept("generic");
  if (is_generic) expect("(");
  const std::string symbol = identifier();
  if (is_generic) expect(")");
  const i64 add = accept("+") ? signed_integer() : 0;
  declared.relocs.push_back({offset, symbol, add});
  return 0;
}

std::vector<Variable> Parser::variable_declaration(bool is_extern) {
  const Space space = space_of(current().text);
  ++position_;
  std::vector<Variable> declared{variable(space)};
  declared[0].is_extern = is_extern;
  while (accept(",")) {
    Variable next = declared[0];
    next.init.clear();
    next.relocs.clear();
    variable_name_and_value(next);
    declared.push_back(next);
  }
  expect(";");
  return declared;
}

std::vector<Variable> Parser::parameter_list() {
  std::vector<Variable> parameters;
  expect("(");
  while (!accept(")")) {
    if (is(".reg")) fail(".reg parameters are not supported");
    if (!accept(".param")) fail("bad parameter list");
    parameters.push_back(variable(Space::Param));
    accept(",");
  }
  return parameters;
}

}  // namespace convoy::vgpu

#include "tests/virtual_gpu/ptx/parser.h"

#include <algorithm>
#include <cstdlib>

#include "tests/virtual_gpu/ptx/ptx.h"

namespace convoy::vgpu {

int Function::find_label(int scope, const std::string& label) const {
  for (int s = scope; s >= 0; s = scope_parent[s])
    if (auto it = labels.find({s, label}); it != labels.end()) return it->second;
  return -1;
}

std::unique_ptr<Module> parse_ptx(const std::string& text) { return Parser(text).run(); }

Parser::Parser(const std::string& text) : text_(text), tokens_(lex(text)), module_(new Module) {}

std::unique_ptr<Module> Parser::run() {
  while (current().kind != Token::End) top_level();
  return std::move(module_);
}

// ---- tokens ----
const Token& Parser::peek(size_t count) const { return tokens_[std::min(position_ + count, tokens_.size() - 1)]; }
bool Parser::is(const char* text) const { return current().text == text && current().kind != Token::String; }
bool Parser::accept(const char* text) {
  if (!is(text)) return false;
  ++position_;
  return true;
}
void Parser::fail(const std::string& what) const {
  throw PtxError("PTX line " + std::to_string(current().line) + ": " + what + " near '" + current().text + "'");
}
void Parser::expect(const char* text) {
  if (!accept(text)) fail(std::string("expected '") + text + "'");
}
std::string Parser::identifier() {
  if (current().kind != Token::Identifier) fail("expected a name");
  return tokens_[position_++].text;
}
u64 Parser::unsigned_integer() {
  if (current().kind != Token::Number) fail("expected a number");
  std::string digits = tokens_[position_++].text;
  while (!digits.empty() && (digits.back() == 'U' || digits.back() == 'u')) digits.pop_back();
  const bool binary = digits.size() > 2 && digits[0] == '0' && (digits[1] == 'b' || digits[1] == 'B');
  return binary ? std::strtoull(digits.c_str() + 2, nullptr, 2) : std::strtoull(digits.c_str(), nullptr, 0);
}
i64 Parser::signed_integer() {
  const bool negative = accept("-");
  const i64 value = static_cast<i64>(unsigned_integer());
  return negative ? -value : value;
}
void Parser::skip_past(const char* text) {
  while (!is(text)) {
    if (current().kind == Token::End) fail("unexpected end of file");
    ++position_;
  }
  ++position_;
}
void Parser::skip_line() {
  const int line = current().line;
  while (current().kind != Token::End && current().line == line) ++position_;
}
void Parser::skip_braces() {
  int depth = 0;
  do {
    depth += is("{") - is("}");
    if (current().kind == Token::End) fail("unbalanced braces");
    ++position_;
  } while (depth);
}

// ---- module scope ----
void Parser::source_location() {  // .loc file line column [, function_name label, inlined_at file line column]
  const size_t begin = position_;
  skip_line();
  const size_t end = position_;
  position_ = begin + 1;
  source_file_ = static_cast<int>(unsigned_integer());
  source_line_ = static_cast<int>(unsigned_integer());
  position_ = end;
}

bool Parser::skipped_directive() {
  if (is(".version") || is(".address_size")) {
    skip_line();
  } else if (is(".section")) {
    while (!is("{")) ++position_;
    skip_braces();
  } else if (is(".pragma") || is(".alias")) {
    skip_past(";");
  } else {
    return accept(";");
  }
  return true;
}

void Parser::top_level() {
  if (skipped_directive()) return;
  if (is(".target")) {
    const std::string& name = peek().text;
    if (name.rfind("sm_", 0) == 0) module_->sm_version = std::atoi(name.c_str() + 3);
    return skip_line();
  }
  if (is(".file")) {
    module_->files[std::atoi(peek().text.c_str())] = peek(2).text;
    return skip_line();
  }
  if (is(".loc")) return source_location();
  bool is_extern = false;
  while (is(".visible") || is(".extern") || is(".weak") || is(".common")) {
    is_extern |= is(".extern");
    ++position_;
  }
  if (is(".entry") || is(".func")) return function();
  if (!is(".global") && !is(".const") && !is(".shared")) fail("unknown directive");
  for (const Variable& declared : variable_declaration(is_extern)) {
    Variable& slot = module_->vars[declared.name];
    if (!declared.is_extern || slot.name.empty()) slot = declared;
  }
}

}  // namespace convoy::vgpu

// Functions: attributes, scopes, declarations, labels.
#include "tests/virtual_gpu/ptx/parser.h"

namespace convoy::vgpu {

void Parser::function() {
  Function parsed;
  parsed.entry = is(".entry");
  ++position_;
  if (accept(".attribute")) skip_past(")");
  if (is("(")) parsed.rets = parameter_list();
  parsed.name = identifier();
  if (is("(")) parsed.params = parameter_list();
  function_attributes(parsed);
  if (accept(";")) {  // a declaration; a definition elsewhere in the module counts more
    module_->funcs.try_emplace(parsed.name, std::move(parsed));
    return;
  }
  parsed.has_body = true;
  function_ = &parsed;
  function_body();
  function_ = nullptr;
  module_->funcs[parsed.name] = std::move(parsed);
}

void Parser::function_attributes(Function& parsed) {
  for (;;) {
    if (is(".maxntid") || is(".reqntid")) {
      ++position_;
      parsed.max_threads = 1;
      do parsed.max_threads *= static_cast<u32>(unsigned_integer());
      while (accept(","));
    } else if (is(".minnctapersm") || is(".maxnreg") || is(".maxnctapersm") || is(".maxclusterrank")) {
      position_ += 2;
    } else if (accept(".reqnctapercluster")) {
      do unsigned_integer();
      while (accept(","));
    } else if (is(".pragma")) {
      skip_past(";");
    } else if (!accept(".explicitcluster") && !accept(".noreturn")) {
      return;
    }
  }
}

void Parser::function_body() {
  scope_ = 0;
  register_scopes_.assign(1, {});
  source_file_ = source_line_ = 0;
  expect("{");
  std::vector<int> outer_scopes;
  for (;;) {
    if (accept("{")) {
      outer_scopes.push_back(scope_);
      function_->scope_parent.push_back(scope_);
      scope_ = static_cast<int>(function_->scope_parent.size()) - 1;
      register_scopes_.push_back({});
    } else if (accept("}")) {
      if (outer_scopes.empty()) return;
      scope_ = outer_scopes.back();
      outer_scopes.pop_back();
      register_scopes_.pop_back();
    } else if (current().kind == Token::End) {
      fail("unterminated function " + function_->name);
    } else {
      statement();
    }
  }
}

void Parser::statement() {
  if (accept(";")) return;
  if (is(".loc")) return source_location();
  if (is(".pragma")) return skip_past(";");
  if (accept(".reg")) return register_declaration();
  if (is(".shared") || is(".local") || is(".param") || is(".global") || is(".const")) return body_variables();
  if (current().kind == Token::Identifier && peek().text == ":" && peek().kind == Token::Punctuation) return label();
  if (current().text[0] == '.') fail("unknown directive");
  instruction();
}

void Parser::register_declaration() {  // .reg .f32 %f<10>, %g;
  if (is(".v2") || is(".v4")) fail("vector registers are not supported");
  const Type type = parse_type(current().text.substr(1));
  if (type == Type::None) fail("unknown register type");
  ++position_;
  do {
    const std::string name = identifier();
    if (!accept("<")) {
      add_register(name, type);
      continue;
    }
    const u64 count = unsigned_integer();
    expect(">");
    for (u64 k = 0; k < count; ++k) add_register(name + std::to_string(k), type);
  } while (accept(","));
  expect(";");
}

void Parser::add_register(const std::string& name, Type type) {
  register_scopes_.back()[name] = static_cast<int>(function_->regs.size());
  function_->regs.push_back({name, type});
}

int Parser::find_register(const std::string& name) const {
  for (size_t k = register_scopes_.size(); k-- > 0;)
    if (auto it = register_scopes_[k].find(name); it != register_scopes_[k].end()) return it->second;
  return -1;
}

void Parser::body_variables() {
  for (Variable& declared : variable_declaration(false)) {
    if (declared.space == Space::Global || declared.space == Space::Const) {
      module_->vars[declared.name] = declared;
      continue;
    }
    if (scope_) declared.name = std::to_string(scope_) + ":" + declared.name;
    function_->vars.push_back(declared);
  }
}

void Parser::label() {
  const std::string name = identifier();
  expect(":");
  if (accept(".branchtargets")) {
    std::vector<std::string>& targets = function_->branch_targets[{scope_, name}];
    do targets.push_back(identifier());
    while (accept(","));
    expect(";");
  } else if (is(".callprototype")) {
    skip_past(";");
  } else {
    function_->labels[{scope_, name}] = static_cast<int>(function_->body.size());
  }
}

}  // namespace convoy::vgpu

// parse.cpp - PTX text to syntax tree.
#include <cctype>
#include <cstring>
#include "tests/virtual_gpu/ptx/ptx.h"

namespace convoy::vgpu {
using std::string;
using std::vector;

static const std::map<string, Type> kTypes = {
    {"pred", Type::Pred},   {"b8", Type::B8},         {"b16", Type::B16},      {"b32", Type::B32},
    {"b64", Type::B64},     {"b128", Type::B128},     {"u8", Type::U8},        {"u16", Type::U16},
    {"u32", Type::U32},     {"u64", Type::U64},       {"s8", Type::S8},        {"s16", Type::S16},
    {"s32", Type::S32},     {"s64", Type::S64},       {"f16", Type::F16},      {"bf16", Type::BF16},
    {"f16x2", Type::F16X2}, {"bf16x2", Type::BF16X2}, {"f32", Type::F32},      {"f64", Type::F64},
    {"tf32", Type::TF32},   {"u16x2", Type::U16X2},   {"s16x2", Type::S16X2},  {"e4m3", Type::E4M3},
    {"e5m2", Type::E5M2},   {"e4m3x2", Type::E4M3X2}, {"e5m2x2", Type::E5M2X2}};

Type parse_type(const string& s) {
  auto it = kTypes.find(s);
  return it == kTypes.end() ? Type::None : it->second;
}

int type_size(Type t) {
  switch (t) {
    case Type::Pred:
    case Type::B8:
    case Type::U8:
    case Type::S8:
    case Type::E4M3:
    case Type::E5M2:
      return 1;
    case Type::B16:
    case Type::U16:
    case Type::S16:
    case Type::F16:
    case Type::BF16:
    case Type::E4M3X2:
    case Type::E5M2X2:
      return 2;
    case Type::B64:
    case Type::U64:
    case Type::S64:
    case Type::F64:
      return 8;
    case Type::B128:
      return 16;
    default:
      return 4;
  }
}
bool is_signed(Type t) { return t == Type::S8 || t == Type::S16 || t == Type::S32 || t == Type::S64; }
bool is_float(Type t) { return t == Type::F16 || t == Type::BF16 || t == Type::F32 || t == Type::F64; }

int Function::find_label(int scope, const string& n) const {
  for (int s = scope; s >= 0; s = scope_parent[s]) {
    auto it = labels.find({s, n});
    if (it != labels.end()) return it->second;
  }
  return -1;
}

namespace {
struct Token {
  enum K { Id, Num, Str, Punct, End } k;
  string s;
  int line;
  size_t pos;
};

bool id_start(char c) { return isalpha((u8)c) || c == '_' || c == '$' || c == '%' || c == '.'; }
bool id_char(char c) { return isalnum((u8)c) || c == '_' || c == '$' || c == '%' || c == '.'; }

vector<Token> lex(const string& t) {
  vector<Token> out;
  int line = 1;
  size_t i = 0, n = t.size();
  while (i < n) {
    char c = t[i];
    if (c == '\n') {
      ++line;
      ++i;
      continue;
    }
    if (isspace((u8)c) || c == '\0') {
      ++i;
      continue;
    }
    if (c == '/' && i + 1 < n && t[i + 1] == '/') {
      while (i < n && t[i] != '\n') ++i;
      continue;
    }
    if (c == '/' && i + 1 < n && t[i + 1] == '*') {
      i += 2;
      while (i + 1 < n && !(t[i] == '*' && t[i + 1] == '/')) {
        if (t[i] == '\n') ++line;
        ++i;
      }
      i += 2;
      continue;
    }
    size_t b = i;
    if (c == '"') {
      ++i;
      while (i < n && t[i] != '"') ++i;
      ++i;
      out.push_back({Token::Str, t.substr(b + 1, i - b - 2), line, b});
      continue;
    }
    if (isdigit((u8)c)) {
      while (i < n && isalnum((u8)t[i])) ++i;
      out.push_back({Token::Num, t.substr(b, i - b), line, b});
      continue;
    }
    if (id_start(c)) {
      while (i < n && ((id_char(t[i]) && !(c == '.' && i > b && t[i] == '.')) ||  // ".reg.b32" is two directives
                       (t[i] == ':' && i + 1 < n && t[i + 1] == ':')))
        i += t[i] == ':' ? 2 : 1;
      out.push_back({Token::Id, t.substr(b, i - b), line, b});
      continue;
    }
    ++i;
    out.push_back({Token::Punct, string(1, c), line, b});
  }
  out.push_back({Token::End, "", line, n});
  return out;
}

vector<string> split_dots(const string& s) {
  vector<string> r;
  size_t b = 0;
  for (size_t i = 0; i <= s.size(); ++i)
    if (i == s.size() || s[i] == '.') {
      if (i > b) r.push_back(s.substr(b, i - b));
      b = i + 1;
    }
  return r;
}

class Parser {
 public:
  explicit Parser(const string& t) : text(t), tok(lex(t)), mod(new Module) {}

  std::unique_ptr<Module> run() {
    while (cur().k != Token::End) top_level();
    return std::move(mod);
  }

 private:
  const string& text;
  vector<Token> tok;
  size_t p = 0;
  std::unique_ptr<Module> mod;
  Function* fn = nullptr;
  int scope = 0;
  int loc_file = 0, loc_line = 0;
  vector<std::map<string, int>> reg_scope;  // innermost last

  const Token& cur() const { return tok[p]; }
  const Token& peek(int n = 1) const { return tok[std::min(p + n, tok.size() - 1)]; }
  bool is(const char* s) const { return cur().s == s && cur().k != Token::Str; }
  bool accept(const char* s) {
    if (!is(s)) return false;
    ++p;
    return true;
  }
  [[noreturn]] void fail(const string& m) const {
    throw PtxError("PTX line " + std::to_string(cur().line) + ": " + m + " near '" + cur().s + "'");
  }
  void expect(const char* s) {
    if (!accept(s)) fail(string("expected '") + s + "'");
  }
  string ident() {
    if (cur().k != Token::Id) fail("expected a name");
    return tok[p++].s;
  }
  static u64 parse_int(string s) {
    while (!s.empty() && (s.back() == 'U' || s.back() == 'u')) s.pop_back();
    if (s.size() > 2 && s[0] == '0' && (s[1] == 'b' || s[1] == 'B')) return strtoull(s.c_str() + 2, nullptr, 2);
    return strtoull(s.c_str(), nullptr, 0);
  }
  i64 signed_int() {
    bool neg = accept("-");
    if (cur().k != Token::Num) fail("expected a number");
    i64 v = (i64)parse_int(tok[p++].s);
    return neg ? -v : v;
  }
  void skip_to(const char* s) {
    while (!is(s)) {
      if (cur().k == Token::End) fail("unexpected end of file");
      ++p;
    }
    ++p;
  }
  void skip_line() {
    int l = cur().line;
    while (cur().k != Token::End && cur().line == l) ++p;
  }
  void skip_braces() {
    int d = 0;
    do {
      if (is("{")) ++d;
      if (is("}")) --d;
      if (cur().k == Token::End) fail("unbalanced braces");
      ++p;
    } while (d);
  }

  void loc() {  // .loc file line col [, function_name L, inlined_at f l c]
    int l = cur().line;
    ++p;
    loc_file = (int)parse_int(tok[p].s);
    loc_line = (int)parse_int(tok[p + 1].s);
    while (cur().line == l && cur().k != Token::End) ++p;
  }

  void top_level() {
    if (is(".version") || is(".address_size")) {
      skip_line();
      return;
    }
    if (is(".target")) {
      const string& s = peek().s;
      if (s.rfind("sm_", 0) == 0) mod->sm_version = atoi(s.c_str() + 3);
      skip_line();
      return;
    }
    if (is(".file")) {
      int id = (int)parse_int(peek().s);
      mod->files[id] = peek(2).s;
      skip_line();
      return;
    }
    if (is(".loc")) {
      loc();
      return;
    }
    if (is(".section")) {
      while (!is("{")) ++p;
      skip_braces();
      return;
    }
    if (is(".pragma") || is(".alias")) {
      skip_to(";");
      return;
    }
    if (accept(";")) return;
    bool ext = false;
    while (is(".visible") || is(".extern") || is(".weak") || is(".common")) {
      if (is(".extern")) ext = true;
      ++p;
    }
    if (is(".entry") || is(".func")) {
      function();
      return;
    }
    if (is(".global") || is(".const") || is(".shared")) {
      for (auto& v : var_decl(ext)) {
        Variable& slot = mod->vars[v.name];
        if (!v.is_extern || slot.name.empty()) slot = v;
      }
      return;
    }
    fail("unknown directive");
  }

  static Space space_of(const string& s) {
    if (s == ".global") return Space::Global;
    if (s == ".const") return Space::Const;
    if (s == ".shared") return Space::Shared;
    if (s == ".local") return Space::Local;
    return Space::Param;
  }

  // ".space [.align n] [.ptr ...] .type name [dims] [= init] {, name ...};" ; terminator left to the caller for
  // parameters
  Variable var_one(Space sp) {
    Variable v;
    v.space = sp;
    v.align = 0;
    for (;;) {
      if (accept(".align")) {
        v.align = (u32)parse_int(tok[p++].s);
        continue;
      }
      if (accept(".attribute")) {
        while (!accept(")")) ++p;
        continue;
      }
      if (accept(".ptr")) {  // pointer annotations describe the pointee, not the parameter
        while (is(".global") || is(".shared") || is(".const") || is(".local") || is(".align") || is(".param")) {
          if (accept(".align"))
            ++p;
          else
            ++p;
        }
        continue;
      }
      if (is(".v2") || is(".v4")) fail("vector variables are not supported");
      if (cur().k == Token::Id && cur().s[0] == '.') {
        Type t = parse_type(cur().s.substr(1));
        if (t == Type::None) fail("unknown type");
        v.ty = t;
        ++p;
        continue;
      }
      break;
    }
    finish_var(v);
    return v;
  }
  void finish_var(Variable& v) {
    v.name = ident();
    u64 n = 1;
    bool open = false;
    while (accept("[")) {
      if (is("]"))
        open = true;
      else
        n *= parse_int(tok[p++].s);
      expect("]");
    }
    u64 es = type_size(v.ty);
    if (!v.align) v.align = (u32)es;
    v.size = open ? 0 : n * es;
    if (accept("=")) {
      v.init.assign(v.size, 0);
      u64 off = 0;
      initialiser(v, off);
      if (open) v.size = v.init.size();
    }
  }
  void initialiser(Variable& v, u64& off) {
    u64 es = type_size(v.ty);
    if (accept("{")) {
      while (!accept("}")) {
        initialiser(v, off);
        accept(",");
      }
      return;
    }
    u64 val = 0;
    if (v.init.size() < off + es) v.init.resize(off + es);
    if (cur().k == Token::Num || is("-")) {
      const string& s = cur().s;
      if (s.size() > 2 && s[0] == '0' && strchr("fFdD", s[1])) {
        val = strtoull(s.c_str() + 2, nullptr, 16);
        ++p;
      } else
        val = (u64)signed_int();
    } else if (cur().k == Token::Id) {
      bool gen = accept("generic");
      if (gen) expect("(");
      if (is("mask")) fail("mask() initialisers are not supported");
      string s = ident();
      i64 add = 0;
      if (gen) expect(")");
      if (accept("+")) add = signed_int();
      if (es != 8) fail("address initialiser in a non 64-bit variable");
      v.relocs.push_back({off, s, add});
    } else
      fail("bad initialiser");
    memcpy(&v.init[off], &val, es);
    off += es;
  }
  vector<Variable> var_decl(bool ext) {
    Space sp = space_of(cur().s);
    ++p;
    vector<Variable> r;
    Variable v = var_one(sp);
    v.is_extern = ext;
    r.push_back(v);
    while (accept(",")) {
      Variable w = v;
      w.init.clear();
      w.relocs.clear();
      finish_var(w);
      r.push_back(w);
    }
    expect(";");
    return r;
  }

  vector<Variable> param_list() {
    vector<Variable> r;
    expect("(");
    while (!accept(")")) {
      if (accept(".param"))
        r.push_back(var_one(Space::Param));
      else if (is(".reg"))
        fail(".reg parameters are not supported");
      else
        fail("bad parameter list");
      accept(",");
    }
    return r;
  }

  void function() {
    Function f;
    f.entry = is(".entry");
    ++p;
    if (accept(".attribute")) skip_to(")");
    if (is("(")) f.rets = param_list();
    f.name = ident();
    if (is("(")) f.params = param_list();
    for (;;) {
      if (is(".maxntid") || is(".reqntid")) {
        ++p;
        u32 n = 1;
        do n *= (u32)parse_int(tok[p++].s);
        while (accept(","));
        f.max_threads = n;
      } else if (is(".minnctapersm") || is(".maxnreg") || is(".maxnctapersm") || is(".maxclusterrank"))
        p += 2;
      else if (is(".reqnctapercluster")) {
        ++p;
        do ++p;
        while (accept(","));
      } else if (is(".explicitcluster") || is(".noreturn"))
        ++p;
      else if (is(".pragma"))
        skip_to(";");
      else
        break;
    }
    if (accept(";")) {
      if (!mod->funcs.count(f.name)) mod->funcs[f.name] = std::move(f);
      return;
    }
    f.has_body = true;
    fn = &f;
    scope = 0;
    reg_scope.assign(1, {});
    loc_file = loc_line = 0;
    expect("{");
    int depth = 1;
    vector<int> stack;
    while (depth) {
      if (is("{")) {
        ++p;
        ++depth;
        stack.push_back(scope);
        f.scope_parent.push_back(scope);
        scope = (int)f.scope_parent.size() - 1;
        reg_scope.push_back({});
        continue;
      }
      if (is("}")) {
        ++p;
        --depth;
        if (depth) {
          scope = stack.back();
          stack.pop_back();
          reg_scope.pop_back();
        }
        continue;
      }
      if (cur().k == Token::End) fail("unterminated function " + f.name);
      statement();
    }
    mod->funcs[f.name] = std::move(f);
    fn = nullptr;
  }

  int find_reg(const string& n) const {
    for (size_t i = reg_scope.size(); i-- > 0;) {
      auto it = reg_scope[i].find(n);
      if (it != reg_scope[i].end()) return it->second;
    }
    return -1;
  }

  void statement() {
    if (accept(";")) return;
    if (is(".loc")) {
      loc();
      return;
    }
    if (is(".pragma")) {
      skip_to(";");
      return;
    }
    if (is(".reg")) {
      ++p;
      if (is(".v2") || is(".v4")) fail("vector registers are not supported");
      Type t = parse_type(cur().s.substr(1));
      if (t == Type::None) fail("unknown register type");
      ++p;
      do {
        string n = ident();
        if (accept("<")) {
          int c = (int)parse_int(tok[p++].s);
          expect(">");
          for (int i = 0; i < c; ++i) add_reg(n + std::to_string(i), t);
        } else
          add_reg(n, t);
      } while (accept(","));
      expect(";");
      return;
    }
    if (is(".shared") || is(".local") || is(".param") || is(".global") || is(".const")) {
      for (auto& v : var_decl(false)) {
        if (v.space == Space::Global || v.space == Space::Const)
          mod->vars[v.name] = v;
        else {
          if (scope) v.name = std::to_string(scope) + ":" + v.name;
          fn->vars.push_back(v);
        }
      }
      return;
    }
    if (cur().k == Token::Id && peek().s == ":" && peek().k == Token::Punct) {
      string n = ident();
      ++p;
      if (is(".branchtargets")) {
        ++p;
        auto& l = fn->branch_targets[{scope, n}];
        do l.push_back(ident());
        while (accept(","));
        expect(";");
        return;
      }
      if (is(".callprototype")) {
        skip_to(";");
        return;
      }
      fn->labels[{scope, n}] = (int)fn->body.size();
      return;
    }
    if (cur().s[0] == '.') fail("unknown directive");
    instruction();
  }

  void add_reg(const string& n, Type t) {
    reg_scope.back()[n] = (int)fn->regs.size();
    fn->regs.push_back({n, t});
  }

  void instruction() {
    ParsedInst I;
    I.line = cur().line;
    I.src_file = loc_file;
    I.src_line = loc_line;
    I.scope = scope;
    size_t start = cur().pos;
    if (accept("@")) {
      I.pred_negated = accept("!");
      I.pred = find_reg(cur().s);
      if (I.pred < 0) fail("unknown predicate");
      ++p;
    }
    auto parts = split_dots(ident());
    I.op = parts[0];
    I.mods.assign(parts.begin() + 1, parts.end());
    if (I.op == "call")
      call_operands(I);
    else if (!is(";"))
      do {
        I.ops.push_back(operand());
      } while (accept(","));
    if (!is(";")) fail("expected ';'");
    I.text = text.substr(start, cur().pos - start + 1);
    for (auto& c : I.text)
      if (c == '\n' || c == '\t') c = ' ';
    ++p;
    fn->body.push_back(std::move(I));
  }

  // call (ret), fname, (params) [, prototype];   ops: [0] Vec of returns, [1] target, [2] Vec of arguments
  void call_operands(ParsedInst& I) {
    auto list = [&] {
      ParsedOperand o;
      o.kind = ParsedOperand::Vec;
      if (accept("(")) {
        while (!accept(")")) {
          o.v.push_back(operand());
          accept(",");
        }
      }
      return o;
    };
    ParsedOperand ret;
    ret.kind = ParsedOperand::Vec;
    if (is("(")) {
      ret = list();
      expect(",");
    }
    I.ops.push_back(ret);
    I.ops.push_back(operand());
    ParsedOperand args;
    args.kind = ParsedOperand::Vec;
    if (accept(",")) {
      if (is("(")) {
        args = list();
        if (accept(",")) operand();
      } else
        operand();
    }
    I.ops.push_back(args);
  }

  ParsedOperand operand() {
    ParsedOperand o = primary();
    if (accept("|")) {
      if (accept("_"))
        o.alt = -2;
      else {
        o.alt = find_reg(cur().s);
        if (o.alt < 0) fail("unknown register");
        ++p;
      }
    }
    return o;
  }
  string scoped_name(const string& n) const {  // a .param/.local/.shared variable declared in an inner scope
    for (int s = scope; s > 0; s = fn->scope_parent[s]) {
      string q = std::to_string(s) + ":" + n;
      for (auto& v : fn->vars)
        if (v.name == q) return q;
    }
    return n;
  }
  ParsedOperand primary() {
    ParsedOperand o;
    const Token& t = cur();
    if (accept("{")) {
      o.kind = ParsedOperand::Vec;
      while (!accept("}")) {
        o.v.push_back(operand());
        accept(",");
      }
      return o;
    }
    if (accept("[")) {
      o.kind = ParsedOperand::Mem;
      if (cur().k == Token::Num)
        o.imm = parse_int(tok[p++].s);
      else {
        string n = ident();
        o.reg = find_reg(n);
        if (o.reg < 0) {
          if (n[0] == '%') fail("unknown register " + n);
          o.name = scoped_name(n);
        }
      }
      if (accept("+"))
        o.off = signed_int();
      else if (is("-"))
        o.off = signed_int();
      if (!is("]")) fail("unsupported address form");
      ++p;
      return o;
    }
    if (accept("!")) {
      o = primary();
      o.neg = !o.neg;
      return o;
    }
    if (t.k == Token::Num || is("-")) {
      o.kind = ParsedOperand::Imm;
      bool neg = accept("-");
      const string& s = cur().s;
      if (cur().k != Token::Num) fail("unsupported operand");
      if (s.size() > 2 && s[0] == '0' && strchr("fF", s[1])) {
        o.fkind = 'f';
        o.imm = strtoul(s.c_str() + 2, nullptr, 16);
      } else if (s.size() > 2 && s[0] == '0' && strchr("dD", s[1])) {
        o.fkind = 'd';
        o.imm = strtoull(s.c_str() + 2, nullptr, 16);
      } else
        o.imm = neg ? (u64) - (i64)parse_int(s) : parse_int(s);
      ++p;
      return o;
    }
    if (t.k != Token::Id) fail("bad operand");
    string n = ident();
    if (n == "_") {
      o.kind = ParsedOperand::Sink;
      return o;
    }
    if (n == "WARP_SZ") {
      o.kind = ParsedOperand::Imm;
      o.imm = 32;
      return o;
    }
    o.reg = find_reg(n);
    if (o.reg >= 0) {
      o.kind = ParsedOperand::Reg;
      return o;
    }
    if (n[0] == '%') {
      o.kind = ParsedOperand::Special;
      o.name = n;
      return o;
    }
    o.kind = ParsedOperand::Sym;
    o.name = scoped_name(n);
    if (accept("+")) o.off = signed_int();
    return o;
  }
};
}  // namespace

std::unique_ptr<Module> parse_ptx(const string& text) { return Parser(text).run(); }
}  // namespace convoy::vgpu

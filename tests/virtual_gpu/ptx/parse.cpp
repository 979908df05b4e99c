// parse.cpp - PTX text to syntax tree.
#include <cctype>
#include <cstring>
#include "tests/virtual_gpu/ptx/ptx.h"

namespace vgpu {
using std::string;
using std::vector;

static const std::map<string, Ty> kTypes = {
    {"pred", Ty::Pred},     {"b8", Ty::B8},        {"b16", Ty::B16},       {"b32", Ty::B32},   {"b64", Ty::B64},
    {"b128", Ty::B128},     {"u8", Ty::U8},        {"u16", Ty::U16},       {"u32", Ty::U32},   {"u64", Ty::U64},
    {"s8", Ty::S8},         {"s16", Ty::S16},      {"s32", Ty::S32},       {"s64", Ty::S64},   {"f16", Ty::F16},
    {"bf16", Ty::BF16},     {"f16x2", Ty::F16X2},  {"bf16x2", Ty::BF16X2}, {"f32", Ty::F32},   {"f64", Ty::F64},
    {"tf32", Ty::TF32},     {"u16x2", Ty::U16X2},  {"s16x2", Ty::S16X2},   {"e4m3", Ty::E4M3}, {"e5m2", Ty::E5M2},
    {"e4m3x2", Ty::E4M3X2}, {"e5m2x2", Ty::E5M2X2}};

Ty parseType(const string& s) {
  auto it = kTypes.find(s);
  return it == kTypes.end() ? Ty::None : it->second;
}

int tySize(Ty t) {
  switch (t) {
    case Ty::Pred:
    case Ty::B8:
    case Ty::U8:
    case Ty::S8:
    case Ty::E4M3:
    case Ty::E5M2:
      return 1;
    case Ty::B16:
    case Ty::U16:
    case Ty::S16:
    case Ty::F16:
    case Ty::BF16:
    case Ty::E4M3X2:
    case Ty::E5M2X2:
      return 2;
    case Ty::B64:
    case Ty::U64:
    case Ty::S64:
    case Ty::F64:
      return 8;
    case Ty::B128:
      return 16;
    default:
      return 4;
  }
}
bool tySigned(Ty t) { return t == Ty::S8 || t == Ty::S16 || t == Ty::S32 || t == Ty::S64; }
bool tyFloat(Ty t) { return t == Ty::F16 || t == Ty::BF16 || t == Ty::F32 || t == Ty::F64; }

int Func::findLabel(int scope, const string& n) const {
  for (int s = scope; s >= 0; s = scopeParent[s]) {
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

bool idStart(char c) { return isalpha((u8)c) || c == '_' || c == '$' || c == '%' || c == '.'; }
bool idChar(char c) { return isalnum((u8)c) || c == '_' || c == '$' || c == '%' || c == '.'; }

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
    if (idStart(c)) {
      while (i < n && ((idChar(t[i]) && !(c == '.' && i > b && t[i] == '.')) ||  // ".reg.b32" is two directives
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

vector<string> splitDots(const string& s) {
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
    while (cur().k != Token::End) topLevel();
    return std::move(mod);
  }

 private:
  const string& text;
  vector<Token> tok;
  size_t p = 0;
  std::unique_ptr<Module> mod;
  Func* fn = nullptr;
  int scope = 0;
  int locFile = 0, locLine = 0;
  vector<std::map<string, int>> regScope;  // innermost last

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
  static u64 parseInt(string s) {
    while (!s.empty() && (s.back() == 'U' || s.back() == 'u')) s.pop_back();
    if (s.size() > 2 && s[0] == '0' && (s[1] == 'b' || s[1] == 'B')) return strtoull(s.c_str() + 2, nullptr, 2);
    return strtoull(s.c_str(), nullptr, 0);
  }
  i64 signedInt() {
    bool neg = accept("-");
    if (cur().k != Token::Num) fail("expected a number");
    i64 v = (i64)parseInt(tok[p++].s);
    return neg ? -v : v;
  }
  void skipTo(const char* s) {
    while (!is(s)) {
      if (cur().k == Token::End) fail("unexpected end of file");
      ++p;
    }
    ++p;
  }
  void skipLine() {
    int l = cur().line;
    while (cur().k != Token::End && cur().line == l) ++p;
  }
  void skipBraces() {
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
    locFile = (int)parseInt(tok[p].s);
    locLine = (int)parseInt(tok[p + 1].s);
    while (cur().line == l && cur().k != Token::End) ++p;
  }

  void topLevel() {
    if (is(".version") || is(".address_size")) {
      skipLine();
      return;
    }
    if (is(".target")) {
      const string& s = peek().s;
      if (s.rfind("sm_", 0) == 0) mod->smVersion = atoi(s.c_str() + 3);
      skipLine();
      return;
    }
    if (is(".file")) {
      int id = (int)parseInt(peek().s);
      mod->files[id] = peek(2).s;
      skipLine();
      return;
    }
    if (is(".loc")) {
      loc();
      return;
    }
    if (is(".section")) {
      while (!is("{")) ++p;
      skipBraces();
      return;
    }
    if (is(".pragma") || is(".alias")) {
      skipTo(";");
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
      for (auto& v : varDecl(ext)) {
        Var& slot = mod->vars[v.name];
        if (!v.isExtern || slot.name.empty()) slot = v;
      }
      return;
    }
    fail("unknown directive");
  }

  static Space spaceOf(const string& s) {
    if (s == ".global") return Space::Global;
    if (s == ".const") return Space::Const;
    if (s == ".shared") return Space::Shared;
    if (s == ".local") return Space::Local;
    return Space::Param;
  }

  // ".space [.align n] [.ptr ...] .type name [dims] [= init] {, name ...};" ; terminator left to the caller for
  // parameters
  Var varOne(Space sp) {
    Var v;
    v.space = sp;
    v.align = 0;
    for (;;) {
      if (accept(".align")) {
        v.align = (u32)parseInt(tok[p++].s);
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
        Ty t = parseType(cur().s.substr(1));
        if (t == Ty::None) fail("unknown type");
        v.ty = t;
        ++p;
        continue;
      }
      break;
    }
    finishVar(v);
    return v;
  }
  void finishVar(Var& v) {
    v.name = ident();
    u64 n = 1;
    bool open = false;
    while (accept("[")) {
      if (is("]"))
        open = true;
      else
        n *= parseInt(tok[p++].s);
      expect("]");
    }
    u64 es = tySize(v.ty);
    if (!v.align) v.align = (u32)es;
    v.size = open ? 0 : n * es;
    if (accept("=")) {
      v.init.assign(v.size, 0);
      u64 off = 0;
      initialiser(v, off);
      if (open) v.size = v.init.size();
    }
  }
  void initialiser(Var& v, u64& off) {
    u64 es = tySize(v.ty);
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
        val = (u64)signedInt();
    } else if (cur().k == Token::Id) {
      bool gen = accept("generic");
      if (gen) expect("(");
      if (is("mask")) fail("mask() initialisers are not supported");
      string s = ident();
      i64 add = 0;
      if (gen) expect(")");
      if (accept("+")) add = signedInt();
      if (es != 8) fail("address initialiser in a non 64-bit variable");
      v.relocs.push_back({off, s, add});
    } else
      fail("bad initialiser");
    memcpy(&v.init[off], &val, es);
    off += es;
  }
  vector<Var> varDecl(bool ext) {
    Space sp = spaceOf(cur().s);
    ++p;
    vector<Var> r;
    Var v = varOne(sp);
    v.isExtern = ext;
    r.push_back(v);
    while (accept(",")) {
      Var w = v;
      w.init.clear();
      w.relocs.clear();
      finishVar(w);
      r.push_back(w);
    }
    expect(";");
    return r;
  }

  vector<Var> paramList() {
    vector<Var> r;
    expect("(");
    while (!accept(")")) {
      if (accept(".param"))
        r.push_back(varOne(Space::Param));
      else if (is(".reg"))
        fail(".reg parameters are not supported");
      else
        fail("bad parameter list");
      accept(",");
    }
    return r;
  }

  void function() {
    Func f;
    f.entry = is(".entry");
    ++p;
    if (accept(".attribute")) skipTo(")");
    if (is("(")) f.rets = paramList();
    f.name = ident();
    if (is("(")) f.params = paramList();
    for (;;) {
      if (is(".maxntid") || is(".reqntid")) {
        ++p;
        u32 n = 1;
        do n *= (u32)parseInt(tok[p++].s);
        while (accept(","));
        f.maxThreads = n;
      } else if (is(".minnctapersm") || is(".maxnreg") || is(".maxnctapersm") || is(".maxclusterrank"))
        p += 2;
      else if (is(".reqnctapercluster")) {
        ++p;
        do ++p;
        while (accept(","));
      } else if (is(".explicitcluster") || is(".noreturn"))
        ++p;
      else if (is(".pragma"))
        skipTo(";");
      else
        break;
    }
    if (accept(";")) {
      if (!mod->funcs.count(f.name)) mod->funcs[f.name] = std::move(f);
      return;
    }
    f.hasBody = true;
    fn = &f;
    scope = 0;
    regScope.assign(1, {});
    locFile = locLine = 0;
    expect("{");
    int depth = 1;
    vector<int> stack;
    while (depth) {
      if (is("{")) {
        ++p;
        ++depth;
        stack.push_back(scope);
        f.scopeParent.push_back(scope);
        scope = (int)f.scopeParent.size() - 1;
        regScope.push_back({});
        continue;
      }
      if (is("}")) {
        ++p;
        --depth;
        if (depth) {
          scope = stack.back();
          stack.pop_back();
          regScope.pop_back();
        }
        continue;
      }
      if (cur().k == Token::End) fail("unterminated function " + f.name);
      statement();
    }
    mod->funcs[f.name] = std::move(f);
    fn = nullptr;
  }

  int findReg(const string& n) const {
    for (size_t i = regScope.size(); i-- > 0;) {
      auto it = regScope[i].find(n);
      if (it != regScope[i].end()) return it->second;
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
      skipTo(";");
      return;
    }
    if (is(".reg")) {
      ++p;
      if (is(".v2") || is(".v4")) fail("vector registers are not supported");
      Ty t = parseType(cur().s.substr(1));
      if (t == Ty::None) fail("unknown register type");
      ++p;
      do {
        string n = ident();
        if (accept("<")) {
          int c = (int)parseInt(tok[p++].s);
          expect(">");
          for (int i = 0; i < c; ++i) addReg(n + std::to_string(i), t);
        } else
          addReg(n, t);
      } while (accept(","));
      expect(";");
      return;
    }
    if (is(".shared") || is(".local") || is(".param") || is(".global") || is(".const")) {
      for (auto& v : varDecl(false)) {
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
        auto& l = fn->branchTargets[{scope, n}];
        do l.push_back(ident());
        while (accept(","));
        expect(";");
        return;
      }
      if (is(".callprototype")) {
        skipTo(";");
        return;
      }
      fn->labels[{scope, n}] = (int)fn->body.size();
      return;
    }
    if (cur().s[0] == '.') fail("unknown directive");
    instruction();
  }

  void addReg(const string& n, Ty t) {
    regScope.back()[n] = (int)fn->regs.size();
    fn->regs.push_back({n, t});
  }

  void instruction() {
    RawInst I;
    I.line = cur().line;
    I.srcFile = locFile;
    I.srcLine = locLine;
    I.scope = scope;
    size_t start = cur().pos;
    if (accept("@")) {
      I.pneg = accept("!");
      I.pred = findReg(cur().s);
      if (I.pred < 0) fail("unknown predicate");
      ++p;
    }
    auto parts = splitDots(ident());
    I.op = parts[0];
    I.mods.assign(parts.begin() + 1, parts.end());
    if (I.op == "call")
      callOperands(I);
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
  void callOperands(RawInst& I) {
    auto list = [&] {
      RawOp o;
      o.kind = RawOp::Vec;
      if (accept("(")) {
        while (!accept(")")) {
          o.v.push_back(operand());
          accept(",");
        }
      }
      return o;
    };
    RawOp ret;
    ret.kind = RawOp::Vec;
    if (is("(")) {
      ret = list();
      expect(",");
    }
    I.ops.push_back(ret);
    I.ops.push_back(operand());
    RawOp args;
    args.kind = RawOp::Vec;
    if (accept(",")) {
      if (is("(")) {
        args = list();
        if (accept(",")) operand();
      } else
        operand();
    }
    I.ops.push_back(args);
  }

  RawOp operand() {
    RawOp o = primary();
    if (accept("|")) {
      if (accept("_"))
        o.alt = -2;
      else {
        o.alt = findReg(cur().s);
        if (o.alt < 0) fail("unknown register");
        ++p;
      }
    }
    return o;
  }
  string scopedName(const string& n) const {  // a .param/.local/.shared variable declared in an inner scope
    for (int s = scope; s > 0; s = fn->scopeParent[s]) {
      string q = std::to_string(s) + ":" + n;
      for (auto& v : fn->vars)
        if (v.name == q) return q;
    }
    return n;
  }
  RawOp primary() {
    RawOp o;
    const Token& t = cur();
    if (accept("{")) {
      o.kind = RawOp::Vec;
      while (!accept("}")) {
        o.v.push_back(operand());
        accept(",");
      }
      return o;
    }
    if (accept("[")) {
      o.kind = RawOp::Mem;
      if (cur().k == Token::Num)
        o.imm = parseInt(tok[p++].s);
      else {
        string n = ident();
        o.reg = findReg(n);
        if (o.reg < 0) {
          if (n[0] == '%') fail("unknown register " + n);
          o.name = scopedName(n);
        }
      }
      if (accept("+"))
        o.off = signedInt();
      else if (is("-"))
        o.off = signedInt();
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
      o.kind = RawOp::Imm;
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
        o.imm = neg ? (u64) - (i64)parseInt(s) : parseInt(s);
      ++p;
      return o;
    }
    if (t.k != Token::Id) fail("bad operand");
    string n = ident();
    if (n == "_") {
      o.kind = RawOp::Sink;
      return o;
    }
    if (n == "WARP_SZ") {
      o.kind = RawOp::Imm;
      o.imm = 32;
      return o;
    }
    o.reg = findReg(n);
    if (o.reg >= 0) {
      o.kind = RawOp::Reg;
      return o;
    }
    if (n[0] == '%') {
      o.kind = RawOp::Special;
      o.name = n;
      return o;
    }
    o.kind = RawOp::Sym;
    o.name = scopedName(n);
    if (accept("+")) o.off = signedInt();
    return o;
  }
};
}  // namespace

std::unique_ptr<Module> parsePtx(const string& text) { return Parser(text).run(); }
}  // namespace vgpu

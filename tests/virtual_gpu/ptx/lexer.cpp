#include "tests/virtual_gpu/ptx/lexer.h"

#include <cctype>

namespace convoy::vgpu {
namespace {

bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)); }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) || c == '\0'; }
bool is_identifier_char(char c) { return is_alnum(c) || c == '_' || c == '$' || c == '%' || c == '.'; }

class Lexer {
 public:
  explicit Lexer(const std::string& text) : text_(text) {}

  std::vector<Token> run() {
    while (skip_blanks()) next();
    tokens_.push_back({Token::End, "", line_, text_.size()});
    return std::move(tokens_);
  }

 private:
  char at(size_t offset) const { return position_ + offset < text_.size() ? text_[position_ + offset] : '\0'; }
  bool more() const { return position_ < text_.size(); }
  void step() { line_ += text_[position_++] == '\n'; }

  // Skips white space and comments; false at the end of the text.
  bool skip_blanks() {
    while (more()) {
      if (is_space(at(0))) {
        step();
      } else if (at(0) == '/' && at(1) == '/') {
        while (more() && at(0) != '\n') step();
      } else if (at(0) == '/' && at(1) == '*') {
        skip_block_comment();
      } else {
        return true;
      }
    }
    return false;
  }
  void skip_block_comment() {
    while (more() && !(at(0) == '*' && at(1) == '/')) step();
    for (int k = 0; k < 2 && more(); ++k) step();
  }

  void next() {
    const char c = at(0);
    if (c == '"') {
      string();
    } else if (is_digit(c)) {
      take(Token::Number, number_end());
    } else if (is_identifier_char(c)) {
      take(Token::Identifier, identifier_end());
    } else {
      take(Token::Punctuation, position_ + 1);
    }
  }
  // "12", "0x1fU", "0f3F800000", "1.5", "2.5e-3"
  size_t number_end() const {
    size_t end = position_;
    bool has_point = false;
    while (end < text_.size()) {
      const char c = text_[end], before = text_[end - (end > position_)];
      const bool is_exponent_sign = has_point && (c == '-' || c == '+') && (before == 'e' || before == 'E');
      if (!is_alnum(c) && c != '.' && !is_exponent_sign) break;
      has_point |= c == '.';
      ++end;
    }
    return end;
  }
  void take(Token::Kind kind, size_t end) {
    tokens_.push_back({kind, text_.substr(position_, end - position_), line_, position_});
    position_ = end;
  }
  void string() {
    const size_t begin = position_ + 1;
    size_t end = text_.find('"', begin);
    if (end == std::string::npos) end = text_.size();
    tokens_.push_back({Token::String, text_.substr(begin, end - begin), line_, position_});
    position_ = end + 1;
  }
  // "L2::128B" is one identifier; ".reg.b32" is two.
  size_t identifier_end() const {
    size_t end = position_;
    while (end < text_.size()) {
      const char c = text_[end];
      if (c == ':' && end + 1 < text_.size() && text_[end + 1] == ':') {
        end += 2;
      } else if (is_identifier_char(c) && !(c == '.' && end > position_ && text_[position_] == '.')) {
        ++end;
      } else {
        break;
      }
    }
    return end;
  }

  const std::string& text_;
  std::vector<Token> tokens_;
  size_t position_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<Token> lex(const std::string& text) { return Lexer(text).run(); }

std::vector<std::string> split_dots(const std::string& name) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t k = 0; k <= name.size(); ++k) {
    if (k < name.size() && name[k] != '.') continue;
    if (k > begin) parts.push_back(name.substr(begin, k - begin));
    begin = k + 1;
  }
  return parts;
}

}  // namespace convoy::vgpu

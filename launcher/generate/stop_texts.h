// Ends a text where one of several texts begins: what may be the begin of one is kept back until it is known.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convoy {

class StopTexts {
 public:
  using Write = std::function<void(std::string_view)>;
  StopTexts(std::vector<std::string> stops, Write write);

  // False: one has come. It and what follows is not written.
  bool add(std::string_view piece);
  void finish();  // the text ends otherwise
  bool found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  Write write_;
  std::string kept_back_;
  bool found_ = false;
};

}  // namespace convoy

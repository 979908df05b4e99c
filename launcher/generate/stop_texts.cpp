#include "launcher/generate/stop_texts.h"

#include <algorithm>

namespace convoy {
namespace {

// Bytes at the end of the text with which one of the stops may begin.
size_t begun_bytes(std::string_view text, const std::vector<std::string>& stops) {
  for (size_t from = 0; from < text.size(); ++from)
    for (const std::string& stop : stops)
      if (std::string_view(stop).starts_with(text.substr(from))) return text.size() - from;
  return 0;
}

}  // namespace

StopTexts::StopTexts(std::vector<std::string> stops, Write write) : stops_(std::move(stops)), write_(std::move(write)) {
  std::erase(stops_, std::string());
}

bool StopTexts::add(std::string_view piece) {
  if (found_) return false;
  kept_back_ += piece;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, kept_back_.find(stop));
  found_ = first != std::string::npos;
  const size_t whole = found_ ? first : kept_back_.size() - begun_bytes(kept_back_, stops_);
  if (whole > 0) write_(std::string_view(kept_back_).substr(0, whole));
  kept_back_.erase(0, found_ ? std::string::npos : whole);
  return !found_;
}

void StopTexts::finish() {
  if (!kept_back_.empty()) write_(kept_back_);
  kept_back_.clear();
}

}  // namespace convoy

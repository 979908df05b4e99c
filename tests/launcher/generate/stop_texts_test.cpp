#include "launcher/generate/stop_texts.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

struct Stopped {
  std::string text;
  bool found;
};

// By pieces of so many bytes.
Stopped stopped(const std::string& text, const std::vector<std::string>& stops, size_t bytes) {
  std::string written;
  StopTexts stop(stops, [&](std::string_view piece) { written += piece; });
  for (size_t at = 0; at < text.size() && stop.add(text.substr(at, bytes)); at += bytes) {
  }
  if (!stop.found()) stop.finish();
  return {written, stop.found()};
}

TEST(StopTexts, EndBeforeTheFirstWhereverPiecesAreCut) {
  for (size_t bytes = 1; bytes < 20; ++bytes) {
    SCOPED_TRACE(bytes);
    const Stopped ended = stopped("one, two; three, four", {"; t", "e, f", ""}, bytes);
    EXPECT_TRUE(ended.found);
    EXPECT_EQ(ended.text, "one, two");
    const Stopped repeated = stopped("aabaac", {"aac"}, bytes);
    EXPECT_EQ(repeated.text, "aab");
    const Stopped whole = stopped("one, two;", {"; t"}, bytes);
    EXPECT_FALSE(whole.found);
    EXPECT_EQ(whole.text, "one, two;");
  }
}

TEST(StopTexts, KeepBackNoMoreThanMayBecomeOne) {
  std::vector<std::string> pieces;
  StopTexts stop({"###"}, [&](std::string_view piece) { pieces.emplace_back(piece); });
  stop.add("a#");
  stop.add("b##");
  EXPECT_EQ(pieces, (std::vector<std::string>{"a", "#b"}));
  stop.finish();
  EXPECT_EQ(pieces.back(), "##");
}

}  // namespace
}  // namespace convoy

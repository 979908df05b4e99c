#include "core/base/glob.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

TEST(Glob, MatchesWholeNames) {
  EXPECT_TRUE(glob_matches("*.bias", "h.0.attn.bias"));
  EXPECT_FALSE(glob_matches("*.bias", "h.0.attn.bias.x"));
  EXPECT_FALSE(glob_matches("bias", "h.0.attn.bias"));
  EXPECT_TRUE(glob_matches("h.[01].*", "h.1.mlp"));
  EXPECT_FALSE(glob_matches("h.[01].*", "h.2.mlp"));
  EXPECT_TRUE(glob_matches("h.?.mlp", "h.2.mlp"));
  EXPECT_TRUE(glob_matches("*", ""));
}

TEST(Glob, FindsWhatWasMeant) {
  const std::vector<std::string> names{"wte", "h.0.attn.weight", "h.0.mlp.bias", "h.1.attn.weight", "ln_f.bias"};
  EXPECT_EQ(nearest_matches("h.*.atn.weight", names, 2),
            (std::vector<std::string>{"h.0.attn.weight", "h.1.attn.weight"}));
  EXPECT_EQ(nearest_matches("*.bais", names, 1), std::vector<std::string>{"h.0.mlp.bias"});
  EXPECT_EQ(nearest_matches("wtf", names, 1), std::vector<std::string>{"wte"});
  EXPECT_EQ(nearest_matches("x", {}, 3), std::vector<std::string>{});
}

}  // namespace
}  // namespace convoy

// The layering of the folders, read from every #include.
#include "tests/architecture/include_rules.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

bool allowed(const char* file, const char* header, bool quoted = true) {
  return !broken_rule({file, 1, header, quoted});
}
bool allowed_system(const char* file, const char* header) { return allowed(file, header, false); }

TEST(IncludeRules, CoreKnowsOnlyItself) {
  EXPECT_TRUE(allowed("core/train/trainer.cpp", "core/ops/ops.h"));
  EXPECT_FALSE(allowed("core/train/trainer.cpp", "comm/watchdog.h"));
  EXPECT_FALSE(allowed("core/train/trainer.cpp", "launcher/signals.h"));
}

TEST(IncludeRules, SiblingsDoNotKnowEachOther) {
  EXPECT_TRUE(allowed("comm/local/a.cpp", "comm/watchdog.h"));
  EXPECT_TRUE(allowed("kernels/cpu/a.cpp", "core/ops/ops.h"));
  EXPECT_FALSE(allowed("comm/a.cpp", "kernels/cpu/parallel.h"));
  EXPECT_FALSE(allowed("datasets/a.cpp", "comm/watchdog.h"));
  EXPECT_TRUE(allowed("launcher/a.cpp", "datasets/manifest.h"));
}

TEST(IncludeRules, NothingIncludesTestsOrExamples) {
  EXPECT_FALSE(allowed("launcher/a.cpp", "tests/core/helper.h"));
  EXPECT_FALSE(allowed("core/a.cpp", "examples/a.h"));
  EXPECT_TRUE(allowed("tests/core/a.cpp", "tests/core/helper.h"));
}

TEST(IncludeRules, LibrariesOfOthersHaveOneHome) {
  EXPECT_TRUE(allowed_system("comm/mpi/a.cpp", "mpi.h"));
  EXPECT_FALSE(allowed_system("comm/a.cpp", "mpi.h"));
  EXPECT_FALSE(allowed_system("launcher/a.cpp", "mpi.h"));
  EXPECT_TRUE(allowed_system("datasets/hdf5/a.cpp", "hdf5.h"));
  EXPECT_FALSE(allowed_system("datasets/a.cpp", "H5Dpublic.h"));
  EXPECT_TRUE(allowed_system("comm/nccl/a.cpp", "nccl.h"));
  EXPECT_TRUE(allowed_system("comm/nccl/a.cpp", "cuda_runtime.h"));
  EXPECT_FALSE(allowed_system("core/a.cpp", "cuda_runtime.h"));
  EXPECT_FALSE(allowed_system("core/a.cpp", "oneapi/dnnl/dnnl.hpp"));
  EXPECT_FALSE(allowed_system("core/a.cpp", "gtest/gtest.h"));
  EXPECT_TRUE(allowed_system("tests/core/a.cpp", "gtest/gtest.h"));
  EXPECT_TRUE(allowed_system("core/a.cpp", "vector"));
}

TEST(IncludeRules, PathsBeginAtTheRoot) {
  EXPECT_FALSE(allowed("core/ops/a.cpp", "../base/error.h"));
  EXPECT_FALSE(allowed("core/ops/a.cpp", "ops.h"));
}

class Tree : public testing::TestWithParam<const char*> {};

TEST_P(Tree, KeepsTheRules) {
  const std::filesystem::path root = CONVOY_SOURCE_DIR;
  const std::vector<Include> includes = includes_below(root, GetParam());
  EXPECT_FALSE(includes.empty()) << "no #include found below " << root / GetParam();
  for (const Include& include : includes) {
    const auto rule = broken_rule(include);
    EXPECT_FALSE(rule) << include.file << ":" << include.line << " includes " << include.header << ": " << *rule;
    EXPECT_TRUE(!include.quoted || std::filesystem::exists(root / include.header))
        << include.file << ":" << include.line << " includes " << include.header << ", which is not there";
  }
}

INSTANTIATE_TEST_SUITE_P(Folders, Tree, testing::Values("core", "kernels", "comm", "datasets", "launcher", "tests"),
                         [](const auto& folder) { return std::string(folder.param); });

}  // namespace
}  // namespace convoy

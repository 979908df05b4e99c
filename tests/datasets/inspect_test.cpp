#include "datasets/inspect.h"

#include <gtest/gtest.h>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

TEST(Inspect, DescribesTheDataset) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = 1234567, .validation_tokens = 1000});
  const std::string text = describe_dataset(folder.path());
  for (const char* part : {"vocabulary 256", "1,234,567 tokens in 2 shards", "1,000 tokens", "train-00001.h5",
                           "validation-00000.h5", "no end-of-text token", "It begins:\n\x03\n\x11"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(Inspect, VerifyNamesEveryDamage) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.train_tokens = 3000, .validation_tokens = 100, .shard_tokens = 1000});
  EXPECT_EQ(verify_dataset(folder.path(), nullptr), std::vector<std::string>{});
  std::string bytes = read_text(folder / "train-00000.h5");
  const auto offset = static_cast<size_t>(data_offset(folder / "train-00000.h5"));
  bytes[offset] ^= 1;
  bytes[offset + 1999] ^= 1;
  write_text(folder / "train-00000.h5", bytes);
  std::filesystem::resize_file(folder / "train-00002.h5", 1000);
  write_text(folder / "tokenizer.json", "{");
  const std::vector<std::string> damages = verify_dataset(folder.path(), nullptr);
  ASSERT_EQ(damages.size(), 4u);
  EXPECT_NE(damages[0].find("train-00000.h5: bytes"), std::string::npos) << damages[0];
  EXPECT_NE(damages[1].find("train-00000.h5: bytes"), std::string::npos) << damages[1];
  EXPECT_NE(damages[2].find("train-00002.h5"), std::string::npos) << damages[2];
  EXPECT_NE(damages[3].find("tokenizer.json"), std::string::npos) << damages[3];
}

TEST(Inspect, NothingThere) {
  const TemporaryFolder folder;
  EXPECT_DATA_ERROR(describe_dataset(folder / "none"), "no such dataset folder");
  EXPECT_DATA_ERROR(verify_dataset(folder.path(), nullptr), "no manifest.json");
}

}  // namespace
}  // namespace convoy

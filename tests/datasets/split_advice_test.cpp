// What an error about a short split says would help is done, and must help.
#include "datasets/split_advice.h"

#include <gtest/gtest.h>

#include <optional>
#include <regex>

#include "core/base/error.h"
#include "datasets/import_text.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

struct Wanted {
  int64_t context = 8, micro = 2;
};

class SplitAdvice : public testing::Test {
 protected:
  void import(const std::string& text, double validation, int64_t shard_tokens = 1 << 20) {
    write_text(folder_ / "text.txt", text);
    options_.inputs = {folder_ / "text.txt"};
    options_.out = folder_ / "data";
    options_.tokenizer = "bytes";
    options_.validation = validation;
    options_.shard_tokens = shard_tokens;
    options_.force = true;
    import_text(options_, nullptr);
  }

  // Empty: it can be trained on.
  std::string mistake(const Wanted& wanted) const {
    try {
      const auto dataset = open_token_dataset(options_.out, wanted.context, 1);
      require_evaluation_in_training(*dataset, wanted.micro);
      return "";
    } catch (const DataError& error) {
      return error.what();
    }
  }

  static std::optional<double> number_behind(const std::string& text, const std::string& words) {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(words + " ([0-9.]+)"))) return std::nullopt;
    return std::stod(match[1]);
  }

  // Tries every remedy alone that is a number; says how many there were.
  int expect_remedies_help(const Wanted& wanted) {
    const std::string said = mistake(wanted);
    EXPECT_NE(said, "");
    int remedies = 0;
    if (const auto context = number_behind(said, "model.context to"); context && ++remedies) {
      EXPECT_EQ(mistake({static_cast<int64_t>(*context), wanted.micro}), "") << said;
    }
    if (const auto micro = number_behind(said, "batch.micro to"); micro && ++remedies) {
      EXPECT_EQ(mistake({wanted.context, static_cast<int64_t>(*micro)}), "") << said;
    }
    const auto share = number_behind(said, "--validation"), shard = number_behind(said, "--shard-tokens of at least");
    if (share && ++remedies) options_.validation = *share;
    if (shard && ++remedies) options_.shard_tokens = static_cast<int64_t>(*shard);
    if (share || shard) {
      import_text(options_, nullptr);
      EXPECT_EQ(mistake(wanted), "") << said;
    }
    return remedies;
  }

  TemporaryFolder folder_;
  ImportTextOptions options_;
};

std::string text_of(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += "line " + std::to_string(i) + " of a text\n";
  return text;
}

TEST_F(SplitAdvice, NoValidationSplit) {
  import(text_of(60), 0);
  EXPECT_NE(
      mistake({}).find("data: the dataset has no validation split; import the text again with --validation 0.1 and "
                       "--force, or train without evaluation: evaluate.batches=0"),
      std::string::npos)
      << mistake({});
  EXPECT_EQ(expect_remedies_help({}), 1);
}

TEST_F(SplitAdvice, AShareTooSmall) {
  import(text_of(60), 0.01);
  EXPECT_EQ(expect_remedies_help({16, 2}), 3);
  import(text_of(60), 0.02);
  EXPECT_EQ(expect_remedies_help({16, 4}), 3);
  import(std::string(40000, 'x') + "\n", 0.0001);
  EXPECT_EQ(expect_remedies_help({64, 32}), 1) << "4 tokens are too few for 32 sequences of any context";
}

TEST_F(SplitAdvice, ShardsTooShort) {
  import(text_of(600), 0.1, 40);
  EXPECT_NE(mistake({64, 2}).find("--shard-tokens of at least 65"), std::string::npos) << mistake({64, 2});
  EXPECT_GE(expect_remedies_help({64, 2}), 2);
}

TEST_F(SplitAdvice, TooLittleTextIsToBeMore) {
  import("a tiny text\nof two lines\n", 0.2);
  const std::string said = mistake({1024, 8});
  EXPECT_NE(said.find("longest training shard has 20 tokens of 20"), std::string::npos) << said;
  EXPECT_NE(said.find("lower model.context to 19, or import more text"), std::string::npos) << said;
}

TEST_F(SplitAdvice, ATrainingSplitThatTheValidationSplitTookFrom) {
  import(text_of(60), 0.97);
  EXPECT_NE(mistake({64, 1}).find("a smaller --validation"), std::string::npos) << mistake({64, 1});
}

TEST_F(SplitAdvice, ATrainedModelKeepsItsContext) {
  import(text_of(60), 0.02);
  const auto dataset = open_token_dataset(options_.out, 16, 1);
  EXPECT_NO_THROW(require_evaluation_of_trained(*dataset, Split::validation, 1));
  EXPECT_DATA_ERROR(require_evaluation_of_trained(*dataset, Split::validation, 4), "lower batch.micro to",
                    "data.path=FOLDER");
  try {
    require_evaluation_of_trained(*dataset, Split::validation, 4);
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()).find("lower model.context"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace convoy

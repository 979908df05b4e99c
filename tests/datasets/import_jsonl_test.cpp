// `data import-jsonl` from files to samples: splits, duplicates, lengths, and that a bad line leaves nothing behind.
#include "datasets/import_jsonl.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "datasets/inspect.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/jsonl/chat_tokenizer.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

std::string conversation(int i, const std::string& more = "") {
  return fmt::format(
      R"({{"messages": [{{"role": "user", "content": "say {0}"}}, {{"role": "assistant", "content": "{0}{1}"}}]}})", i,
      more);
}

class ImportJsonl : public testing::Test {
 protected:
  ImportJsonl() {
    write_text(folder_ / "tokenizer.json", chat_tokenizer_json());
    options_.inputs = {folder_ / "in.jsonl"};
    options_.out = folder_ / "out";
    options_.tokenizer = (folder_ / "tokenizer.json").string();
    options_.form.format = *find_chat_format("chatml");
    options_.form.chat_prompts = true;
    options_.threads = 3;
  }
  ImportResult run(const std::string& text) {
    write_text(folder_ / "in.jsonl", text);
    return import_jsonl(options_, nullptr);
  }
  static std::string conversations(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += conversation(i) + "\n";
    return text;
  }
  void expect_refused(const std::string& text, const std::string& part) {
    EXPECT_DATA_ERROR(run(text), part);
    EXPECT_FALSE(std::filesystem::exists(options_.out));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.importing"));
  }

  TemporaryFolder folder_;
  ImportJsonlOptions options_;
};

TEST_F(ImportJsonl, MakesADatasetOnce) {
  options_.fractions.test = 0.1;
  const ImportResult made = run(conversations(500));
  EXPECT_FALSE(made.was_there);
  EXPECT_EQ(made.manifest.kind, "documents");
  EXPECT_EQ(made.manifest.end_of_text, 256);
  const auto dataset = open_dataset(options_.out, {.context = 64, .seed = 1, .pack = false});
  EXPECT_EQ(dataset->samples(Split::train), 400);
  EXPECT_EQ(dataset->samples(Split::validation), 50);
  EXPECT_EQ(dataset->samples(Split::test), 50);
  EXPECT_EQ(verify_dataset(options_.out, nullptr), std::vector<std::string>{});
  EXPECT_TRUE(run(conversations(500)).was_there);
  options_.loss = "all";
  EXPECT_DATA_ERROR(run(conversations(500)), "holds a dataset of other data or options");
}

// However many threads read, and wherever lines are cut.
TEST_F(ImportJsonl, MakesTheSameForAnyThreads) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += conversation(i, std::string(static_cast<size_t>(i % 50), 'x')) + "\n";
  std::vector<std::string> identities;
  for (const int threads : {1, 4}) {
    options_.threads = threads;
    options_.force = true;
    run(text);
    identities.push_back(open_dataset(options_.out, {.context = 200, .seed = 1})->identity());
  }
  EXPECT_EQ(identities[0], identities[1]);
}

TEST_F(ImportJsonl, LeavesOutDuplicatesAndWhatIsTooLong) {
  std::string text = conversations(20);
  text += conversation(3) + "\n" + conversation(77, std::string(100, 'y')) + "\n" + R"({"text": ""})" + "\n";
  options_.max_tokens = 60;
  expect_refused(text, "in.jsonl, line 22: a record of 129 tokens, and --max-tokens 60");
  options_.too_long = "drop";
  options_.fractions.validation = 0;
  ImportResult made = run(text);
  ASSERT_EQ(made.summary.size(), 1u);
  for (const char* part : {"23 records: 1 texts, 22 conversations", "1 exact duplicates left out",
                           "1 longer than 60 tokens left out", "1 without a token that counts left out"})
    EXPECT_NE(made.summary[0].find(part), std::string::npos) << part << "\n" << made.summary[0];
  EXPECT_EQ(open_dataset(options_.out, {.context = 60, .seed = 1, .pack = false})->samples(Split::train), 20);
  options_.too_long = "truncate";
  options_.force = true;
  made = run(text);
  EXPECT_NE(made.summary[0].find("1 cut to 60 tokens"), std::string::npos) << made.summary[0];
  EXPECT_EQ(open_dataset(options_.out, {.context = 60, .seed = 1, .pack = false})->samples(Split::train), 21);
}

TEST_F(ImportJsonl, TakesSplitsFromFiles) {
  write_text(folder_ / "held.jsonl", conversation(1000) + "\n" + conversation(1) + "\n");
  options_.validation_files = {(folder_ / "held.jsonl").string()};
  run(conversations(30));
  const auto dataset = open_dataset(options_.out, {.context = 64, .seed = 1, .pack = false});
  EXPECT_EQ(dataset->samples(Split::train), 30);
  EXPECT_EQ(dataset->samples(Split::validation), 1);  // the other is trained on
}

TEST_F(ImportJsonl, MakesPairs) {
  const ImportResult made = run(R"({"prompt": "q", "chosen": "good", "rejected": "bad"})"
                                "\n");
  EXPECT_EQ(made.manifest.kind, "pairs");
  const auto dataset = open_dataset(options_.out, {.context = 64, .seed = 1});
  EXPECT_EQ(dataset->samples(Split::train), 1);
  EXPECT_EQ(dataset->fields()[0].shape, (Shape{2, 64}));
  options_.force = true;
  EXPECT_DATA_ERROR(run(R"({"prompt": "q", "chosen": "good", "rejected": "bad"})"
                        "\n" +
                        conversation(1)),
                    "in.jsonl, line 2: no preference pair, and those before it are such pairs");
}

TEST_F(ImportJsonl, NamesFileAndLineAndLeavesNothing) {
  expect_refused(conversation(1) + "\n\n{\"text\": \"a\n", "in.jsonl, line 3: no JSON at byte");
  expect_refused(conversation(1) + "\n{\"mesages\": []}\n", "in.jsonl, line 2: no column messages");
  expect_refused(R"({"messages": [{"role": "user", "content": "q"}]})", "in.jsonl, line 1: a conversation without an");
  expect_refused("", "the file is empty");
  expect_refused("\n\n", "no record in it");
  expect_refused(conversation(1) + "\n{\"text\": \"\xff\"}\n", "in line 2, is no UTF-8");
  expect_refused(R"({"text": ""})", "of 1 records none is left to train on: 1 without a token that counts left out");
  options_.form.format.reset();
  options_.form.why_not = "the model brings no chat template along";
  expect_refused(conversation(1), "line 1: a conversation, and how it is to be written is not known");
}

TEST_F(ImportJsonl, RefusesOptionsThatMeanNothing) {
  write_text(folder_ / "in.jsonl", conversations(3));
  const auto refused = [&](const std::string& part) {
    try {
      import_jsonl(options_, nullptr);
      ADD_FAILURE() << part;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  options_.too_long = "cut";
  refused("--too-long cut: there are error, drop, truncate");
  options_.too_long = "drop", options_.normalize = "nfd";
  refused("--normalize nfd: there are none, nfc, nfkc");
  options_.normalize = "nfc", options_.loss = "user";
  refused("--loss user: there are assistant, all");
  options_.loss = "all", options_.tokenizer = "";
  refused("write --model FOLDER");
  options_.tokenizer = "characters";
  refused("wanted --model FOLDER, bytes");
  options_.tokenizer = "nowhere.json";
  refused("--tokenizer nowhere.json: no such file");
}

}  // namespace
}  // namespace convoy

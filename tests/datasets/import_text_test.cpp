#include "datasets/import_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "datasets/inspect.h"
#include "datasets/token_dataset.h"
#include "datasets/tokenizers/load_tokenizer.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

class ImportText : public testing::Test {
 protected:
  ImportText() {
    options_.inputs = {folder_ / "text"};
    options_.out = folder_ / "data";
  }
  void write(const std::string& name, const std::string& text) const { write_text(folder_ / "text" / name, text); }
  ImportResult import() const { return import_text(options_, nullptr); }

  // The tokens of a split, read from its shards, decoded.
  std::string text_of(Split split) const {
    const DatasetManifest manifest = read_dataset_manifest(options_.out);
    std::vector<int32_t> tokens;
    for (const ShardEntry& entry : manifest.split(split).shards) {
      const auto before = tokens.size();
      tokens.resize(before + static_cast<size_t>(entry.rows));
      ArrayShard(options_.out, manifest, entry).read(0, 0, entry.rows, tokens.data() + before);
    }
    return load_tokenizer(options_.out)->decode(tokens);
  }
  bool only_text_and(const std::string& name) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      if (entry.path().filename() != "text" && entry.path().filename() != name) return false;
    return true;
  }
  static std::string reference(const std::string& name) {
    return (std::filesystem::path(CONVOY_SOURCE_DIR) / "tests/reference/tokenizers" / name).string();
  }

  TemporaryFolder folder_;
  ImportTextOptions options_;
};

std::string lines(char letter, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::string(9, letter) + "\n";
  return text;
}

TEST_F(ImportText, CharactersWithTheEndOfEveryDocumentForValidation) {
  write("b.txt", lines('b', 20));
  write("a.md", lines('a', 10));
  const ImportResult result = import();
  EXPECT_FALSE(result.was_there);
  EXPECT_EQ(result.manifest.vocabulary, 3);
  EXPECT_EQ(text_of(Split::train), lines('a', 9) + lines('b', 18));
  EXPECT_EQ(text_of(Split::validation), lines('a', 1) + lines('b', 2));
  EXPECT_EQ(verify_dataset(options_.out, nullptr), std::vector<std::string>{});
  EXPECT_TRUE(only_text_and("data"));
}

TEST_F(ImportText, TheVocabularyIsOfAllTheText) {
  write("a.txt", lines('a', 99) + "only \u65e5 here\n");
  import();
  EXPECT_NE(text_of(Split::validation).find("\u65e5"), std::string::npos);
}

// Cut at the nearest line end, else where the share says.
TEST_F(ImportText, TextWithoutLineEndsIsCutWhereTheShareSays) {
  options_.validation = 0.5;
  for (const std::string& text : {std::string(40000, 'x') + "\n", std::string(40000, 'x')}) {
    write("a.txt", text);
    options_.force = true;
    const ImportResult result = import();
    EXPECT_EQ(result.manifest.split(Split::validation).rows(), 20000);
    EXPECT_EQ(text_of(Split::train) + text_of(Split::validation), text);
    EXPECT_EQ(result.notes, std::vector<std::string>{});
  }
}

TEST_F(ImportText, SaysThatNothingIsLeftForValidation) {
  const auto expect_note = [&](const ImportResult& result) {
    EXPECT_EQ(result.manifest.split(Split::validation).rows(), 0);
    ASSERT_EQ(result.notes.size(), 1u);
    EXPECT_NE(result.notes[0].find("leaves nothing of the text for validation"), std::string::npos) << result.notes[0];
  };
  options_.validation = 0.001;
  write("a.txt", lines('a', 10));
  expect_note(import());
  expect_note(import());  // is there already
  std::filesystem::remove_all(options_.out);
  for (int i = 100; i < 220; ++i) write(std::to_string(i) + ".txt", std::to_string(i) + "\n");
  expect_note(import());
  options_.force = true;
  options_.validation = 0;
  EXPECT_EQ(import().notes, std::vector<std::string>{}) << "as it was asked for";
}

TEST_F(ImportText, APipe) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  options_.inputs = {folder_ / "pipe"};
  const auto import_from_pipe = [&](const std::string& text) {
    const std::jthread writer([&] { write_text(folder_ / "pipe", text); });
    return import();
  };
  const ImportResult result = import_from_pipe(lines('a', 10));
  EXPECT_EQ(text_of(Split::train) + text_of(Split::validation), lines('a', 10));
  EXPECT_EQ(result.manifest.import.sources.at(0).name, "pipe");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(options_.out), {}), 4)
      << "two shards, tokenizer, manifest";
  EXPECT_TRUE(import_from_pipe(lines('a', 10)).was_there);
  EXPECT_DATA_ERROR(import_from_pipe(lines('b', 10)), "other data or options");
  options_.force = true;
  EXPECT_DATA_ERROR(import_from_pipe(""), "the text is empty");
  EXPECT_EQ(import_from_pipe(lines('b', 10)).manifest.vocabulary, 2);
}

TEST_F(ImportText, NamesAreBytes) {
  write("caf\xe9 \\xe9\n.txt", lines('a', 10));
  options_.out = folder_ / "data\xff";
  EXPECT_EQ(import().manifest.import.sources.at(0).name, "caf\xe9 \\xe9\n.txt");
  EXPECT_TRUE(import().was_there) << "the manifest's names come back";
}

TEST_F(ImportText, NoValidation) {
  options_.validation = 0;
  write("a.txt", lines('a', 10));
  import();
  EXPECT_EQ(text_of(Split::train), lines('a', 10));
  EXPECT_EQ(text_of(Split::validation), "");
}

TEST_F(ImportText, OfManyDocumentsWholeOnesAreForValidation) {
  for (int i = 100; i < 220; ++i) write(std::to_string(i) + ".txt", std::to_string(i) + "\n");
  import();
  const std::string train = text_of(Split::train), validation = text_of(Split::validation);
  EXPECT_EQ(validation, "109\n119\n129\n139\n149\n159\n169\n179\n189\n199\n209\n219\n");
  EXPECT_EQ(train.size() + validation.size(), 120u * 4);
}

TEST_F(ImportText, TheLastOfEachDocumentIsForTesting) {
  options_.validation = 0.2, options_.test = 0.1;
  write("a.txt", lines('a', 10));
  write("b.txt", lines('b', 20));
  EXPECT_EQ(import().manifest.import.option("test"), "0.1");
  EXPECT_EQ(text_of(Split::train), lines('a', 7) + lines('b', 14));
  EXPECT_EQ(text_of(Split::validation), lines('a', 2) + lines('b', 4));
  EXPECT_EQ(text_of(Split::test), lines('a', 1) + lines('b', 2));
  EXPECT_TRUE(import().was_there);
  options_.test = 0;
  EXPECT_DATA_ERROR(import(), "other data or options");
  options_.validation = 0.5, options_.test = 0.5, options_.force = true;
  EXPECT_THROW(import(), ConfigError);
}

TEST_F(ImportText, OfManyDocumentsWholeOnesAreForTesting) {
  for (int i = 100; i < 220; ++i) write(std::to_string(i) + ".txt", std::to_string(i) + "\n");
  options_.validation = 0.1, options_.test = 0.1;
  import();
  EXPECT_EQ(text_of(Split::validation).size(), 12u * 4);
  EXPECT_EQ(text_of(Split::test).size(), 12u * 4);
  EXPECT_EQ(text_of(Split::train).size(), 96u * 4);
}

// Word for word what one thread makes, and documents of many sizes.
TEST_F(ImportText, ThreadsChangeNothing) {
  for (int i = 0; i < 120; ++i) write(std::to_string(i) + ".txt", lines(static_cast<char>('a' + i % 7), 1 + i * i % 300));
  options_.tokenizer = reference("gpt2_style.json");
  import();
  const std::string alone = text_of(Split::train), held_back = text_of(Split::validation);
  const DatasetManifest one = read_dataset_manifest(options_.out);
  options_.threads = 3;
  options_.force = true;
  import();
  EXPECT_EQ(text_of(Split::train), alone);
  EXPECT_EQ(text_of(Split::validation), held_back);
  EXPECT_EQ(read_dataset_manifest(options_.out).splits, one.splits);
  write("060.txt", "\xff");
  EXPECT_DATA_ERROR(import(), "060.txt");
}

TEST_F(ImportText, DropsDocumentsThatAreEqual) {
  write("a.txt", "one\n");
  write("b.txt", "two\n");
  write("c.txt", "one\n");
  write("d.txt", "one\n\n");
  options_.validation = 0;
  options_.drop_duplicates = true;
  const ImportResult result = import();
  EXPECT_EQ(text_of(Split::train), "one\ntwo\none\n\n");
  ASSERT_EQ(result.notes.size(), 1u);
  EXPECT_NE(result.notes[0].find("1 of 4 documents, 4 bytes"), std::string::npos);
  EXPECT_TRUE(import().was_there);
  options_.drop_duplicates = false;
  EXPECT_DATA_ERROR(import(), "other data or options");
}

TEST_F(ImportText, CutsIntoShards) {
  options_.shard_tokens = 64;
  options_.tokenizer = "bytes";
  write("a.txt", lines('a', 30));
  const DatasetManifest manifest = import().manifest;
  ASSERT_EQ(manifest.split(Split::train).shards.size(), 5u);
  EXPECT_EQ(manifest.split(Split::train).shards[4].rows, 270 - 4 * 64);
  EXPECT_EQ(text_of(Split::train), lines('a', 27));
}

TEST_F(ImportText, ByteLevelBpePutsEndOfTextBetweenDocuments) {
  options_.tokenizer = reference("gpt2_style.json");
  options_.validation = 0;
  write("a.txt", "To be,\n");
  write("b.txt", "or not to be\n");
  const DatasetManifest manifest = import().manifest;
  EXPECT_EQ(manifest.end_of_text, 0);
  EXPECT_EQ(manifest.vocabulary, 1057);
  EXPECT_EQ(text_of(Split::train), "To be,\n<|endoftext|>or not to be\n<|endoftext|>");
  EXPECT_EQ(read_text(options_.out / "tokenizer.json"), read_text(options_.tokenizer));
}

TEST_F(ImportText, SentencePiece) {
  options_.tokenizer = reference("sentence_piece.model");
  options_.validation = 0;
  write("a.txt", "To be, or not to be");
  EXPECT_EQ(import().manifest.tokenizer_file, "tokenizer.model");
  EXPECT_EQ(text_of(Split::train), "To be, or not to be");
}

TEST_F(ImportText, TheSameAgainIsAlreadyThere) {
  write("a.txt", lines('a', 10));
  const auto manifest = import().manifest;
  const auto written = std::filesystem::last_write_time(options_.out / "manifest.json");
  const ImportResult again = import();
  EXPECT_TRUE(again.was_there);
  EXPECT_EQ(again.manifest.import, manifest.import);
  EXPECT_EQ(std::filesystem::last_write_time(options_.out / "manifest.json"), written);
}

TEST_F(ImportText, OtherTextOrOptionsNeedForce) {
  write("a.txt", lines('a', 10));
  import();
  options_.validation = 0.5;
  EXPECT_DATA_ERROR(import(), "data: holds a dataset of other data or options", "--force");
  options_.validation = 0.1;
  write("a.txt", lines('b', 10));
  EXPECT_DATA_ERROR(import(), "other data or options");
  EXPECT_EQ(text_of(Split::train), lines('a', 9)) << "untouched";
  options_.force = true;
  EXPECT_FALSE(import().was_there);
  EXPECT_EQ(text_of(Split::train), lines('b', 9));
  EXPECT_TRUE(only_text_and("data"));
}

TEST_F(ImportText, ADamagedDatasetIsNotAlreadyThere) {
  write("a.txt", lines('a', 10));
  import();
  std::filesystem::resize_file(options_.out / "train-00000.h5", 100);
  EXPECT_DATA_ERROR(import(), "train-00000.h5");
  options_.force = true;
  EXPECT_NO_THROW(import());
  EXPECT_EQ(text_of(Split::train), lines('a', 9));
}

TEST_F(ImportText, ForceNeverRemovesWhatNoImportWrote) {
  write("a.txt", lines('a', 10));
  write_text(options_.out / "precious.txt", "mine");
  for (const bool force : {false, true}) {
    options_.force = force;
    EXPECT_DATA_ERROR(import(), "data: holds precious.txt, which is no part of a dataset", "choose another folder");
  }
  std::filesystem::remove_all(options_.out);
  write_text(options_.out, "a file");
  EXPECT_DATA_ERROR(import(), "is a file");
  EXPECT_EQ(read_text(options_.out), "a file");
}

TEST_F(ImportText, AnEmptyFolderIsFilled) {
  write("a.txt", lines('a', 10));
  std::filesystem::create_directory(options_.out);
  EXPECT_NO_THROW(import());
}

TEST_F(ImportText, WhatAnInterruptedImportLeftIsCleared) {
  write("a.txt", lines('a', 10));
  write_text(folder_ / "data.importing" / "train-00007.h5.tmp", "half");
  import();
  EXPECT_TRUE(only_text_and("data"));
  EXPECT_FALSE(std::filesystem::exists(options_.out / "train-00007.h5.tmp"));
}

TEST_F(ImportText, BadText) {
  EXPECT_DATA_ERROR(import(), "text: no such file or folder");
  write("a.txt", "");
  EXPECT_DATA_ERROR(import(), "the text is empty");
  write("b.txt", "abc\xff");
  EXPECT_DATA_ERROR(import(), "b.txt", "0xff at position 3");
  EXPECT_TRUE(only_text_and("")) << "nothing is left of a failed import";
}

TEST_F(ImportText, BadOptions) {
  write("a.txt", "text");
  options_.tokenizer = "none.json";
  EXPECT_DATA_ERROR(import(), "none.json: no such file; wanted characters, bytes");
  options_.tokenizer = reference("gpt2_style.expected.json");
  EXPECT_DATA_ERROR(import(), "not a Hugging Face tokenizer.json");
  for (const double validation : {-0.1, 1.0, 2.0}) {
    options_.validation = validation;
    EXPECT_THROW(import(), ConfigError);
  }
  options_.tokenizer = "characters";
  options_.validation = 0.999;
  write("a.txt", "\n");
  EXPECT_DATA_ERROR(import(), "--validation 0.999 leaves no text to train on");
  EXPECT_TRUE(only_text_and(""));
}

TEST_F(ImportText, TellsItsProgress) {
  write("a.txt", lines('a', 10));
  std::vector<std::string> stages;
  ImportProgress last;
  import_text(options_, [&](const ImportProgress& progress) {
    if (stages.empty() || stages.back() != progress.stage) stages.emplace_back(progress.stage);
    last = progress;
  });
  EXPECT_EQ(stages, (std::vector<std::string>{"reading", "encoding"}));
  EXPECT_EQ(last.bytes_done, 100);
  EXPECT_EQ(last.bytes_total, 100);
}

}  // namespace
}  // namespace convoy

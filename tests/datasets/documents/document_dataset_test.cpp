// Documents and pairs as samples: what stands where, and what is refused.
#include "datasets/documents/document_dataset.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "core/base/error.h"
#include "core/data/referenced_pairs.h"
#include "datasets/documents/pair_dataset.h"
#include "datasets/inspect.h"
#include "datasets/kinds.h"
#include "tests/core/temporary_folder.h"
#include "tests/datasets/documents/toy_documents.h"
#include "tests/datasets/expect_error.h"
#include "tests/datasets/toy_dataset.h"

namespace convoy {
namespace {

// All fields of samples, one after the other.
std::vector<std::vector<int32_t>> read_fields(BatchSource& source, Split split, int64_t first, int64_t count) {
  std::vector<std::vector<int32_t>> fields;
  std::vector<Tensor> out;
  for (const BatchField& field : source.fields())
    fields.emplace_back(static_cast<size_t>(count * field.shape.elements()), -9);
  for (size_t f = 0; f < fields.size(); ++f) {
    std::vector<int64_t> extents{count};
    const Shape& shape = source.fields()[f].shape;
    extents.insert(extents.end(), shape.begin(), shape.end());
    out.emplace_back(fields[f].data(), DType::i32, Shape(std::span<const int64_t>(extents)));
  }
  source.read(split, first, count, out);
  return fields;
}

TEST(PackDocuments, PutsTheLongestWhereTheLeastRoomIsLeft) {
  const std::vector<int64_t> places = {3, 8, 5, 2, 7, 5, 1};
  const PackedDocuments packed = pack_documents(places, 10, true);
  // 8; 7; 5 5; then 3 beside 7, 2 beside 8, 1 alone: no other has room left.
  ASSERT_EQ(packed.sequences(), 4);
  const auto sequence = [&](int64_t i) { return std::vector<int64_t>(packed[i].begin(), packed[i].end()); };
  EXPECT_EQ(sequence(0), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(sequence(1), (std::vector<int64_t>{4, 0}));
  EXPECT_EQ(sequence(2), (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(sequence(3), (std::vector<int64_t>{6}));
  EXPECT_EQ(pack_documents(places, 10, false).sequences(), 7);
  EXPECT_EQ(pack_documents({}, 10, true).sequences(), 0);
}

TEST(DocumentDataset, ASampleHoldsWholeDocuments) {
  const TemporaryFolder folder;
  const MarkedTokens a = toy_document(0, 6, 3), b = toy_document(1, 4, 2);
  write_toy_documents(folder.path(), {.train = {a, b}});
  const auto dataset = open_dataset(folder.path(), {.context = 10, .seed = 1});
  EXPECT_FALSE(dataset->every_target_counts());
  ASSERT_EQ(dataset->samples(Split::train), 1);
  const auto fields = read_fields(*dataset, Split::train, 0, 1);
  ASSERT_EQ(fields.size(), 3u);
  const auto &x = a.tokens, &y = b.tokens;
  EXPECT_EQ(fields[0], (std::vector<int32_t>{x[0], x[1], x[2], x[3], x[4], y[0], y[1], y[2], 0, 0}));
  EXPECT_EQ(fields[1], (std::vector<int32_t>{-1, -1, x[3], x[4], x[5], -1, y[2], y[3], -1, -1}));
  EXPECT_EQ(fields[2], (std::vector<int32_t>{0, 0, 0, 0, 0, 5, 5, 5, 8, 9}));
}

// Up to the first token that counts; a document all of which counts has its first alone, which nobody could say.
TEST(DocumentDataset, SaysWherePrefixesEnd) {
  const TemporaryFolder folder;
  const MarkedTokens a = toy_document(0, 6, 3), b = toy_document(1, 4, 0);
  MarkedTokens two_answers = toy_document(2, 9, 2);
  two_answers.counts[4] = two_answers.counts[5] = 0;
  write_toy_documents(folder.path(), {.train = {a, b, two_answers}});
  const auto packed = open_dataset(folder.path(), {.context = 18, .seed = 1, .prefix_ends = true});
  const auto fields = read_fields(*packed, Split::train, 0, 1);
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(packed->fields()[3].name, "prefix_ends");
  EXPECT_EQ(fields[3], (std::vector<int32_t>{2, 2, 2, 2, 2, 2, 2, 2, 11, 11, 11, 11, 11, 14, 14, 14, 0, 0}));
  const auto alone = open_dataset(folder.path(), {.context = 8, .seed = 1, .pack = false, .prefix_ends = true});
  std::multiset<std::vector<int32_t>> ends;
  for (int64_t i = 0; i < 3; ++i) ends.insert(read_fields(*alone, Split::train, i, 1)[3]);
  EXPECT_EQ(ends, (std::multiset<std::vector<int32_t>>{
                      {2, 2, 2, 2, 2, 2, 2, 2}, {3, 3, 3, 3, 3, 0, 0, 0}, {1, 1, 1, 0, 0, 0, 0, 0}}));
}

// Over an epoch every document once, in another order in the next, the same for whoever asks.
TEST(DocumentDataset, AnEpochHasEveryDocumentOnce) {
  const TemporaryFolder folder;
  std::vector<MarkedTokens> documents;
  int64_t counted = 0;
  for (int64_t i = 0; i < 40; ++i) {
    documents.push_back(toy_document(i, 3 + i * 7 % 11, 1 + i % 2));
    counted += static_cast<int64_t>(documents.back().size()) - 1 - i % 2;
  }
  write_toy_documents(folder.path(), {.train = documents, .validation = documents, .shard_tokens = 50});
  for (const bool pack : {true, false}) {
    const auto dataset = open_dataset(folder.path(), {.context = 16, .seed = 3, .pack = pack});
    const int64_t samples = dataset->samples(Split::train);
    EXPECT_EQ(dataset->samples(Split::validation), samples);
    EXPECT_TRUE(pack ? samples < 25 : samples == 40) << samples;
    std::vector<std::vector<int32_t>> orders;
    for (int64_t epoch = 0; epoch < 2; ++epoch) {
      const auto fields = read_fields(*dataset, Split::train, epoch * samples, samples);
      EXPECT_EQ(std::ranges::count_if(fields[1], [](int32_t target) { return target >= 0; }), counted);
      orders.push_back(fields[0]);
    }
    EXPECT_NE(orders[0], orders[1]);
    const auto third = read_fields(*dataset, Split::train, 3, 1)[0];
    EXPECT_EQ(third, std::vector<int32_t>(orders[0].begin() + 3 * 16, orders[0].begin() + 4 * 16));
  }
}

TEST(DocumentDataset, LeavesOutWhatTeachesNothing) {
  const TemporaryFolder folder;
  write_toy_documents(folder.path(), {.train = {toy_document(0, 5, 5), toy_document(1, 5, 2), toy_document(2, 1, 0)}});
  const auto dataset = open_dataset(folder.path(), {.context = 4, .seed = 1});
  EXPECT_EQ(dataset->samples(Split::train), 1);
  EXPECT_NE(describe_dataset(folder.path()).find("2 have no token that counts"), std::string::npos);
}

TEST(DocumentDataset, RefusesWhatIsTooLongOrNoDocument) {
  const TemporaryFolder folder;
  write_toy_documents(folder.path(), {.train = {toy_document(0, 9, 2)}});
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {.context = 7}),
                    "1 of 1 documents of the train split are longer than model.context + 1 = 8 tokens",
                    "write model.context=8");
  EXPECT_EQ(open_dataset(folder.path(), {.context = 8})->samples(Split::train), 1);
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {}), "no context");
  replace_in_file(folder / "manifest.json", "\"marks\",\n   \"dtype\": \"uint8\"",
                  "\"marks\",\n   \"dtype\": \"int32\"");
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {.context = 8}), "tokens and marks (uint8)");
}

TEST(DocumentDataset, VerifyAndInspectTellOfLabels) {
  const TemporaryFolder folder;
  MarkedTokens document;
  const std::string text = "Q: a?\nA: b";
  for (size_t i = 0; i < text.size(); ++i) {
    const auto token = static_cast<int32_t>(text[i]);
    document.append({&token, 1}, i >= 9);
  }
  write_toy_documents(folder.path(), {.train = {document}});
  EXPECT_EQ(verify_dataset(folder.path(), nullptr), std::vector<std::string>{});
  SampleView view;
  EXPECT_EQ(describe_samples(folder.path(), view), "");
  view.labels = true;
  EXPECT_NE(describe_samples(folder.path(), view).find("Q|:| |a|?|\\n\n|A|:| [[b]]"), std::string::npos)
      << describe_samples(folder.path(), view);
  view.colours = true;
  EXPECT_NE(describe_samples(folder.path(), view).find("\x1b[1;32mb\x1b[0m"), std::string::npos);
  EXPECT_NE(describe_dataset(folder.path()).find("1 records, 10 tokens, of which 1 count (10.0%)"), std::string::npos);
  std::string bytes = read_text(folder / "train-00000.h5");
  bytes[static_cast<size_t>(hdf5::open_shard(folder / "train-00000.h5", {"tokens", "marks"})[1].data_offset)] ^= 2;
  write_text(folder / "train-00000.h5", bytes);
  EXPECT_FALSE(verify_dataset(folder.path(), nullptr).empty());
}

TEST(PairDataset, ASampleIsAChosenAndARejectedAnswer) {
  const TemporaryFolder folder;
  std::vector<MarkedTokens> documents;
  for (int64_t i = 0; i < 6; ++i) documents.push_back(toy_document(i, 4 + i % 2, 2));
  write_toy_documents(folder.path(),
                      {.train = documents, .validation = documents, .kind = "pairs", .group = 2, .shard_tokens = 9});
  const auto dataset = open_dataset(folder.path(), {.context = 5, .seed = 1});
  ASSERT_EQ(dataset->samples(Split::train), 3);
  EXPECT_EQ(dataset->fields()[0].shape, (Shape{2, 5}));
  std::set<int64_t> stored;
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t pair = dataset->stored_sample(Split::train, i);
    stored.insert(pair);
    const auto fields = read_fields(*dataset, Split::train, i, 1);
    const auto &a = documents[static_cast<size_t>(2 * pair)].tokens,
               &b = documents[static_cast<size_t>(2 * pair) + 1].tokens;
    EXPECT_EQ(fields[0], (std::vector<int32_t>{a[0], a[1], a[2], 0, 0, b[0], b[1], b[2], b[3], 0}));
    EXPECT_EQ(fields[1], (std::vector<int32_t>{-1, a[2], a[3], -1, -1, -1, b[2], b[3], b[4], -1}));
  }
  EXPECT_EQ(stored.size(), 3u);
  EXPECT_EQ(dataset->stored_sample(Split::validation, 2), 2);
  const auto prefixes = open_dataset(folder.path(), {.context = 5, .seed = 1, .prefix_ends = true});
  EXPECT_EQ(prefixes->fields()[2].name, "prefix_ends");
  EXPECT_EQ(read_fields(*prefixes, Split::train, 0, 1)[2], std::vector<int32_t>(10, 2));
  write_toy_documents(folder.path(), {.train = {documents[0]}, .kind = "pairs"});
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {.context = 5}), "1 documents, wanted an even number");
}

TEST(ReferencedPairs, GiveEachPairWhatIsStoredOfItInEveryEpoch) {
  const TemporaryFolder folder;
  std::vector<MarkedTokens> documents;
  for (int64_t i = 0; i < 14; ++i) documents.push_back(toy_document(i, 5, 2));
  write_toy_documents(folder.path(), {.train = documents, .kind = "pairs", .group = 2});
  ReferencedPairs pairs(open_dataset(folder.path(), {.context = 5, .seed = 1}));
  EXPECT_EQ(pairs.fields().back().name, "reference");
  EXPECT_TRUE(pairs.every_target_counts());
  std::vector<int32_t> tokens(20), targets(20);
  std::vector<float> references(4);
  const std::vector<Tensor> out{{tokens.data(), DType::i32, {2, 2, 5}},
                                {targets.data(), DType::i32, {2, 2, 5}},
                                {references.data(), DType::f32, {2, 2}}};
  EXPECT_THROW(pairs.read(Split::train, 0, 2, out), InternalError);
  EXPECT_THROW(pairs.set(Split::train, {1, 2}), InternalError);
  std::vector<float> stored;
  for (int i = 0; i < 7; ++i) stored.insert(stored.end(), {static_cast<float>(i), static_cast<float>(-i)});
  pairs.set(Split::train, stored);
  for (int64_t first = 0; first < 20; first += 2) {
    pairs.read(Split::train, first, 2, out);
    for (size_t i = 0; i < 2; ++i) {
      const auto pair = static_cast<size_t>(references[2 * i]);
      EXPECT_EQ(references[2 * i + 1], -references[2 * i]);
      EXPECT_EQ(tokens[10 * i], documents[2 * pair].tokens[0]);
      EXPECT_EQ(tokens[10 * i + 5], documents[2 * pair + 1].tokens[0]);
    }
  }
}

TEST(TokenDataset, SeparatesDocumentsAtEndOfText) {
  const TemporaryFolder folder;
  DatasetManifest manifest = write_toy_dataset(folder.path(), {.vocabulary = 8, .train_tokens = 40});
  const DatasetNeeds needs{.context = 16, .seed = 1, .separate_documents = true};
  EXPECT_DATA_ERROR(open_dataset(folder.path(), needs), "no end-of-text token");
  manifest.end_of_text = 3;
  write_dataset_manifest(folder.path(), manifest);
  const auto plain = open_dataset(folder.path(), {.context = 16, .seed = 1}),
             dataset = open_dataset(folder.path(), needs);
  EXPECT_TRUE(plain->every_target_counts());
  EXPECT_FALSE(dataset->every_target_counts());
  const auto before = read_fields(*plain, Split::train, 0, 2), fields = read_fields(*dataset, Split::train, 0, 2);
  EXPECT_EQ(fields[0], before[0]);
  int32_t start = 0, ends = 0;
  for (int32_t i = 0; i < 32; ++i) {
    if (i % 16 == 0) start = 0;
    const auto n = static_cast<size_t>(i);
    EXPECT_EQ(fields[2][n], start) << i;
    const bool end = fields[0][n] == 3;
    EXPECT_EQ(fields[1][n], end ? -1 : before[1][n]) << i;
    ends += end;
    if (end) start = i % 16 + 1;
  }
  EXPECT_GT(ends, 1);
}

TEST(TokenDataset, HasNoPrefixes) {
  const TemporaryFolder folder;
  write_toy_dataset(folder.path(), {.vocabulary = 8, .train_tokens = 40});
  EXPECT_DATA_ERROR(open_dataset(folder.path(), {.context = 16, .seed = 1, .prefix_ends = true}),
                    "this is running text without any", "model.attention=causal");
}

}  // namespace
}  // namespace convoy

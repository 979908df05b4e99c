// Known bytes, and sums against the published vectors; tensorboard_test.sh reads a file with TensorBoard itself.
#include "launcher/report/tensorboard_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/crc32c.h"
#include "core/base/files.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

TEST(Crc32c, PublishedVectors) {  // RFC 3720, section B.4
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c(""), 0u);
}

// Takes a file of records apart, checking lengths and sums as a reader would.
std::vector<std::string> records_of(std::string_view file) {
  std::vector<std::string> records;
  while (!file.empty()) {
    uint64_t length = 0;
    std::memcpy(&length, file.data(), 8);
    records.emplace_back(file.substr(12, length));
    EXPECT_EQ(tfrecord(records.back()), file.substr(0, 16 + length));
    file.remove_prefix(16 + length);
  }
  return records;
}

std::string only_file_in(const std::filesystem::path& folder) {
  const auto path = std::filesystem::directory_iterator(folder)->path();
  EXPECT_TRUE(path.filename().string().starts_with("events.out.tfevents.")) << path;
  return read_file(path);
}

TEST(TensorBoardFile, TfRecordOfKnownBytes) {
  // Length 3, masked sum of the length, data, masked sum of the data: by the definition in TFRecord's documentation.
  const std::string record = tfrecord("abc");
  ASSERT_EQ(record.size(), 19u);
  EXPECT_EQ(record.substr(0, 8), std::string("\3\0\0\0\0\0\0\0", 8));
  const uint32_t sum = crc32c("abc");
  EXPECT_EQ(sum, 0x364b3fb7u);
  const uint32_t masked = ((sum >> 15) | (sum << 17)) + 0xa282ead8u;
  uint32_t stored = 0;
  std::memcpy(&stored, record.data() + 15, 4);
  EXPECT_EQ(stored, masked);
}

TEST(TensorBoardFile, BeginsWithTheVersionAndTheResumedStep) {
  TemporaryFolder folder;
  const TensorBoardFile file(folder.path(), 299);
  const auto records = records_of(only_file_in(folder.path()));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].substr(9), std::string("\x1a\x0d") + "brain.Event:2");
  EXPECT_EQ(records[1].substr(9), std::string("\x10\xac\x02\x3a\x02\x08\x01")) << "step 300, session_log START";
}

TEST(TensorBoardFile, ARollbackIsAnotherStart) {
  TemporaryFolder folder;
  TensorBoardFile file(folder.path(), 0);
  file.on_rollback({299, 310, 9.0, 5000, 1});
  const auto records = records_of(only_file_in(folder.path()));
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[2].substr(9), std::string("\x10\xac\x02\x3a\x02\x08\x01")) << "step 300, session_log START";
}

TEST(TensorBoardFile, AScalarInWireFormat) {
  TemporaryFolder folder;
  TensorBoardFile file(folder.path(), 0);
  file.on_evaluation({5, 0.0, 10, 1});
  const auto records = records_of(only_file_in(folder.path()));
  ASSERT_EQ(records.size(), 3u);
  const std::string loss = std::string("\x0a\x10\x0a\x09") + "eval/loss" + std::string("\x15\0\0\0\0", 5);
  const std::string perplexity =
      std::string("\x0a\x16\x0a\x0f") + "eval/perplexity" + std::string("\x15\0\0\x80\x3f", 5);
  EXPECT_EQ(records[2].substr(9), std::string("\x10\x05\x2a\x2a") + loss + perplexity);
}

TEST(TensorBoardFile, WhatF32CannotHoldIsInfinite) {
  TemporaryFolder folder;
  TensorBoardFile file(folder.path(), 0);
  for (const double loss : {1e308, -1e308, std::numeric_limits<double>::quiet_NaN(), 5e-324})
    file.on_evaluation({5, loss, 10, 1});
  const auto records = records_of(only_file_in(folder.path()));
  ASSERT_EQ(records.size(), 6u);
  const auto loss_of = [](const std::string& record) {
    float value = 0;
    std::memcpy(&value, record.data() + record.find("eval/loss") + 10, sizeof value);
    return value;
  };
  EXPECT_EQ(loss_of(records[2]), std::numeric_limits<float>::infinity());
  EXPECT_EQ(loss_of(records[3]), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(loss_of(records[4])));
  EXPECT_EQ(loss_of(records[5]), 0.0f);
}

}  // namespace
}  // namespace convoy

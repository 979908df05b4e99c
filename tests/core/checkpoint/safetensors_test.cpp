// Files of known bytes, files back again, and files made to break a reader.
#include "core/checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <random>

#include "core/base/checksum.h"
#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

std::string file_of(std::string header, const std::string& data) {
  const uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}

TEST(Safetensors, WritesTheBytesOfTheFormat) {
  TemporaryFolder folder;
  float b[] = {1.0f, -2.0f};
  bf16 a[] = {bf16(1.0f)};
  float c[] = {0.5f};
  const WrittenFile written = write_safetensors(
      folder / "x", {{"a", {a, DType::bf16, {1}}}, {"c", {c, DType::f32, {1, 1}}}, {"b", {b, DType::f32, {2}}}});
  std::string header =
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("c":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},"a":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::string data("\0\0\x80\x3f\0\0\0\xc0\0\0\0\x3f\x80\x3f", 14);
  EXPECT_EQ(read_file(folder / "x"), file_of(header, data));
  EXPECT_EQ(written.bytes, static_cast<int64_t>(8 + header.size() + 14));
  EXPECT_EQ(written.checksum, checksum_of_file(folder / "x"));
}

TEST(Safetensors, RowsThatLieNowhereAreAskedForInPieces) {
  TemporaryFolder folder;
  std::vector<float> values(3'000'000);  // more than two pieces
  std::iota(values.begin(), values.end(), 0.0f);
  const Tensor there{values.data(), DType::f32, {3000, 1000}}, nowhere{nullptr, DType::f32, {3000, 1000}};
  int64_t next = 0;
  const auto rows = [&](int64_t first, int64_t count, void* out) {
    EXPECT_EQ(first, next) << "in order";
    next = first + count;
    std::memcpy(out, values.data() + first * 1000, static_cast<size_t>(count) * 4000);
  };
  const WrittenFile a = write_safetensors(folder / "a", {{"x", there}});
  const WrittenFile b = write_safetensors(folder / "b", {{.name = "x", .tensor = nowhere, .rows = rows}});
  EXPECT_EQ(next, 3000);
  EXPECT_EQ(a.checksum, b.checksum);
}

TEST(Safetensors, HalvesAreReadAsFloatsAndAsBf16) {
  TemporaryFolder folder;
  uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x3555};
  write_safetensors(folder / "x", {{"h", {halves, DType::f16, {4}}}});
  const SafetensorsReader reader(folder / "x");
  float floats[4];
  reader.read("h", {floats, DType::f32, {4}});
  EXPECT_EQ(floats[0], 1.0f);
  EXPECT_EQ(floats[1], -2.0f);
  EXPECT_EQ(floats[2], 0x1p-24f);
  bf16 rounded[4];
  reader.read("h", {rounded, DType::bf16, {4}});
  EXPECT_EQ(float(rounded[3]), float(bf16(floats[3])));
}

TEST(Safetensors, ReadsBackEveryDtype) {
  TemporaryFolder folder;
  std::vector<float> f(1'500'000);  // more than one piece
  std::iota(f.begin(), f.end(), -7.0f);
  std::vector<int64_t> i64{-1, INT64_MAX, 3};
  std::vector<int32_t> i32{-5, 6};
  std::vector<uint8_t> u8{0, 255, 7};
  std::vector<bf16> half{bf16(1.5f), bf16(-0.25f)};
  write_safetensors(folder / "x",
                    {{"f", {f.data(), DType::f32, {1500, 1000}}},
                     {"i64", {i64.data(), DType::i64, {3}}},
                     {"i32", {i32.data(), DType::i32, {2, 1}}},
                     {"u8", {u8.data(), DType::u8, {3}}},
                     {"bf16", {half.data(), DType::bf16, {2}}},
                     {"none", {nullptr, DType::f32, {0, 4}}},
                     {"scalar", {f.data(), DType::f32, {}}}},
                    {{"made by", "a test"}});
  const SafetensorsReader reader(folder / "x");
  EXPECT_EQ(reader.entries().size(), 7u);
  EXPECT_EQ(reader.metadata().at("made by"), "a test");
  std::vector<float> f2(f.size());
  reader.read("f", {f2.data(), DType::f32, {1500, 1000}});
  EXPECT_EQ(f2, f);
  std::vector<int64_t> i64_2(3);
  reader.read("i64", {i64_2.data(), DType::i64, {3}});
  EXPECT_EQ(i64_2, i64);
  float part[2];
  reader.read(reader.entry("f"), 1'400'000, 2, part);
  EXPECT_EQ(part[1], f[1'400'001]);
  EXPECT_EQ(reader.entry("scalar").shape.dims(), 0);
}

TEST(Safetensors, ConvertsBetweenF32AndBf16) {
  TemporaryFolder folder;
  float f[] = {1.0f, 1.00390625f, 3.0e38f};  // the second lies between two bf16 and rounds to the even one
  bf16 half[] = {bf16(0.5f), bf16(-3.0f)};
  write_safetensors(folder / "x", {{"f", {f, DType::f32, {3}}}, {"half", {half, DType::bf16, {2}}}});
  const SafetensorsReader reader(folder / "x");
  bf16 narrow[3];
  reader.read("f", {narrow, DType::bf16, {3}});
  EXPECT_EQ(narrow[1].bits, bf16(1.0f).bits);
  EXPECT_EQ(narrow[2].bits, bf16(3.0e38f).bits);
  float wide[2];
  reader.read("half", {wide, DType::f32, {2}});
  EXPECT_EQ(wide[1], -3.0f);
  int64_t whole[2];
  EXPECT_THROW(reader.read("half", {whole, DType::i64, {2}}), CheckpointError);
}

TEST(Safetensors, NamesWhatIsNotThere) {
  TemporaryFolder folder;
  float f[6] = {};
  write_safetensors(folder / "x", {{"f", {f, DType::f32, {2, 3}}}});
  const SafetensorsReader reader(folder / "x");
  EXPECT_THROW(reader.entry("g"), CheckpointError);
  try {
    reader.read("f", {f, DType::f32, {3, 2}});
    FAIL() << "a shape other than the stored one was read";
  } catch (const CheckpointError& error) {
    EXPECT_NE(std::string(error.what()).find("(2, 3)"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("(3, 2)"), std::string::npos) << error.what();
  }
  EXPECT_THROW(write_safetensors(folder / "y", {{"f", {f, DType::f32, {1}}}, {"f", {f, DType::f32, {1}}}}),
               InternalError);
  EXPECT_THROW(write_safetensors(folder / "x", {}), FileError);  // exists
}

TEST(Safetensors, RefusesHostileFiles) {
  TemporaryFolder folder;
  const std::string eight(8, 'x');
  const auto one = [](const std::string& fields) { return R"({"a":{)" + fields + "}}"; };
  const std::string good = one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])");
  std::string huge_length = file_of(good, eight);
  std::memset(huge_length.data(), 0xff, 8);
  const std::pair<const char*, std::string> files[] = {
      {"empty", ""},
      {"short", "1234567"},
      {"length beyond the file", huge_length},
      {"no JSON", file_of("{", "")},
      {"an array", file_of("[]", "")},
      {"no UTF-8", file_of("{\"\xff\":1}", "")},
      {"nested deeply", file_of(std::string(1'000'000, '['), "")},
      {"not an object", file_of(R"({"a":3})", "")},
      {"no shape", file_of(one(R"("dtype":"F32","data_offsets":[0,8])"), eight)},
      {"unknown dtype", file_of(one(R"("dtype":"F8_E4M3","shape":[4],"data_offsets":[0,8])"), eight)},
      {"dtype a number", file_of(one(R"("dtype":3,"shape":[2],"data_offsets":[0,8])"), eight)},
      {"negative extent", file_of(one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), eight)},
      {"extent a fraction", file_of(one(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"), eight)},
      {"extents overflow",
       file_of(one(R"("dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,8])"), eight)},
      {"bytes overflow", file_of(one(R"("dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8])"), eight)},
      {"zero hides overflow",
       file_of(one(R"("dtype":"F32","shape":[9223372036854775807,9223372036854775807,0],"data_offsets":[0,0])"), "")},
      {"six extents", file_of(one(R"("dtype":"F32","shape":[1,1,1,1,1,2],"data_offsets":[0,8])"), eight)},
      {"too few bytes", file_of(one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), eight)},
      {"one offset", file_of(one(R"("dtype":"F32","shape":[2],"data_offsets":[8])"), eight)},
      {"offsets reversed", file_of(one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), eight)},
      {"offsets huge",
       file_of(one(R"("dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,18446744073709551615])"), eight)},
      {"beyond the end", file_of(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])"), "1234567")},
      {"bytes behind", file_of(good, eight + "y")},
      {"hole", file_of(one(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"), eight)},
      {"overlap", file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                          R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                          eight)},
      {"name twice", file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                             eight)},
      {"metadata a number", file_of(R"({"__metadata__":{"format":1}})", "")},
  };
  write_file_atomically(folder / "x", file_of(good, eight));
  EXPECT_NO_THROW(SafetensorsReader(folder / "x"));
  for (const auto& [what, bytes] : files) {
    write_file_atomically(folder / "x", bytes);
    EXPECT_THROW(SafetensorsReader(folder / "x"), CheckpointError) << what;
  }
}

// Any change of bytes gives an error or a file that can be read; sanitizers watch.
TEST(Safetensors, SurvivesRandomDamage) {
  TemporaryFolder folder;
  std::vector<float> f(64);
  write_safetensors(folder / "x", {{"f", {f.data(), DType::f32, {8, 8}}}, {"g", {f.data(), DType::bf16, {3, 5}}}});
  const std::string good = read_file(folder / "x");
  std::mt19937 random(1);
  const std::string alphabet("0123456789[]{}\",:-. FBIU\0\xff", 26);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bad = good;
    for (unsigned change = 0; change <= random() % 3; ++change)
      bad[random() % 180] = alphabet[random() % alphabet.size()];
    if (random() % 4 == 0) bad.resize(random() % bad.size());
    File::create(folder / "y").write(bad);
    try {
      const SafetensorsReader reader(folder / "y");
      for (const auto& [name, entry] : reader.entries()) {
        std::vector<std::byte> out(static_cast<size_t>(entry.end - entry.begin));
        reader.read(entry, 0, entry.shape.elements(), out.data());
      }
    } catch (const CheckpointError&) {
      ++refused;
    }
    std::filesystem::remove(folder / "y");
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace convoy

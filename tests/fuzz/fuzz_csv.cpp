// CSV files: libcsv between our lines and cells.
#include "datasets/table/csv_reader.h"
#include "datasets/table/parse_number.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const convoy::FuzzFile on_disk(data, bytes);
  convoy::refused_in_words([&] {
    convoy::TextFile file{on_disk.path(), "fuzz.csv", static_cast<int64_t>(bytes), 0};
    convoy::read_csv(
        file,
        [](int64_t, std::span<const std::string> cells) {
          for (const std::string& cell : cells) convoy::parse_number(cell);
        },
        [](int64_t) {});
  });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() {
  return {"a,b,c\n1,2,3\n-4.5e6,\"7\",8\n",
          "\xef\xbb\xbf"
          "x;y\r\n\"one, \"\"two\"\"\",3\r\n",
          "a\tb\n\"multi\nline\"\t0x1p3\n",
          "only\n",
          "\"",
          "a,b\r1,2\r"};
}

// CSV files of any bytes, as an import reads them: found out, encoded, or refused.
#include <string_view>

#include "tests/core/temporary_folder.h"
#include "tests/datasets/table/read_any_table.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const convoy::TemporaryFolder folder;  // an import keeps rows beside its file
  convoy::read_any_table({reinterpret_cast<const char*>(data), bytes}, folder.path() / "fuzz.csv");
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

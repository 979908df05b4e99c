// JSON lines of any bytes, as an import reads them: records read, encoded and dealt out, or refused.
#include <fstream>
#include <string_view>

#include "datasets/import_jsonl.h"
#include "tests/core/temporary_folder.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const convoy::TemporaryFolder folder;
  std::ofstream(folder.path() / "fuzz.jsonl", std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  convoy::ImportJsonlOptions options;
  options.inputs = {folder.path() / "fuzz.jsonl"};
  options.out = folder.path() / "out";
  options.tokenizer = "bytes";
  options.form.format = *convoy::find_chat_format("plain");
  options.form.chat_prompts = bytes % 2 == 0;
  options.max_tokens = 40, options.too_long = bytes % 3 == 0 ? "drop" : "truncate";
  options.normalize = bytes % 5 == 0 ? "nfkc" : "none";
  options.force = true;
  convoy::refused_in_words([&] { convoy::import_jsonl(options, nullptr); });
  return 0;
}

std::vector<std::string> convoy::fuzz_seeds() {
  return {
      "{\"text\": \"a\\u00e4 \\ud83d\\ude00\"}\n\n{\"text\": \"b\"}",
      "\xef\xbb\xbf{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": "
      "\"q\"}, "
      "{\"role\": \"assistant\", \"content\": \"a\"}]}\r\n",
      "{\"prompt\": \"p\", \"completion\": \"c\"}\n{\"prompt\": \"p\", \"completion\": \"c\"}\n",
      "{\"prompt\": \"p\", \"chosen\": \"c\", \"rejected\": \"r\"}\n",
      "{\"prompt\": [{\"role\": \"user\", \"content\": \"q\"}], \"chosen\": [{\"role\": \"assistant\", \"content\": "
      "\"c\"}], \"rejected\": \"r\"}\n",
      "[[[[{}]]]]",
      "{\"text\": \"e\\u0301\\ufb01\"}\n{\"text\": 1e999}\n"};
}

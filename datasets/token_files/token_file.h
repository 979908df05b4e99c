// Files of tokens that other programs have made:
//
//   llm.c           NAME.bin, 256 words of i32, of which the first are magic number, version and count, then tokens.
//                   20240520 and version 1: u16 of GPT-2's tokenizer; 20240801 and version 7: u32 of Llama 3's.
//   Megatron-LM     NAME.idx and NAME.bin. The index: "MMIDIDX\0\0", u64 version 1, u8 type of tokens, u64 sequences,
//                   u64 document borders, i32 length of each sequence, i64 its first byte in NAME.bin, i64 borders.
//
// Little endian all. A file is opened whole or refused: its size must be what it says of itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace convoy {

class TokenFile {
 public:
  virtual ~TokenFile() = default;

  virtual int64_t tokens() const = 0;
  // Tokens [begin, end) of all, in their order. Values as they are there: a negative one stays negative.
  virtual void read(int64_t begin, int64_t end, std::vector<int64_t>& tokens) const = 0;
  // The place nearest to `wanted` where a document ends; where nothing says that, `wanted` itself.
  virtual int64_t border_near(int64_t wanted) const = 0;
  // All files that it consists of, which their checksum is of.
  virtual std::vector<std::filesystem::path> files() const = 0;
};

// path: of a .bin, or of either of Megatron's two. Throws DataError: found, wanted, remedy.
std::unique_ptr<TokenFile> open_token_file(const std::filesystem::path& path);

// For open_token_file. path: of the index. Throw DataError.
std::unique_ptr<TokenFile> open_llm_c_file(const std::filesystem::path& path);
std::unique_ptr<TokenFile> open_megatron_files(const std::filesystem::path& path);

}  // namespace convoy

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "datasets/files/mapped_file.h"
#include "datasets/token_files/token_file.h"

namespace convoy {
namespace {

constexpr int64_t kLlmCHeaderBytes = 1024;

// Of which version there are files of so many bytes a token.
struct LlmCKind {
  int32_t magic, version;
  int64_t token_bytes;
};
constexpr LlmCKind kLlmCKinds[] = {{20240520, 1, 2}, {20240801, 7, 4}};

class LlmCFile final : public TokenFile {
 public:
  explicit LlmCFile(std::filesystem::path path) : path_(std::move(path)), file_(path_) {
    const auto size = static_cast<int64_t>(file_.bytes().size());
    if (size < kLlmCHeaderBytes)
      throw DataError(
          fmt::format("{}: {} bytes are no file of tokens; wanted one of llm.c, whose header alone has {}, or "
                      "Megatron's .bin with its .idx beside it",
                      path_.string(), size, kLlmCHeaderBytes));
    int32_t header[3];
    std::memcpy(header, file_.bytes().data(), sizeof header);
    find_kind(header[0], header[1]);
    count_ = header[2];
    const int64_t wanted = kLlmCHeaderBytes + count_ * token_bytes_;
    if (count_ < 0 || size != wanted)
      throw DataError(
          fmt::format("{}: has {} bytes where its header says {} tokens, which take {}; it is cut off or "
                      "damaged: make or copy it again",
                      path_.string(), size, count_, wanted));
  }

  int64_t tokens() const override { return count_; }
  int64_t border_near(int64_t wanted) const override { return wanted; }
  std::vector<std::filesystem::path> files() const override { return {path_}; }
  void read(int64_t begin, int64_t end, std::vector<int64_t>& tokens) const override {
    const std::byte* from = file_.bytes().data() + kLlmCHeaderBytes;
    for (int64_t i = begin; i < end; ++i) {
      uint32_t token = 0;
      std::memcpy(&token, from + i * token_bytes_, static_cast<size_t>(token_bytes_));
      tokens.push_back(token);
    }
  }

 private:
  void find_kind(int32_t magic, int32_t version) {
    for (const LlmCKind& kind : kLlmCKinds) {
      if (kind.magic != magic) continue;
      if (kind.version != version)
        throw DataError(
            fmt::format("{}: is version {} of llm.c's files of tokens with magic number {}; read is version {}",
                        path_.string(), version, magic, kind.version));
      token_bytes_ = kind.token_bytes;
      return;
    }
    throw DataError(
        fmt::format("{}: begins with {}, which is no magic number of llm.c's files of tokens ({} or {}), and "
                    "there is no .idx of Megatron's beside it",
                    path_.string(), magic, kLlmCKinds[0].magic, kLlmCKinds[1].magic));
  }

  std::filesystem::path path_;
  MappedFile file_;
  int64_t count_ = 0, token_bytes_ = 0;
};

}  // namespace

std::unique_ptr<TokenFile> open_llm_c_file(const std::filesystem::path& path) {
  return std::make_unique<LlmCFile>(path);
}

}  // namespace convoy

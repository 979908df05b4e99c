#include "launcher/model_files.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "core/base/checksum.h"
#include "core/base/files.h"
#include "datasets/tokenizers/tokenizer_settings.h"

namespace convoy {

WrittenFile write_model_file(const std::filesystem::path& path, const std::string& content) {
  File file = File::create(path);
  file.write(content);
  file.sync();
  file.close();
  return {static_cast<int64_t>(content.size()), checksum_of(content)};
}

WrittenFile copy_model_file(const std::filesystem::path& from, const std::filesystem::path& to,
                            const ModelProgress& progress) {
  const File in = File::open(from);
  File out = File::create(to);
  Checksum checksum;
  std::vector<std::byte> piece(4 << 20);
  const int64_t bytes = in.bytes();
  for (int64_t at = 0; at < bytes; at += std::ssize(piece)) {
    const auto part = std::span(piece).first(static_cast<size_t>(std::min<int64_t>(bytes - at, std::ssize(piece))));
    in.read(at, part);
    checksum.update(part);
    out.write(part);
    progress(at, bytes);
  }
  out.sync();
  out.close();
  return {bytes, checksum.hex()};
}

std::map<std::string, std::string> tokenizer_companions(const CheckpointReader& checkpoint) {
  std::map<std::string, std::string> files;
  for (const char* name : kTokenizerCompanions)
    if (checkpoint.has_file(name)) files[name] = checkpoint.file(name);
  return files;
}

}  // namespace convoy

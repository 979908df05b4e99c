#include "datasets/text/text_files.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <bitset>
#include <memory>
#include <span>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/owned.h"
#include "core/base/utf8.h"
#include "datasets/text/text_kind.h"
#include "datasets/text/text_reader.h"

namespace convoy {
namespace {

namespace fs = std::filesystem;

constexpr size_t kReadBytes = 1 << 20;
constexpr size_t kLookedAtBytes = 1 << 16;  // to tell what a file is

void free_hash(XXH3_state_t* state) noexcept { XXH3_freeState(state); }
using Hash = Owned<XXH3_state_t*, free_hash>;

// Up to `bytes` bytes at `offset`, appended; fewer only at the end of the file.
void append_from(const File& file, int64_t offset, int64_t bytes, std::string& text) {
  const int64_t available = std::clamp<int64_t>(file.bytes() - offset, 0, bytes);
  const size_t before = text.size();
  text.resize(before + static_cast<size_t>(available));
  file.read(offset, std::as_writable_bytes(std::span(text).subspan(before)));
}

// Characters seen, at a bit each: the set itself would be asked for every byte of the text.
class CharacterCollector {
 public:
  void add(std::string_view text) {
    for (size_t position = 0; position < text.size(); ++count_) seen_->set(next_code_point(text, position));
  }
  // Says how many there were in all.
  int64_t move_to(std::set<char32_t>& characters) const {
    for (size_t i = 0; i < seen_->size(); ++i)
      if (seen_->test(i)) characters.insert(static_cast<char32_t>(i));
    return count_;
  }

 private:
  int64_t count_ = 0;
  std::unique_ptr<std::bitset<0x110000>> seen_ = std::make_unique<std::bitset<0x110000>>();
};

void check_kind(const TextFile& file, std::string_view beginning) {
  if (const auto why = why_no_text(beginning)) throw DataError(fmt::format("{}: {}", file.path.string(), *why));
}

// `part` holds some of what is before the position, and what was read behind it.
[[noreturn]] void throw_invalid(const TextFile& file, int64_t position, int64_t line, std::string_view part,
                                size_t position_in_part) {
  throw DataError(fmt::format("{}: byte {:#04x} at position {}, in line {}, is no UTF-8; {}", file.path.string(),
                              static_cast<unsigned char>(part[position_in_part]), position, line,
                              encoding_advice(part, position_in_part)));
}

}  // namespace

void scan_text_file(TextFile& file, std::set<char32_t>* characters, const ReadProgress& progress,
                    const fs::path& copy) {
  TextReader reader(file, copy);
  const Hash hash(XXH3_createState());
  XXH3_64bits_reset(hash.get());
  CharacterCollector collector;
  std::string text, before;  // begins with what the last block left unfinished; what stood before that
  file.bytes = 0;
  int64_t lines = 1;
  while (true) {
    const size_t kept = text.size();
    const size_t count = reader.append(kReadBytes, text);
    if (file.bytes == 0) check_kind(file, std::string_view(text).substr(0, kLookedAtBytes));
    const size_t unfinished = count == 0 ? 0 : unfinished_utf8_bytes(text);
    const std::string_view whole = std::string_view(text).substr(0, text.size() - unfinished);
    if (const auto bad = first_invalid_utf8(whole))
      throw_invalid(file, file.bytes - static_cast<int64_t>(kept) + static_cast<int64_t>(*bad),
                    lines + std::ranges::count(whole.substr(0, *bad), '\n'), before + text, before.size() + *bad);
    if (count == 0) break;
    XXH3_64bits_update(hash.get(), text.data() + kept, count);
    if (characters != nullptr) collector.add(whole);
    lines += std::ranges::count(whole, '\n');
    file.bytes += static_cast<int64_t>(count);
    before = whole.substr(whole.size() - std::min(whole.size(), kLookedAtBytes));
    text.erase(0, whole.size());
    progress(static_cast<int64_t>(count));
  }
  reader.close();
  if (file.is_pipe && !copy.empty()) file.path = copy, file.is_pipe = false;
  file.checksum = XXH3_64bits_digest(hash.get());
  if (characters != nullptr) file.characters = collector.move_to(*characters);
}

void read_pieces(const TextFile& file, int64_t begin, int64_t end, int64_t piece_bytes,
                 const std::function<void(std::string_view)>& visit) {
  const File opened = File::open(file.path);
  std::string text;
  for (; begin < end; begin += piece_bytes) {
    text.clear();
    const int64_t wanted = std::min(piece_bytes, end - begin);
    append_from(opened, begin, wanted, text);
    if (static_cast<int64_t>(text.size()) < wanted)
      throw DataError(
          fmt::format("{}: the file became shorter while it was read; import it again when nothing writes "
                      "to it",
                      file.path.string()));
    visit(text);
  }
}

}  // namespace convoy

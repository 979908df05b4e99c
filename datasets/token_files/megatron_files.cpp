#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "datasets/files/mapped_file.h"
#include "datasets/token_files/token_file.h"

namespace convoy {
namespace {

constexpr std::string_view kMegatronMagic{"MMIDIDX\0\0", 9};
constexpr int64_t kMegatronHeaderBytes = 9 + 8 + 1 + 8 + 8;

// What a type's number means: bytes of a whole number, negative where it has a sign; 0: no tokens are of it.
constexpr int kMegatronTypes[] = {0, 1, -1, -2, -4, -8, 0, 0, 2};

template <class Number>
Number number_at(const std::byte* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}

int64_t token_at(const std::byte* from, int type) {
  switch (type) {
    case 1:
      return number_at<uint8_t>(from);
    case -1:
      return number_at<int8_t>(from);
    case 2:
      return number_at<uint16_t>(from);
    case -2:
      return number_at<int16_t>(from);
    case -4:
      return number_at<int32_t>(from);
    default:
      return number_at<int64_t>(from);
  }
}

std::filesystem::path data_of(std::filesystem::path index) {
  index.replace_extension(".bin");
  if (!is_there(index))
    throw DataError(fmt::format("{}: no such file; wanted Megatron's tokens beside their .idx", index.string()));
  return index;
}

class MegatronFiles final : public TokenFile {
 public:
  explicit MegatronFiles(const std::filesystem::path& index_path)
      : index_path_(index_path), data_path_(data_of(index_path)), index_(index_path_), data_(data_path_) {
    read_header();
    const std::byte* lengths = index_.bytes().data() + kMegatronHeaderBytes;
    const std::byte* places = lengths + 4 * sequences_;
    ends_.reserve(static_cast<size_t>(sequences_));
    for (int64_t i = 0; i < sequences_; ++i) {
      const auto length = number_at<int32_t>(lengths + 4 * i);
      const auto place = number_at<int64_t>(places + 8 * i);
      const int64_t data = static_cast<int64_t>(data_.bytes().size()), width = std::abs(type_);
      if (length < 0 || place < 0 || place > data || length > (data - place) / width)
        throw DataError(
            fmt::format("{}: sequence {} is {} tokens from byte {} on, and {} has {} bytes; one of them is cut "
                        "off or of another: make or copy both again",
                        index_path_.string(), i, length, place, data_path_.string(), data));
      places_.push_back(place);
      ends_.push_back(tokens() + length);
    }
    read_documents(places + 8 * sequences_);
  }

  int64_t tokens() const override { return ends_.empty() ? 0 : ends_.back(); }
  std::vector<std::filesystem::path> files() const override { return {index_path_, data_path_}; }
  int64_t border_near(int64_t wanted) const override {
    const auto after = std::lower_bound(borders_.begin(), borders_.end(), wanted);
    if (after == borders_.end()) return tokens();
    if (after == borders_.begin()) return *after;
    return *after - wanted < wanted - *(after - 1) ? *after : *(after - 1);
  }
  void read(int64_t begin, int64_t end, std::vector<int64_t>& tokens) const override {
    const int64_t width = std::abs(type_);
    auto sequence = static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), begin) - ends_.begin());
    for (; begin < end; ++sequence) {
      const int64_t first = sequence == 0 ? 0 : ends_[sequence - 1], last = std::min(end, ends_[sequence]);
      const std::byte* from = data_.bytes().data() + places_[sequence] + (begin - first) * width;
      for (; begin < last; ++begin, from += width) tokens.push_back(token_at(from, type_));
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& found) const {
    throw DataError(fmt::format("{}: {}; wanted an index of Megatron-LM, version 1, with whole numbers as tokens",
                                index_path_.string(), found));
  }

  void read_header() {
    const auto bytes = index_.bytes();
    const auto size = static_cast<int64_t>(bytes.size());
    if (size < kMegatronHeaderBytes) refuse(fmt::format("has {} bytes", size));
    if (std::memcmp(bytes.data(), kMegatronMagic.data(), kMegatronMagic.size()) != 0)
      refuse("does not begin with MMIDIDX");
    if (const auto version = number_at<uint64_t>(bytes.data() + 9); version != 1)
      refuse(fmt::format("is of version {}", version));
    const auto type = number_at<uint8_t>(bytes.data() + 17);
    if (type >= std::size(kMegatronTypes) || kMegatronTypes[type] == 0)
      refuse(fmt::format("has tokens of type {}", type));
    type_ = kMegatronTypes[type];
    sequences_ = number_at<int64_t>(bytes.data() + 18);
    borders_count_ = number_at<int64_t>(bytes.data() + 26);
    const int64_t rest = size - kMegatronHeaderBytes;
    if (sequences_ < 0 || borders_count_ < 0 || sequences_ > rest / 12 || borders_count_ > (rest - 12 * sequences_) / 8)
      throw DataError(
          fmt::format("{}: has {} bytes, too few for the {} sequences and {} borders of documents that it says; "
                      "it is cut off or damaged: make or copy it again",
                      index_path_.string(), size, sequences_, borders_count_));
  }

  // Numbers of the sequences with which documents begin, and of the end.
  void read_documents(const std::byte* from) {
    for (int64_t i = 0; i < borders_count_; ++i) {
      const auto sequence = number_at<int64_t>(from + 8 * i);
      if (sequence < 0 || sequence > sequences_)
        throw DataError(
            fmt::format("{}: document {} begins with sequence {} of {}; it is damaged: make or copy it again",
                        index_path_.string(), i, sequence, sequences_));
      borders_.push_back(sequence == 0 ? 0 : ends_[static_cast<size_t>(sequence) - 1]);
    }
    std::sort(borders_.begin(), borders_.end());
  }

  std::filesystem::path index_path_, data_path_;
  MappedFile index_, data_;
  int type_ = 0;
  int64_t sequences_ = 0, borders_count_ = 0;
  std::vector<int64_t> places_, ends_;  // by sequence: its first byte, and the tokens up to its end
  std::vector<int64_t> borders_;        // of documents, in tokens
};

}  // namespace

std::unique_ptr<TokenFile> open_megatron_files(const std::filesystem::path& path) {
  return std::make_unique<MegatronFiles>(path);
}

}  // namespace convoy

#include "datasets/idx/idx_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/tensor/shape.h"

namespace convoy {
namespace {

constexpr unsigned kBufferBytes = 1 << 20;
constexpr int64_t kMostRowElements = int64_t{1} << 32, kMostRows = int64_t{1} << 40;

struct IdxType {
  int code;
  int64_t bytes;
  StoredType type;
};
constexpr std::array kIdxTypes = {
    IdxType{0x08, 1, StoredType::u8},  IdxType{0x09, 1, StoredType::i32}, IdxType{0x0b, 2, StoredType::i32},
    IdxType{0x0c, 4, StoredType::i32}, IdxType{0x0d, 4, StoredType::f32}, IdxType{0x0e, 8, StoredType::f32},
};

const IdxType* type_of_code(int code) {
  const auto found =
      std::find_if(kIdxTypes.begin(), kIdxTypes.end(), [&](const IdxType& type) { return type.code == code; });
  return found == kIdxTypes.end() ? nullptr : &*found;
}

template <class Number>
Number big_endian(const std::byte* bytes) {
  std::array<std::byte, sizeof(Number)> reversed;
  std::reverse_copy(bytes, bytes + sizeof(Number), reversed.begin());
  return std::bit_cast<Number>(reversed);
}

template <class From, class To>
void convert_all(const std::vector<std::byte>& from, std::vector<std::byte>& to) {
  const size_t count = from.size() / sizeof(From);
  to.resize(count * sizeof(To));
  for (size_t i = 0; i < count; ++i) {
    const To value = static_cast<To>(big_endian<From>(from.data() + i * sizeof(From)));
    std::memcpy(to.data() + i * sizeof(To), &value, sizeof value);
  }
}

}  // namespace

void IdxFile::Close::operator()(gzFile_s* file) const { gzclose(file); }

IdxFile::IdxFile(std::filesystem::path file) : file_(std::move(file)) {
  File::open(file_);  // says what is wrong with a folder or a file that may not be read
  gz_.reset(gzopen(file_.c_str(), "rb"));
  if (gz_ == nullptr) throw FileError("open", file_, errno);
  gzbuffer(gz_.get(), kBufferBytes);
  read_header();
}

void IdxFile::read_header() {
  std::array<std::byte, 4> magic{};
  fill(magic.data(), 4);
  code_ = std::to_integer<int>(magic[2]);
  const int dims = std::to_integer<int>(magic[3]);
  const IdxType* type = type_of_code(code_);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0} || type == nullptr || dims < 1)
    throw DataError(fmt::format("{}: begins with {:02x} {:02x} {:02x} {:02x}, which is no IDX file", file_.string(),
                                std::to_integer<int>(magic[0]), std::to_integer<int>(magic[1]), code_, dims));
  type_ = type->type;
  if (dims > static_cast<int>(Shape::kMaxDims))
    throw DataError(
        fmt::format("{}: has {} dimensions, at most {} can be read", file_.string(), dims, Shape::kMaxDims));
  for (int i = 0; i < dims; ++i) {
    std::array<std::byte, 4> extent{};
    fill(extent.data(), 4);
    extents_.push_back(big_endian<uint32_t>(extent.data()));
  }
  int64_t elements = 1;
  for (size_t i = 1; i < extents_.size(); ++i) {
    const bool fits = extents_[i] > 0 && extents_[i] <= kMostRowElements / elements;
    if (!fits)
      throw DataError(fmt::format("{}: is of {}; wanted samples of 1 to {} elements", file_.string(),
                                  fmt::join(extents_, " x "), kMostRowElements));
    elements *= extents_[i];
  }
  header_read_ = true;
  if (rows() < 1 || rows() > kMostRows) throw DataError(fmt::format("{}: holds no sample", file_.string()));
}

int64_t IdxFile::row_elements() const {
  int64_t elements = 1;
  for (size_t i = 1; i < extents_.size(); ++i) elements *= extents_[i];
  return elements;
}

void IdxFile::fill(std::byte* out, int64_t bytes) {
  while (bytes > 0) {
    const auto piece = static_cast<unsigned>(std::min<int64_t>(bytes, 1 << 30));
    const int got = gzread(gz_.get(), out, piece);
    if (got <= 0) {
      int code = Z_OK;
      const std::string_view text = gzerror(gz_.get(), &code);
      if (code == Z_ERRNO) throw FileError("read", file_, errno);
      throw DataError(fmt::format(
          "{}: {}; fetch the file again", file_.string(),
          code == Z_OK || code == Z_BUF_ERROR
              ? fmt::format("ends {}", !header_read_ ? std::string("within its header")
                                                     : fmt::format("after {} of {} samples", rows_read_, rows()))
              : fmt::format("is damaged: {}", text)));
    }
    out += got;
    bytes -= got;
  }
}

std::vector<std::byte> IdxFile::read(int64_t rows) {
  std::vector<std::byte> elements;
  const int64_t of_row = row_elements() * type_of_code(code_)->bytes;
  raw_.resize(static_cast<size_t>(rows * of_row));
  for (int64_t i = 0; i < rows; ++i, ++rows_read_) fill(raw_.data() + i * of_row, of_row);
  switch (code_) {
    case 0x08:
      return std::exchange(raw_, {});
    case 0x09:
      convert_all<int8_t, int32_t>(raw_, elements);
      break;
    case 0x0b:
      convert_all<int16_t, int32_t>(raw_, elements);
      break;
    case 0x0c:
      convert_all<int32_t, int32_t>(raw_, elements);
      break;
    case 0x0d:
      convert_all<float, float>(raw_, elements);
      break;
    default:
      convert_all<double, float>(raw_, elements);
  }
  return elements;
}

void IdxFile::check_end() {
  std::byte more{};
  const int got = gzread(gz_.get(), &more, 1);
  if (got > 0)
    throw DataError(fmt::format("{}: more follows behind the {} samples that its header tells of; fetch the file again",
                                file_.string(), rows()));
  int code = Z_OK;
  const std::string text = gzerror(gz_.get(), &code);
  if (got < 0 || (code != Z_OK && code != Z_STREAM_END))  // the checksum of gzip stands at its end
    throw DataError(fmt::format("{}: is damaged: {}; fetch the file again", file_.string(), text));
}

bool is_idx_file(const std::filesystem::path& path) {
  File::open(path);
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> gz(gzopen(path.c_str(), "rb"), gzclose);
  if (gz == nullptr) throw FileError("open", path, errno);
  std::array<unsigned char, 4> magic{};
  const int got = gzread(gz.get(), magic.data(), 4);
  if (got < 0) return true;  // damaged: whoever opens it says how
  return got == 4 && magic[0] == 0 && magic[1] == 0 && type_of_code(magic[2]) != nullptr && magic[3] >= 1;
}

}  // namespace convoy

#include "core/checkpoint/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <tuple>
#include <utility>

#include "core/base/bf16.h"
#include "core/base/checksum.h"
#include "core/base/half.h"
#include "core/checkpoint/safetensors_header.h"

namespace convoy {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

constexpr int64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit
constexpr size_t kPieceBytes = 4 << 20;           // hashed while still in the cache

// The order of dtypes in the reference implementation, whose files we equal byte for byte.
int alignment_order(DType dtype) {
  constexpr std::array order{DType::i64, DType::f32, DType::i32, DType::bf16, DType::f16, DType::u8};
  return static_cast<int>(std::find(order.begin(), order.end(), dtype) - order.begin());
}

class HashedFile {
 public:
  explicit HashedFile(const std::filesystem::path& path) : file_(File::create(path)) {}

  void write(std::span<const std::byte> data) {
    bytes_ += static_cast<int64_t>(data.size());
    while (!data.empty()) {
      const auto piece = data.first(std::min(kPieceBytes, data.size()));
      checksum_.update(piece);
      file_.write(piece);
      data = data.subspan(piece.size());
    }
  }

  WrittenFile finish() {
    file_.sync();
    file_.close();
    return {bytes_, checksum_.hex()};
  }

 private:
  File file_;
  Checksum checksum_;
  int64_t bytes_ = 0;
};

// Some columns at a time, as rows.
void write_transposed(HashedFile& file, const Tensor& matrix) {
  const auto rows = static_cast<size_t>(matrix.shape[0]), columns = static_cast<size_t>(matrix.shape[1]);
  const size_t unit = size_of(matrix.dtype), at_once = std::max<size_t>(1, kPieceBytes / (rows * unit));
  std::vector<std::byte> turned(std::min(at_once, columns) * rows * unit);
  for (size_t first = 0; first < columns; first += at_once) {
    const size_t count = std::min(at_once, columns - first);
    for (size_t r = 0; r < rows; ++r)
      for (size_t c = 0; c < count; ++c)
        std::memcpy(&turned[(c * rows + r) * unit], matrix.as<const std::byte>() + (r * columns + first + c) * unit,
                    unit);
    file.write(std::span(turned).first(count * rows * unit));
  }
}

// As many rows at a time as a piece holds.
void write_rows(HashedFile& file, const NamedTensor& named) {
  const int64_t rows = named.tensor.shape.dims() == 0 ? 1 : named.tensor.shape[0];
  if (named.tensor.elements() == 0) return;
  const size_t row_bytes = named.tensor.bytes() / static_cast<size_t>(rows);
  const auto at_once = static_cast<int64_t>(std::max<size_t>(1, kPieceBytes / row_bytes));
  std::vector<std::byte> piece(static_cast<size_t>(std::min(at_once, rows)) * row_bytes);
  for (int64_t first = 0; first < rows; first += at_once) {
    const int64_t count = std::min(at_once, rows - first);
    named.rows(first, count, piece.data());
    file.write(std::span(piece).first(static_cast<size_t>(count) * row_bytes));
  }
}

void write_transposed(HashedFile& file, const NamedTensor& named) {
  std::vector<std::byte> matrix(named.tensor.bytes());
  named.rows(0, named.tensor.shape[0], matrix.data());
  write_transposed(file, Tensor{matrix.data(), named.tensor.dtype, named.tensor.shape});
}

// Reads the header, whose length is not to be trusted.
std::string read_header(const File& file) {
  const int64_t file_bytes = file.bytes();
  uint64_t length = 0;
  if (file_bytes < 8) throw CheckpointError(fmt::format("it has {} bytes, at least 8 are wanted", file_bytes));
  file.read(0, std::as_writable_bytes(std::span(&length, 1)));
  if (length > static_cast<uint64_t>(std::min(kMaxHeaderBytes, file_bytes - 8)))
    throw CheckpointError(fmt::format("its header claims {} bytes, the file has {}", length, file_bytes));
  std::string text(length, '\0');
  file.read(8, std::as_writable_bytes(std::span(text)));
  return text;
}

CheckpointError damaged(const std::filesystem::path& path, const std::string& what) {
  return CheckpointError(
      fmt::format("{} is no good safetensors file: {}; use another checkpoint or copy it again", path.string(), what));
}

struct Half {
  uint16_t bits;
  explicit operator float() const { return float_of_half(bits); }
};

}  // namespace

namespace {

// The header with its length; brings the tensors into the order of the file.
std::string prefix_of(std::vector<NamedTensor>& tensors, std::map<std::string, std::string> metadata) {
  std::sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return std::tuple(alignment_order(a.tensor.dtype), a.name) < std::tuple(alignment_order(b.tensor.dtype), b.name);
  });
  metadata["format"] = "pt";
  const std::string header = safetensors_header(tensors, metadata);
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header;
}

}  // namespace

SafetensorsPlan plan_safetensors(std::vector<NamedTensor> tensors) {
  SafetensorsPlan plan{.prefix = prefix_of(tensors, {})};
  plan.bytes = static_cast<int64_t>(plan.prefix.size());
  for (const NamedTensor& named : tensors) {
    plan.begins[named.name] = plan.bytes;
    plan.bytes += static_cast<int64_t>(named.tensor.bytes());
  }
  return plan;
}

WrittenFile write_safetensors(const std::filesystem::path& path, std::vector<NamedTensor> tensors,
                              std::map<std::string, std::string> metadata) {
  const std::string prefix = prefix_of(tensors, std::move(metadata));
  HashedFile file(path);
  file.write(std::as_bytes(std::span(prefix)));
  for (const NamedTensor& named : tensors) {
    if (named.rows && named.transposed)
      write_transposed(file, named);
    else if (named.rows)
      write_rows(file, named);
    else if (named.transposed)
      write_transposed(file, named.tensor);
    else
      file.write({named.tensor.as<const std::byte>(), named.tensor.bytes()});
  }
  return file.finish();
}

namespace {

// The tensors cover the bytes after the header exactly: no overlap, no hole, nothing behind.
void check_layout(const std::map<std::string, SafetensorsReader::Entry>& entries, int64_t file_bytes,
                  int64_t data_begin) {
  std::vector<std::tuple<int64_t, int64_t, const std::string*>> ranges;
  for (const auto& [name, entry] : entries) ranges.emplace_back(entry.begin, entry.end, &name);
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) {
    return std::tuple(std::get<0>(a), std::get<1>(a)) < std::tuple(std::get<0>(b), std::get<1>(b));
  });
  int64_t expected = 0;
  for (const auto& [begin, end, name] : ranges) {
    if (begin != expected)
      throw CheckpointError(fmt::format("tensor {} begins at byte {}, wanted {}", *name, begin, expected));
    expected = end;
  }
  if (file_bytes - data_begin != expected)
    throw CheckpointError(fmt::format("its tensors take {} bytes, {} are there", expected, file_bytes - data_begin));
}

}  // namespace

SafetensorsReader::SafetensorsReader(const std::filesystem::path& path) : path_(path) {
  if (path.filename().string().ends_with(".index.json"))
    for (const std::string& file : files_of_index(path)) add_file(path.parent_path() / file);
  else
    add_file(path);
}

void SafetensorsReader::add_file(const std::filesystem::path& path) {
  const File& file = files_.emplace_back(File::open(path));
  try {
    const std::string text = read_header(file);
    SafetensorsHeader header = parse_safetensors_header(text);
    const int64_t data_begin = 8 + static_cast<int64_t>(text.size());
    check_layout(header.entries, file.bytes(), data_begin);
    for (auto& [name, entry] : header.entries) {
      entry.begin += data_begin;
      entry.end += data_begin;
      entry.file = files_.size() - 1;
      if (!entries_.emplace(name, entry).second)
        throw CheckpointError(fmt::format("tensor {} is in another file of {} too", name, path_.string()));
    }
    metadata_.merge(header.metadata);
  } catch (const CheckpointError& error) {
    throw damaged(path, error.what());
  }
}

const SafetensorsReader::Entry& SafetensorsReader::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end())
    throw CheckpointError(
        fmt::format("{} has no tensor {}: it is of another model; take the checkpoint's own "
                    "config.yaml",
                    path_.string(), name));
  return found->second;
}

void SafetensorsReader::read(const Entry& entry, int64_t begin, int64_t count, void* out) const {
  const auto element_bytes = static_cast<int64_t>(size_of(entry.dtype));
  if (begin < 0 || count < 0 || begin + count > (entry.end - entry.begin) / element_bytes)
    throw InternalError(fmt::format("elements [{}, {}) of a tensor of {} were asked of {}", begin, begin + count,
                                    (entry.end - entry.begin) / element_bytes, path_.string()));
  files_[entry.file].read(entry.begin + begin * element_bytes,
                          {static_cast<std::byte*>(out), static_cast<size_t>(count * element_bytes)});
}

template <class From, class To>
void SafetensorsReader::read_as(const Entry& stored, int64_t begin, std::span<To> out) const {
  std::vector<From> values(out.size());
  read(stored, begin, static_cast<int64_t>(out.size()), values.data());
  for (size_t i = 0; i < out.size(); ++i) out[i] = To(float(values[i]));
}

const SafetensorsReader::Entry& SafetensorsReader::entry_of(const std::string& name, const Shape& shape) const {
  const Entry& stored = entry(name);
  if (stored.shape == shape) return stored;
  throw CheckpointError(
      fmt::format("{} has tensor {} of shape {}, the model wants {}: give the model the sizes in "
                  "the checkpoint's config.yaml",
                  path_.string(), name, to_string(stored.shape), to_string(shape)));
}

void SafetensorsReader::read_range(const std::string& name, const Shape& shape, int64_t begin, int64_t count,
                                   float* out) const {
  const Entry& stored = entry_of(name, shape);
  const std::span values(out, static_cast<size_t>(count));
  switch (stored.dtype) {
    case DType::f32:
      return read(stored, begin, count, out);
    case DType::bf16:
      return read_as<bf16>(stored, begin, values);
    case DType::f16:
      return read_as<Half>(stored, begin, values);
    default:
      throw CheckpointError(fmt::format("{} has tensor {} as {}, wanted f32: only f32, bf16 and f16 are converted",
                                        path_.string(), name, name_of(stored.dtype)));
  }
}

void SafetensorsReader::read(const std::string& name, const Tensor& out) const {
  const Entry& stored = entry_of(name, out.shape);
  const int64_t count = out.elements();
  if (stored.dtype == out.dtype) return read(stored, 0, count, out.data);
  if (out.dtype == DType::f32) return read_range(name, out.shape, 0, count, out.as<float>());
  if (out.dtype == DType::bf16) {
    const std::span values(out.as<bf16>(), static_cast<size_t>(count));
    if (stored.dtype == DType::f32) return read_as<float>(stored, 0, values);
    if (stored.dtype == DType::f16) return read_as<Half>(stored, 0, values);
  }
  throw CheckpointError(fmt::format("{} has tensor {} as {}, wanted {}: only f32, bf16 and f16 are converted",
                                    path_.string(), name, name_of(stored.dtype), name_of(out.dtype)));
}

}  // namespace convoy

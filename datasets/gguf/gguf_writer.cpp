#include "datasets/gguf/gguf_writer.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "core/base/files.h"
#include "core/base/integers.h"

namespace convoy {
namespace {

constexpr size_t kAlignment = 32;

// The types of values, as in gguf_reader.cpp.
constexpr uint32_t kI32 = 5, kU32 = 4, kF32 = 6, kBool = 7, kText = 8, kList = 9;

class Head {
 public:
  template <class T>
  void number(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number(uint64_t{value.size()});
    text_ += value;
  }
  void operator()(bool value) { number(kBool), number(static_cast<uint8_t>(value)); }
  void operator()(uint32_t value) { number(kU32), number(value); }
  void operator()(float value) { number(kF32), number(value); }
  void operator()(const std::string& value) { number(kText), text(value); }
  void operator()(const std::vector<std::string>& values) {
    list(kText, values.size());
    for (const std::string& value : values) text(value);
  }
  void operator()(const std::vector<int32_t>& values) {
    list(kI32, values.size());
    for (const int32_t value : values) number(value);
  }
  void operator()(const std::vector<float>& values) {
    list(kF32, values.size());
    for (const float value : values) number(value);
  }
  std::string padded() && {
    text_.resize(round_up(text_.size(), kAlignment), '\0');
    return std::move(text_);
  }

 private:
  void list(uint32_t type, size_t length) { number(kList), number(type), number(uint64_t{length}); }
  std::string text_ = "GGUF";
};

std::string head_of(const GgufValues& values, const std::vector<GgufOutputTensor>& tensors) {
  Head head;
  head.number(uint32_t{3});
  head.number(uint64_t{tensors.size()});
  head.number(uint64_t{values.size()});
  for (const auto& [name, value] : values) {
    head.text(name);
    std::visit(head, value);
  }
  uint64_t offset = 0;
  for (const GgufOutputTensor& tensor : tensors) {
    head.text(tensor.name);
    head.number(static_cast<uint32_t>(tensor.shape.dims()));
    for (int dim = tensor.shape.dims() - 1; dim >= 0; --dim) head.number(static_cast<uint64_t>(tensor.shape[dim]));
    head.number(tensor.type->number);
    head.number(offset);
    offset += round_up(tensor.bytes(), kAlignment);
  }
  return std::move(head).padded();
}

// The rows of a tensor, some megabytes at a time, then zeros up to where the next one begins.
class TensorOutput {
 public:
  TensorOutput(File& file, const GgufOutputTensor& tensor)
      : file_(file),
        tensor_(tensor),
        blocks_of_row_(tensor.columns() / tensor.type->elements),
        row_bytes_(static_cast<size_t>(blocks_of_row_) * tensor.type->bytes),
        row_(static_cast<size_t>(tensor.columns())) {}

  void write(const std::function<void(int64_t)>& add_bytes) {
    constexpr size_t kPiece = 4u << 20;
    const int64_t at_once = std::max<int64_t>(static_cast<int64_t>(kPiece / std::max<size_t>(row_bytes_, 1)), 1);
    for (int64_t first = 0; first < tensor_.rows(); first += at_once) {
      write_rows(first, std::min(at_once, tensor_.rows() - first));
      add_bytes(static_cast<int64_t>(piece_.size()));
    }
    piece_.assign(round_up(tensor_.bytes(), kAlignment) - tensor_.bytes(), std::byte{0});
    file_.write(std::span<const std::byte>(piece_));
  }

 private:
  void write_rows(int64_t first, int64_t count) {
    piece_.resize(static_cast<size_t>(count) * row_bytes_);
    for (int64_t r = 0; r < count; ++r) {
      tensor_.read_row(first + r, row_.data());
      tensor_.type->write(row_.data(), blocks_of_row_, piece_.data() + static_cast<size_t>(r) * row_bytes_);
    }
    file_.write(std::span<const std::byte>(piece_));
  }

  File& file_;
  const GgufOutputTensor& tensor_;
  int64_t blocks_of_row_;
  size_t row_bytes_;
  std::vector<float> row_;
  std::vector<std::byte> piece_;
};

}  // namespace

void write_gguf(const std::filesystem::path& path, const GgufValues& values,
                const std::vector<GgufOutputTensor>& tensors, const std::function<void(int64_t)>& progress) {
  File file = File::create(path);
  file.write(head_of(values, tensors));
  int64_t done = 0;
  for (const GgufOutputTensor& tensor : tensors)
    TensorOutput(file, tensor).write([&](int64_t bytes) { progress(done += bytes); });
  file.sync();
  file.close();
}

}  // namespace convoy

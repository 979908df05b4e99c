#include "datasets/gguf/gguf_writer.h"

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
  std::string padded() && {
    text_.resize(round_up(text_.size(), kAlignment), '\0');
    return std::move(text_);
  }

 private:
  void list(uint32_t type, size_t length) { number(kList), number(type), number(uint64_t{length}); }
  std::string text_ = "GGUF";
};

std::string head_of(const std::vector<std::pair<std::string, GgufOutput>>& values,
                    const std::vector<GgufOutputTensor>& tensors) {
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

}  // namespace

void write_gguf(const std::filesystem::path& path, const std::vector<std::pair<std::string, GgufOutput>>& values,
                const std::vector<GgufOutputTensor>& tensors, const std::function<void(int64_t)>& progress) {
  File file = File::create(path);
  file.write(head_of(values, tensors));
  std::vector<float> row;
  std::vector<std::byte> blocks;
  int64_t done = 0;
  for (const GgufOutputTensor& tensor : tensors) {
    const int64_t columns = tensor.columns(), in_row = columns / tensor.type->elements;
    const size_t row_bytes = static_cast<size_t>(in_row) * tensor.type->bytes;
    row.resize(static_cast<size_t>(columns));
    blocks.assign(round_up(tensor.bytes(), kAlignment), std::byte{0});
    for (int64_t r = 0; r < tensor.rows(); ++r) {
      tensor.read_row(r, row.data());
      tensor.type->write(row.data(), in_row, blocks.data() + static_cast<size_t>(r) * row_bytes);
    }
    file.write(std::span<const std::byte>(blocks));
    done += static_cast<int64_t>(tensor.bytes());
    progress(done);
  }
  file.sync();
  file.close();
}

}  // namespace convoy

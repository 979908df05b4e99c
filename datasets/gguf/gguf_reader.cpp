#include "datasets/gguf/gguf_reader.h"

#include <fmt/format.h>

#include <array>
#include <set>

#include "core/base/integers.h"
#include "core/base/utf8.h"

namespace convoy {
namespace {

[[noreturn]] void damaged(const std::string& what) { throw std::runtime_error(what); }

enum Type : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, list, u64, i64, f64 };

// Bytes of an element of an array at the least, so that a claimed length can be checked before memory is taken.
size_t least_bytes(uint32_t type) {
  constexpr std::array<size_t, 13> kBytes = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};
  if (type >= kBytes.size()) damaged(fmt::format("a value of the unknown type {}", type));
  return kBytes[type];
}

bool is_text(const GgufValue& value) { return std::holds_alternative<std::string_view>(value); }

int64_t integer_of(const GgufValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return *number;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  const uint64_t number = std::get<uint64_t>(value);
  if (number > uint64_t{INT64_MAX}) damaged(fmt::format("the number {}", number));
  return static_cast<int64_t>(number);
}

Shape shape_of(GgufBytes& in, const std::string& name) {
  const auto rank = in.number<uint32_t>();
  if (rank > 4) damaged(fmt::format("tensor {} has {} extents, at most 4 are known", name, rank));
  std::vector<int64_t> extents(rank);
  int64_t elements = 32;  // times the largest bytes of an element: stays an int64_t
  for (size_t i = 0; i < rank; ++i) {
    const auto extent = in.number<uint64_t>();
    if (extent > uint64_t{INT64_MAX} ||
        __builtin_mul_overflow(elements, std::max<int64_t>(static_cast<int64_t>(extent), 1), &elements))
      damaged(fmt::format("tensor {} has more elements than memory can hold", name));
    extents[rank - 1 - i] = static_cast<int64_t>(extent);
  }
  return Shape(std::span<const int64_t>(extents));
}

GgufTensor tensor_of(GgufBytes& in) {
  GgufTensor tensor;
  tensor.name = in.text();
  tensor.shape = shape_of(in, tensor.name);
  const auto type = in.number<uint32_t>();
  tensor.type = find_block_type(type);
  if (tensor.type == nullptr) damaged(fmt::format("tensor {} is of the unknown type {}", tensor.name, type));
  if (tensor.columns() % tensor.type->elements != 0)
    damaged(fmt::format("tensor {} has rows of {} elements, no multiple of the {} of a block of {}", tensor.name,
                        tensor.columns(), tensor.type->elements, tensor.type->name));
  const auto offset = in.number<uint64_t>();
  if (offset > uint64_t{INT64_MAX}) damaged(fmt::format("tensor {} begins at byte {}", tensor.name, offset));
  tensor.begin = static_cast<int64_t>(offset);
  return tensor;
}

void place(GgufTensor& tensor, size_t data, size_t alignment, size_t file_bytes) {
  const auto begin = static_cast<size_t>(tensor.begin);
  const auto blocks = static_cast<size_t>(tensor.shape.elements() / tensor.type->elements);
  if (begin % alignment != 0)
    damaged(fmt::format("tensor {} begins at byte {}, no multiple of {}", tensor.name, begin, alignment));
  if (data > file_bytes || begin > file_bytes - data || blocks * tensor.type->bytes > file_bytes - data - begin)
    damaged(fmt::format("tensor {} ends behind the file's {} bytes: it is not whole", tensor.name, file_bytes));
  tensor.begin += static_cast<int64_t>(data);
}

}  // namespace

const std::byte* GgufBytes::take(size_t count) {
  if (count > left())
    damaged(fmt::format("{} bytes are wanted at byte {}, and {} are left: it is not whole", count, position_, left()));
  return bytes_.data() + std::exchange(position_, position_ + count);
}

std::string_view GgufBytes::text() {
  const auto length = number<uint64_t>();
  if (length > left())
    damaged(fmt::format("a text of {} bytes at byte {}, and {} are left", length, position_, left()));
  return {reinterpret_cast<const char*>(take(length)), length};
}

GgufValue GgufBytes::value(uint32_t type) {
  switch (type) {
    case Type::u8:
      return uint64_t{number<uint8_t>()};
    case Type::i8:
      return int64_t{number<int8_t>()};
    case Type::u16:
      return uint64_t{number<uint16_t>()};
    case Type::i16:
      return int64_t{number<int16_t>()};
    case Type::u32:
      return uint64_t{number<uint32_t>()};
    case Type::i32:
      return int64_t{number<int32_t>()};
    case Type::f32:
      return double{number<float>()};
    case Type::boolean:
      return number<uint8_t>() != 0;
    case Type::text:
      return text();
    case Type::list:
      return array();
    case Type::u64:
      return number<uint64_t>();
    case Type::i64:
      return number<int64_t>();
    case Type::f64:
      return number<double>();
    default:
      damaged(fmt::format("a value of the unknown type {}", type));
  }
}

GgufValue GgufBytes::array() {
  const auto type = number<uint32_t>();
  const auto length = number<uint64_t>();
  if (length > left() / least_bytes(type))
    damaged(fmt::format("a list of {} values at byte {}, and {} bytes are left", length, position_, left()));
  if (type == Type::list) damaged("a list of lists");
  if (type == Type::text) {
    std::vector<std::string_view> texts(length);
    for (std::string_view& text : texts) text = this->text();
    return texts;
  }
  if (type == Type::f32 || type == Type::f64) {
    std::vector<double> numbers(length);
    for (double& number : numbers) number = std::get<double>(value(type));
    return numbers;
  }
  std::vector<int64_t> numbers(length);
  for (int64_t& number : numbers) number = integer_of(value(type));
  return numbers;
}

std::pair<std::map<std::string, GgufValue>, std::vector<GgufTensor>> parse_gguf(std::span<const std::byte> bytes) {
  GgufBytes in(bytes);
  if (in.left() < 4 || in.number<uint32_t>() != 0x46554747u) damaged("it does not begin with GGUF");
  const auto version = in.number<uint32_t>();
  if (version != 2 && version != 3)
    damaged(fmt::format("it is of version {}, wanted 2 or 3, little-endian; convert it with llama.cpp", version));
  const auto tensor_count = in.number<uint64_t>(), value_count = in.number<uint64_t>();
  std::pair<std::map<std::string, GgufValue>, std::vector<GgufTensor>> result;
  for (uint64_t i = 0; i < value_count; ++i) {
    std::string key(in.text());
    const auto type = in.number<uint32_t>();
    GgufValue value = in.value(type);
    if (is_text(value) && first_invalid_utf8(std::get<std::string_view>(value)))
      damaged(fmt::format("the text {} is no UTF-8", key));
    if (!result.first.emplace(key, std::move(value)).second) damaged(fmt::format("the value {} is there twice", key));
  }
  std::set<std::string> names;
  for (uint64_t i = 0; i < tensor_count; ++i) {
    result.second.push_back(tensor_of(in));
    if (!names.insert(result.second.back().name).second)
      damaged(fmt::format("tensor {} is there twice", result.second.back().name));
  }
  size_t alignment = 32;
  if (const auto found = result.first.find("general.alignment"); found != result.first.end()) {
    const auto* told = std::get_if<uint64_t>(&found->second);
    if (told == nullptr || *told == 0 || *told > 65536) damaged("general.alignment is no number of 1 to 65536");
    alignment = *told;
  }
  const size_t data = round_up(in.position(), alignment);
  for (GgufTensor& tensor : result.second) place(tensor, data, alignment, bytes.size());
  return result;
}

}  // namespace convoy

#include "datasets/gguf/sentence_piece_file.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace convoy {
namespace {

// Fields of a protobuf message.
class Message {
 public:
  void number(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3);
    varint(value);
  }
  void real(uint32_t field, float value) {
    varint(uint64_t{field} << 3 | 5);
    char bytes[4];
    std::memcpy(bytes, &value, sizeof bytes);
    bytes_.append(bytes, sizeof bytes);
  }
  void text(uint32_t field, std::string_view value) {
    varint(uint64_t{field} << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  void message(uint32_t field, const Message& value) { text(field, value.bytes_); }
  std::string bytes() && { return std::move(bytes_); }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

Message trainer_spec(const GgufFile& file, size_t pieces) {
  Message spec;
  spec.number(3, 2);  // model_type: BPE
  spec.number(4, pieces);
  spec.number(35, 1);  // byte_fallback
  const std::pair<uint32_t, const char*> marks[] = {{40, "unknown"}, {41, "bos"}, {42, "eos"}, {43, "padding"}};
  for (const auto& [field, name] : marks) {
    const int64_t id = file.find_integer(fmt::format("tokenizer.ggml.{}_token_id", name)).value_or(-1);
    spec.number(field, static_cast<uint64_t>(field == 40 && id < 0 ? 0 : id));
  }
  return spec;
}

Message normalizer_spec(const GgufFile& file) {
  Message spec;
  spec.text(1, "identity");
  spec.number(3, file.find_flag("tokenizer.ggml.add_space_prefix").value_or(true) ? 1 : 0);  // add_dummy_prefix
  spec.number(4, 0);                                                                         // remove_extra_whitespaces
  spec.number(5, 1);                                                                         // escape_whitespaces
  return spec;
}

}  // namespace

std::string sentence_piece_file(const GgufFile& file) {
  const auto& texts = file.texts("tokenizer.ggml.tokens");
  const auto* scores = std::get_if<std::vector<double>>(&file.values().at("tokenizer.ggml.scores"));
  const std::vector<int64_t> types = file.find_integers("tokenizer.ggml.token_type");
  if (scores == nullptr || scores->size() != texts.size() || types.size() != texts.size())
    file.refuse(fmt::format("its tokenizer has {} pieces, but not as many scores and types", texts.size()));
  Message model;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (types[i] < 1 || types[i] > 6) file.refuse(fmt::format("piece {} of its tokenizer is of type {}", i, types[i]));
    Message piece;
    piece.text(1, texts[i]);
    piece.real(2, static_cast<float>((*scores)[i]));
    piece.number(3, static_cast<uint64_t>(types[i]));
    model.message(1, piece);
  }
  model.message(2, trainer_spec(file, texts.size()));
  model.message(3, normalizer_spec(file));
  return std::move(model).bytes();
}

}  // namespace convoy

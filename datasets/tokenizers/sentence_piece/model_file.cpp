#include "datasets/tokenizers/sentence_piece/model_file.h"

#include <cstring>
#include <optional>

#include "core/base/error.h"

namespace convoy::sentence_piece {
namespace {

// One field of a serialized protocol buffer.
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;      // of a varint
  std::string_view bytes;  // of a string, message or float
  std::string_view whole;  // with number and length
};

[[noreturn]] void throw_damaged() { throw DataError("it is cut off or damaged"); }

class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : message_(message) {}

  std::optional<Field> next() {
    if (at_ == message_.size()) return std::nullopt;
    const size_t begin = at_;
    const uint64_t key = varint();
    Field field{key >> 3, 0, {}, {}};
    switch (key & 7) {
      case 0:
        field.value = varint();
        break;
      case 1:
        take(8);
        break;
      case 2:
        field.bytes = take(varint());
        break;
      case 5:
        field.bytes = take(4);
        break;
      default:
        throw_damaged();
    }
    field.whole = message_.substr(begin, at_ - begin);
    return field;
  }

 private:
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    throw_damaged();
  }
  std::string_view take(uint64_t count) {
    if (count > message_.size() - at_) throw_damaged();
    at_ += count;
    return message_.substr(at_ - count, count);
  }

  std::string_view message_;
  size_t at_ = 0;
};

Piece parse_piece(std::string_view message) {
  Piece piece;
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 1) piece.text = field->bytes;
    if (field->number == 2 && field->bytes.size() == sizeof piece.score)
      std::memcpy(&piece.score, field->bytes.data(), sizeof piece.score);
    if (field->number == 3) piece.type = static_cast<PieceType>(field->value);
  }
  return piece;
}

void parse_trainer(std::string_view message, ModelFile& model) {
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 3) model.type = static_cast<ModelType>(field->value);
    if (field->number == 24) model.space_is_suffix = field->value != 0;
    if (field->number == 44) model.unknown_text = field->bytes;
  }
}

void parse_normalizer(std::string_view message, ModelFile& model) {
  FieldReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 2) model.character_map = field->bytes;
    if (field->number == 3) model.add_dummy_prefix = field->value != 0;
    if (field->number == 4) model.remove_extra_spaces = field->value != 0;
    if (field->number == 5) model.escape_spaces = field->value != 0;
  }
}

bool has_character_map(std::string_view message) {
  FieldReader reader(message);
  while (const auto field = reader.next())
    if (field->number == 2 && !field->bytes.empty()) return true;
  return false;
}

}  // namespace

ModelFile parse_model_file(std::string_view content) {
  constexpr uint64_t kPieces = 1, kTrainer = 2, kNormalizer = 3, kSelfTest = 4, kDenormalizer = 5;
  ModelFile model;
  FieldReader reader(content);
  while (const auto field = reader.next()) {
    if (field->number == kPieces) model.pieces.push_back(parse_piece(field->bytes));
    if (field->number == kTrainer) parse_trainer(field->bytes, model);
    if (field->number == kNormalizer) parse_normalizer(field->bytes, model);
    if (field->number == kDenormalizer) model.has_denormalizer |= has_character_map(field->bytes);
    if (field->number != kNormalizer && field->number != kSelfTest && field->number != kDenormalizer)
      model.without_normalizer += field->whole;
  }
  // A normalizer_spec: no dummy prefix (3), extra spaces stay (4), spaces are not escaped (5).
  model.without_normalizer += std::string_view("\x1A\x06\x18\x00\x20\x00\x28\x00", 8);
  return model;
}

}  // namespace convoy::sentence_piece

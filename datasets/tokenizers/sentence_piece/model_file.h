// What a SentencePiece .model says of itself, as far as encoding in parts needs to know: a serialized ModelProto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace convoy::sentence_piece {

enum class ModelType { unigram = 1, bpe = 2, word = 3, character = 4 };
enum class PieceType { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct Piece {
  std::string_view text;
  PieceType type = PieceType::normal;
  float score = 0;
};

// Views are of the content that was parsed.
struct ModelFile {
  std::vector<Piece> pieces;
  ModelType type = ModelType::unigram;
  bool space_is_suffix = false;                      // a space belongs to the word before it
  std::string_view unknown_text = " \xE2\x81\x87 ";  // what the unknown token decodes to
  // Normalization.
  std::string_view character_map;  // precompiled; empty: characters stay as they are
  bool add_dummy_prefix = true, remove_extra_spaces = true, escape_spaces = true;
  bool has_denormalizer = false;
  // The same model for text that is normalized already.
  std::string without_normalizer;
};

// Throws DataError if the content is no ModelProto.
ModelFile parse_model_file(std::string_view content);

}  // namespace convoy::sentence_piece

#include "datasets/tokenizers/write_tokenizer_json.h"

#include "core/base/json_text.h"

namespace convoy {

std::string bpe_tokenizer_json(const BpeTokenizerParts& parts, int indent) {
  const nlohmann::ordered_json model = {{"type", "BPE"},
                                        {"dropout", nullptr},
                                        {"unk_token", nullptr},
                                        {"continuing_subword_prefix", nullptr},
                                        {"end_of_word_suffix", nullptr},
                                        {"fuse_unk", false},
                                        {"byte_fallback", false},
                                        {"ignore_merges", parts.ignore_merges},
                                        {"vocab", parts.vocabulary},
                                        {"merges", parts.merges}};
  const nlohmann::ordered_json file = {{"version", "1.0"},
                                       {"truncation", nullptr},
                                       {"padding", nullptr},
                                       {"added_tokens", parts.added_tokens},
                                       {"normalizer", parts.normalizer},
                                       {"pre_tokenizer", parts.pre_tokenizer},
                                       {"post_processor", nullptr},
                                       {"decoder", parts.decoder},
                                       {"model", model}};
  return json_text(file, indent) + "\n";
}

}  // namespace convoy

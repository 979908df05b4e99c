// Unicode normal forms of texts that come in parts, as Hugging Face's normalizers NFC, NFD, NFKC and NFKD make them.
//
// By utf8proc. The library's tables are older than any utf8proc's (its crate knows Unicode 9): characters that it
// leaves alone and newer tables would change or reorder are kept apart, so that the linked version makes no difference.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace convoy {

enum class NormalForm { nfc, nfd, nfkc, nfkd };

class Normalizer {
 public:
  using Visit = std::function<void(std::string_view part, bool ends)>;
  explicit Normalizer(NormalForm form, Visit visit);

  // Valid UTF-8, whole characters. ends: that was all of the text; what is added next is another. Throws DataError at
  // more than 16 MiB of text that cannot be normalized in parts.
  void add(std::string_view text, bool ends);

 private:
  NormalForm form_;
  Visit visit_;
  std::string pending_;     // from the last place on where the text may be cut
  std::string normalized_;  // keeps its memory
};

// Of a whole text.
std::string normalized(std::string_view text, NormalForm form);

}  // namespace convoy

// Documents into sequences of a fixed number of places, several in one where they fit.
//
// Best fit, the longest first (Johnson, "Near-optimal bin packing algorithms", 1973): each document goes where the
// least room is left that holds it, or begins a new sequence. Of equal ones the first comes first, of equal rooms the
// one made last. A function of the lengths alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convoy {

struct PackedDocuments {
  std::vector<int64_t> documents;    // numbers, sequence after sequence
  std::vector<int64_t> first = {0};  // by sequence: where its documents begin there; at the end, of all

  int64_t sequences() const { return static_cast<int64_t>(first.size()) - 1; }
  std::span<const int64_t> operator[](int64_t sequence) const;
};

// places: of each document, 1 to T. pack: false: one in each sequence.
PackedDocuments pack_documents(std::span<const int64_t> places, int64_t T, bool pack);

}  // namespace convoy

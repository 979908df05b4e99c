#include "datasets/documents/pack_documents.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace convoy {
namespace {

std::vector<int64_t> longest_first(std::span<const int64_t> places) {
  std::vector<int64_t> order(places.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](int64_t document) { return places[static_cast<size_t>(document)]; });
  return order;
}

}  // namespace

std::span<const int64_t> PackedDocuments::operator[](int64_t sequence) const {
  const int64_t begin = first[static_cast<size_t>(sequence)], end = first[static_cast<size_t>(sequence) + 1];
  return std::span(documents).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

PackedDocuments pack_documents(std::span<const int64_t> places, int64_t T, bool pack) {
  std::vector<std::vector<int64_t>> sequences;
  std::map<int64_t, std::vector<size_t>> by_room;  // sequences that have so many places left
  for (const int64_t document : longest_first(places)) {
    const int64_t wanted = places[static_cast<size_t>(document)];
    const auto found = pack ? by_room.lower_bound(wanted) : by_room.end();
    size_t sequence = sequences.size();
    int64_t room = T;
    if (found == by_room.end()) {
      sequences.emplace_back();
    } else {
      sequence = found->second.back();
      room = found->first;
      found->second.pop_back();
      if (found->second.empty()) by_room.erase(found);
    }
    sequences[sequence].push_back(document);
    if (room > wanted) by_room[room - wanted].push_back(sequence);
  }
  PackedDocuments packed;
  for (const std::vector<int64_t>& sequence : sequences) {
    packed.documents.insert(packed.documents.end(), sequence.begin(), sequence.end());
    packed.first.push_back(static_cast<int64_t>(packed.documents.size()));
  }
  return packed;
}

}  // namespace convoy

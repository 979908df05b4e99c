#include "core/comm/communicator.h"

#include <algorithm>

namespace convoy {

std::unique_ptr<Communicator> Communicator::group_of(std::span<const int> ranks) {
  const auto me = std::find(ranks.begin(), ranks.end(), rank());
  if (me == ranks.end()) throw InternalError("a rank makes a group that it is not in");
  return split(ranks.front(), static_cast<int>(me - ranks.begin()));
}

std::unique_ptr<Communicator> Communicator::background() { return split(0, rank()); }

std::string Communicator::broadcast_text(std::string text, int root) {
  uint64_t bytes = text.size();
  broadcast_host(&bytes, sizeof bytes, root);
  text.resize(bytes);
  if (bytes > 0) broadcast_host(text.data(), bytes, root);
  return text;
}

}  // namespace convoy

#include "core/comm/communicator.h"

namespace convoy {

std::string Communicator::broadcast_text(std::string text, int root) {
  uint64_t bytes = text.size();
  broadcast_host(&bytes, sizeof bytes, root);
  text.resize(bytes);
  if (bytes > 0) broadcast_host(text.data(), bytes, root);
  return text;
}

}  // namespace convoy

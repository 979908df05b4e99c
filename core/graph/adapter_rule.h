// Which linear maps of a model have an adapter beside them, and of which kind: core/layers/adapter.h.
#pragma once

#include <cstdint>
#include <string>

namespace convoy {

struct AdapterRule {
  std::string match = "*";  // names of maps, as the peer's checkpoints have them, without .weight
  int64_t rank = 8;
  double scale = 1;  // alpha / rank, or alpha / sqrt(rank): Kalajdzievski, arXiv:2312.03732
  double dropout = 0;
};

}  // namespace convoy

// What attention's kernels are told: operands with their strides, extents, and which tile a block computes.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>

#include "core/ops/attention.h"

namespace convoy::cuda {

inline constexpr float kLog2E = 1.4426950408889634f, kLn2 = 0.6931471805599453f;

// One operand in the layout of core/ops/attention.h.
template <class Real>
struct HeadsView {
  Real* data;
  int64_t token_stride, sample_stride;  // elements

  HeadsView() = default;
  explicit HeadsView(const Heads& heads)
      : data(static_cast<Real*>(heads.data)), token_stride(heads.token_stride), sample_stride(heads.sample_stride) {}
  __device__ Real* at(int sample, int token, int head, int D) const {
    return data + sample * sample_stride + token * token_stride + head * D;
  }
};

// The keys that there are, and which of them a query sees.
struct SeenKeys {
  int Tk;
  int shift;  // query i sees keys j <= i + shift
  // Keys that some query before queries_end sees: those before.
  __device__ int before(int queries_end) const { return max(0, min(Tk, queries_end + shift)); }
};

struct AttentionExtents {
  int B, Tq, Tk, H, Hkv, D;
  int shift;                // query i sees keys j <= i + shift
  bool causal;              // of a cache, see seen_keys
  int window;               // keys that a query sees at most; 0: all
  float scale;              // of scores
  const int64_t* position;  // of the first query among the keys; null: as shift says
  int position_stride;      // from one sample's position to the next one's; 0: it is the same
  const int32_t* starts;    // (B, Tq): the first key that a query sees; null: key 0
  bool banded;  // are there keys that a query does not see though they come before it, or sees though behind it?
  const int32_t* prefix_ends;  // (B, Tq): the end of the keys that a query sees in any case; null: as shift says

  explicit AttentionExtents(const AttentionShape& s, const Tensor& first_keys = {}, const Tensor& at = {},
                            const Tensor& ends = {})
      : B(static_cast<int>(s.B)),
        Tq(static_cast<int>(s.Tq)),
        Tk(static_cast<int>(s.Tk)),
        H(static_cast<int>(s.H)),
        Hkv(static_cast<int>(s.Hkv)),
        D(static_cast<int>(s.D)),
        shift(static_cast<int>(s.causal ? s.Tk - s.Tq : s.Tk)),
        causal(s.causal),
        window(static_cast<int>(s.window)),
        scale(s.scale),
        position(static_cast<const int64_t*>(at.data)),
        position_stride(at.elements() > 1 ? 1 : 0),
        starts(static_cast<const int32_t*>(first_keys.data)),
        banded(s.window > 0 || first_keys || ends),
        prefix_ends(static_cast<const int32_t*>(ends.data)) {}
  __device__ int heads_per_key_head() const { return H / Hkv; }
  // Keys that some query before queries_end sees: those before.
  __device__ int keys_seen(int queries_end) const { return SeenKeys{Tk, shift}.before(queries_end); }
  // For a kernel's start, where a cache may hold fewer keys than it has room for.
  __device__ SeenKeys seen_keys(int sample) const {
    if (position == nullptr) return {Tk, shift};
    const int first = static_cast<int>(position[sample * position_stride]);
    return {first + Tq, causal ? first : first + Tq};
  }
  // The first query that sees a key from `key` on, Tq if there is none.
  __device__ int first_query_of(int key) const { return min(Tq, max(0, key - shift)); }
  // With prefixes: the end of the keys that a query sees; one beyond the last counts as that. It does not fall from
  // query to query.
  __device__ int end_of_keys(int sample, int query) const {
    query = min(query, Tq - 1);
    return max(0, min(Tk, max(query + shift + 1, prefix_ends[int64_t{sample} * Tq + query])));
  }
  // Likewise the first query that sees a key from `key` on, Tq if there is none.
  __device__ int first_query_of(int sample, int key) const {
    int low = 0, high = Tq;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (end_of_keys(sample, middle) > key)
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

  // The first key that a query sees; one beyond the last counts as that. It does not fall from query to query.
  __device__ int first_key_of(int sample, int query, int shift_now) const {
    query = min(query, Tq - 1);
    const int of_window = window > 0 ? max(0, query + shift_now + 1 - window) : 0;
    return starts != nullptr ? max(of_window, starts[int64_t{sample} * Tq + query]) : of_window;
  }
  // Queries from here on see no key up to `last_key`.
  __device__ int queries_end_of(int sample, int last_key) const {
    if (!banded) return Tq;
    int low = 0, high = Tq;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (first_key_of(sample, middle, shift) > last_key)
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }
};

// Blocks in the order in which the GPU starts them. Tiles that see most come first, so that no long one is left at the
// end; and heads come in sections whose operands stay in the L2 cache while the section's tiles are computed.
struct TileOrder {
  int tiles;    // of a head
  int heads;    // of all samples
  int section;  // heads

  static constexpr int64_t kSectionBytes = 16 << 20;

  // head_bytes: of what the tiles of one head share.
  TileOrder(int64_t tiles_of_head, int64_t all_heads, int64_t head_bytes)
      : tiles(static_cast<int>(tiles_of_head)),
        heads(static_cast<int>(all_heads)),
        section(static_cast<int>(std::clamp<int64_t>(kSectionBytes / std::max<int64_t>(head_bytes, 1), 1,
                                                     std::max<int64_t>(all_heads, 1)))) {}
  unsigned blocks() const { return static_cast<unsigned>(tiles) * static_cast<unsigned>(heads); }

  struct Place {
    int rank;  // of the tile among those of its head, 0 first
    int head;
  };
  __device__ Place place() const { return place_of(blockIdx.x); }
  __device__ Place place_of(unsigned block) const {
    const int section_blocks = tiles * section, first = block / section_blocks * section;
    const int within = block % section_blocks, heads_here = min(section, heads - first);
    return {within / heads_here, first + within % heads_here};
  }
};

}  // namespace convoy::cuda

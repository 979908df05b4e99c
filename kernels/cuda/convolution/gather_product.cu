// The results of a grid of taps as a matrix product whose left operand is gathered while it is multiplied ("implicit
// GEMM", Chetlur et al., "cuDNN", arXiv:1410.0759): result pixels x channels, summed over taps and channels.
//
// A block computes 128 pixels x 64 or 128 channels of a group. Tiles of 128 bytes of terms go by in shared memory, the
// next one copied while this one is multiplied: by tensor cores in bf16 or TF32, or by plain fused multiply-adds in
// f32. Sums pass through shared memory to bias, activation and stores of 16 bytes.
#include "kernels/cuda/convolution/convolution_kernels.h"
#include "kernels/cuda/convolution/shared_tile.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kPixels = 128, kThreads = 256;

template <class Real>
struct GatherArguments {
  Taps taps;
  const Real *source, *bias, *packed;
  Real* result;
  int sources, all_sources, results, all_results, padded_terms, padded_columns;
  bool relu, stores_packs;
};

// Sums of tensor cores: a warp has 32 pixels and half of the columns.
template <Math kMath, int kColumns>
struct GatherSums {
  static constexpr int kWarpColumns = kColumns / 2;
  Sums<2, kWarpColumns / 8> sums;

  __device__ static int first_pixel() { return static_cast<int>(threadIdx.x) / 64 * 32; }
  __device__ static int first_column() { return static_cast<int>(threadIdx.x) / 32 % 2 * kWarpColumns; }

  __device__ void clear() { sums.clear(); }
  __device__ void add(RowTile pixels, RowTile columns) {
    const RowTile left = pixels.rows_from(first_pixel()), right = columns.rows_from(first_column());
    if constexpr (kMath == Math::bf16)
      add_product(sums, left, right);
    else
      add_tf32(left, right);
  }
  // put(pixel, column, two neighbouring sums)
  template <class Put>
  __device__ void for_pairs(const Put& put) const {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int r = 0; r < 2; ++r)
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int c = 0; c < kWarpColumns / 8; ++c)
          put(first_pixel() + 16 * r + 8 * half + lane / 4, first_column() + 8 * c + lane % 4 * 2,
              make_float2(sums.at[r][c][2 * half], sums.at[r][c][2 * half + 1]));
  }

 private:
  __device__ void add_tf32(RowTile left, RowTile right) {
    const uint32_t left_lane = left.lane_by_rows(), right_lane = right.lane_by_columns();
#pragma unroll
    for (int k = 0; k < 4; ++k) {  // 8 terms each, 32 bytes as 16 bf16 are
      uint32_t rows[2][4];
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        load_matrices(rows[r], RowTile::moved(left_lane, 16 * r, 16 * k));
        for (uint32_t& word : rows[r]) word = round_to_tf32(word);
      }
#pragma unroll
      for (int c = 0; c < kWarpColumns / 8; c += 2) {
        uint32_t columns[4];
        load_matrices(columns, RowTile::moved(right_lane, 8 * c, 16 * k));
        for (uint32_t& word : columns) word = round_to_tf32(word);
#pragma unroll
        for (int r = 0; r < 2; ++r) {
          multiply_add_tf32(sums.at[r][c], rows[r], columns[0], columns[1]);
          multiply_add_tf32(sums.at[r][c + 1], rows[r], columns[2], columns[3]);
        }
      }
    }
  }
};

// Plain sums: a thread has every sixteenth pixel and column.
template <int kColumns>
struct GatherSums<Math::f32, kColumns> {
  static constexpr int kRows = kPixels / 16, kPerThread = kColumns / 16;
  float sums[kRows][kPerThread];

  __device__ static int first_pixel() { return static_cast<int>(threadIdx.x) / 16; }
  __device__ static int first_column() { return threadIdx.x % 16; }

  __device__ void clear() {
#pragma unroll
    for (auto& row : sums)
#pragma unroll
      for (float& sum : row) sum = 0;
  }
  __device__ void add(RowTile pixels, RowTile columns) {
#pragma unroll 1
    for (int piece = 0; piece < kRowPieces; ++piece) {
      float4 a[kRows];
#pragma unroll
      for (int i = 0; i < kRows; ++i) a[i] = load_shared_floats(pixels.piece(first_pixel() + 16 * i, piece));
#pragma unroll
      for (int j = 0; j < kPerThread; ++j) {
        const float4 b = load_shared_floats(columns.piece(first_column() + 16 * j, piece));
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          float& sum = sums[i][j];
          sum = fmaf(a[i].x, b.x, sum), sum = fmaf(a[i].y, b.y, sum);
          sum = fmaf(a[i].z, b.z, sum), sum = fmaf(a[i].w, b.w, sum);
        }
      }
    }
  }
  template <class Put>
  __device__ void for_each(const Put& put) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i)
#pragma unroll
      for (int j = 0; j < kPerThread; ++j) put(first_pixel() + 16 * i, first_column() + 16 * j, sums[i][j]);
  }
};

// kPacks: 16 bytes of a source are channels of one pixel, and lie at a multiple of as many.
template <Math kMath, int kColumns, bool kPacks>
class GatherBlock {
  using Real = typename MathOf<kMath>::Real;
  static constexpr int kPackSize = kPack<Real>, kTerms = kRowElements<Real>, kRowsAtOnce = kThreads / kRowPieces;
  static constexpr int kStageBytes = (kPixels + kColumns) * kRowBytes;
  // So many floats more than columns that neighbouring rows meet different banks: four of pairs, or two of 16 floats.
  static constexpr int kSumsPitch = kColumns + (kMath == Math::f32 ? 16 : 8), kSumsBytes = kPixels * kSumsPitch * 4;
  static constexpr int kTileBytes = kSumsBytes > 2 * kStageBytes ? kSumsBytes : 2 * kStageBytes;

 public:
  static constexpr int kSharedBytes = kTileBytes + kPixels * static_cast<int>(sizeof(PixelPlace) + sizeof(int64_t));

  __device__ GatherBlock(const GatherArguments<Real>& arguments, unsigned char* memory)
      : a(arguments),
        shared(memory),
        tiles(static_cast<uint32_t>(__cvta_generic_to_shared(memory))),
        places(reinterpret_cast<PixelPlace*>(memory + kTileBytes)),
        results(reinterpret_cast<int64_t*>(memory + kTileBytes + kPixels * sizeof(PixelPlace))) {}

  __device__ void run() {
    if (threadIdx.x < kPixels) {
      const int pixel = static_cast<int>(blockIdx.x) * kPixels + static_cast<int>(threadIdx.x);
      places[threadIdx.x] = PixelPlace(a.taps, pixel);
      results[threadIdx.x] = result_place(a.taps, pixel);
    }
    __syncthreads();
    sums.clear();
    const int count = a.padded_terms / kTerms;
    if (count > 0) start(0);
    for (int tile = 0; tile < count; ++tile) {
      wait_for_copies();
      __syncthreads();  // the tile is there, and nobody reads the one before it
      if (tile + 1 < count) start(tile + 1);
      sums.add(pixels_of(tile), columns_of(tile));
    }
    __syncthreads();
    keep_sums();
    __syncthreads();
    store();
  }

 private:
  __device__ RowTile pixels_of(int tile) const { return {tiles + static_cast<uint32_t>(tile % 2 * kStageBytes)}; }
  __device__ RowTile columns_of(int tile) const { return pixels_of(tile).rows_from(kPixels); }
  __device__ int group() const { return static_cast<int>(blockIdx.z); }
  __device__ int first_column() const { return static_cast<int>(blockIdx.y) * kColumns; }

  __device__ void start(int tile) {
    const int row = threadIdx.x / kRowPieces, piece = threadIdx.x % kRowPieces;
    const int index = tile * kTerms + piece * kPackSize;
    const Real* from = a.packed + (int64_t{group()} * a.padded_columns + first_column() + row) * a.padded_terms + index;
    const uint32_t to = columns_of(tile).piece(row, piece);
#pragma unroll
    for (int r = 0; r < kColumns; r += kRowsAtOnce)
      copy_async(to + r * kRowBytes, from + int64_t{r} * a.padded_terms, true);
    if constexpr (kPacks)
      copy_packs(index, pixels_of(tile).piece(row, piece), row);
    else
      copy_elements(index, pixels_of(tile).piece(row, piece), row);
  }

  __device__ void copy_packs(int index, uint32_t to, int row) {
    const Term term(a.taps, a.sources, index);
#pragma unroll
    for (int r = 0; r < kPixels; r += kRowsAtOnce) {
      const int64_t place = source_place(a.taps, places[row + r], term, a.all_sources, group() * a.sources);
      copy_async(to + r * kRowBytes, a.source + (place < 0 ? 0 : place), place >= 0);
    }
  }

  __device__ void copy_elements(int index, uint32_t to, int row) {
    constexpr int kRows = kPixels / kRowsAtOnce;
    union Words {
      uint4 words;
      Real element[kPackSize];
      __device__ Words() : words() {}  // zeros
    } values[kRows];
#pragma unroll
    for (int e = 0; e < kPackSize; ++e) {
      const Term term(a.taps, a.sources, index + e);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const int64_t place =
            source_place(a.taps, places[row + r * kRowsAtOnce], term, a.all_sources, group() * a.sources);
        if (place >= 0) values[r].element[e] = a.source[place];
      }
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) store_shared_words(to + r * kRowsAtOnce * kRowBytes, values[r].words);
  }

  __device__ void keep_sums() {
    auto* kept = reinterpret_cast<float*>(shared);
    if constexpr (kMath == Math::f32)
      sums.for_each([&](int pixel, int column, float sum) { kept[pixel * kSumsPitch + column] = sum; });
    else
      sums.for_pairs([&](int pixel, int column, float2 pair) {
        *reinterpret_cast<float2*>(kept + pixel * kSumsPitch + column) = pair;
      });
  }

  __device__ void store() {
    constexpr int kPieces = kColumns / kPackSize;
    const auto* kept = reinterpret_cast<const float*>(shared);
    for (int i = threadIdx.x; i < kPixels * kPieces; i += kThreads) {
      const int pixel = i / kPieces, in_tile = i % kPieces * kPackSize, column = first_column() + in_tile;
      if (results[pixel] < 0 || column >= a.results) continue;
      store_piece(results[pixel] * a.all_results + group() * a.results + column, group() * a.results + column,
                  kept + pixel * kSumsPitch + in_tile, min(kPackSize, a.results - column));
    }
  }

  __device__ void store_piece(int64_t place, int channel, const float* kept, int existing) {
    Pack<Real> pack{};
#pragma unroll
    for (int e = 0; e < kPackSize; ++e) {
      float value = kept[e];
      if (a.bias != nullptr && e < existing) value += to_float(a.bias[channel + e]);
      if (a.relu && value < 0) value = 0;  // a NaN stays
      pack.set(e, value);
    }
    if (a.stores_packs) {
      store_pack(a.result + place, pack);
      return;
    }
#pragma unroll
    for (int e = 0; e < kPackSize; ++e)
      if (e < existing) a.result[place + e] = pack.element[e];
  }

  const GatherArguments<Real>& a;
  unsigned char* shared;
  const uint32_t tiles;
  PixelPlace* places;
  int64_t* results;
  GatherSums<kMath, kColumns> sums;
};

template <Math kMath, int kColumns, bool kPacks>
__global__ __launch_bounds__(kThreads, 1) void gather_product_kernel(
    const __grid_constant__ GatherArguments<typename MathOf<kMath>::Real> arguments) {
  extern __shared__ __align__(256) unsigned char shared[];
  GatherBlock<kMath, kColumns, kPacks>(arguments, shared).run();
}

template <Math kMath, int kColumns>
void enqueue(Stream& stream, const GatherProduct& p) {
  using Real = typename MathOf<kMath>::Real;
  const GroupChannels& c = p.channels;
  const auto* source = data_of<const Real>(p.source);
  auto* result = data_of<Real>(p.result);
  const GatherArguments<Real> arguments{Taps(p.grid, p.result.shape[1], p.result.shape[2]),
                                        source,
                                        data_of<const Real>(p.bias),
                                        static_cast<const Real*>(p.packed),
                                        result,
                                        c.sources,
                                        c.all_sources,
                                        c.results,
                                        c.all_results,
                                        p.weights.padded_terms,
                                        p.weights.padded_columns,
                                        p.relu,
                                        rows_in_packs<Real>(c.results, result)};
  const dim3 blocks(static_cast<unsigned>(ceil_div(arguments.taps.pixels, kPixels)),
                    static_cast<unsigned>(p.weights.padded_columns / kColumns), static_cast<unsigned>(c.groups));
  if (rows_in_packs<Real>(c.sources, source))
    launch_with_shared<gather_product_kernel<kMath, kColumns, true>>(
        stream, blocks, kThreads, GatherBlock<kMath, kColumns, true>::kSharedBytes, arguments);
  else
    launch_with_shared<gather_product_kernel<kMath, kColumns, false>>(
        stream, blocks, kThreads, GatherBlock<kMath, kColumns, false>::kSharedBytes, arguments);
}

template <Math kMath>
void enqueue(Stream& stream, const GatherProduct& p) {
  p.weights.tile_columns == 64 ? enqueue<kMath, 64>(stream, p) : enqueue<kMath, 128>(stream, p);
}

}  // namespace

void enqueue_gather_product(Stream& stream, const GatherProduct& p) {
  if (p.source.dtype == DType::bf16)
    enqueue<Math::bf16>(stream, p);
  else
    p.tf32 ? enqueue<Math::tf32>(stream, p) : enqueue<Math::f32>(stream, p);
}

}  // namespace convoy::cuda

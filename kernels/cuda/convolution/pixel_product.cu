// The gradient of a convolution's weights as matrix products whose left operand is gathered while it is multiplied:
// terms (taps and channels) x channels of results, summed over pixels.
//
// A block computes 64 terms x 64 channels of a group over a part of the pixels. Tiles of pixels go by in shared memory,
// the next one copied while this one is multiplied. What parts there are follows from the shape; their sums are added
// in order by a second kernel.
#include "kernels/cuda/convolution/convolution_kernels.h"
#include "kernels/cuda/convolution/shared_tile.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kTile = 64, kThreads = 128;
constexpr int64_t kManyProductBlocks = 132 * 4;
constexpr size_t kMostPartialBytes = size_t{64} << 20;

template <class Real>
struct PixelArguments {
  Taps taps;
  const Real *x, *dy;
  float* partials;
  int sources, all_sources, results, all_results, padded_terms, padded_columns, tiles;
};

// Pixels, 64 elements each, in swizzled pieces of 16 bytes. Of bf16 these are attention's. Of f32 eight neighbouring
// elements of each of four neighbouring pixels, which a TF32 operand is, lie in 32 different banks.
template <class Real>
struct PixelTile {
  static constexpr int kBytesOfRow = kTile * static_cast<int>(sizeof(Real)), kPieces = kBytesOfRow / 16;
  static constexpr int kPixels = 8192 / kBytesOfRow;
  uint32_t address;

  __device__ uint32_t piece(int row, int piece) const {
    const int swizzle = sizeof(Real) == 2 ? row & 7 : 2 * (row & 3);
    return address + static_cast<uint32_t>(row * kBytesOfRow + ((piece ^ swizzle) << 4));
  }
  __device__ uint32_t word(int row, int column) const {
    return piece(row, column / 4) + static_cast<uint32_t>(column % 4 * 4);
  }
};

// Sums of tensor cores: a warp has 32 terms and 32 columns.
template <Math kMath>
struct PixelSums {
  using Real = typename MathOf<kMath>::Real;
  Sums<2, 4> sums;

  __device__ static int first_term() { return static_cast<int>(threadIdx.x) / 64 * 32; }
  __device__ static int first_column() { return static_cast<int>(threadIdx.x) / 32 % 2 * 32; }

  __device__ void clear() { sums.clear(); }
  __device__ void add(PixelTile<Real> terms, PixelTile<Real> columns) {
    if constexpr (kMath == Math::bf16)
      add_bf16(RowTile(terms.address), RowTile(columns.address));
    else
      add_tf32(terms, columns);
  }
  // put(term, column, sums of neighbouring columns)
  template <class Put>
  __device__ void for_sums(const Put& put) const {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int r = 0; r < 2; ++r)
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int c = 0; c < 4; ++c)
          put(first_term() + 16 * r + 8 * half + lane / 4, first_column() + 8 * c + lane % 4 * 2,
              make_float2(sums.at[r][c][2 * half], sums.at[r][c][2 * half + 1]));
  }

 private:
  // Both operands lie the other way round than an mma takes them.
  __device__ void add_bf16(RowTile terms, RowTile columns) {
    const uint32_t left_lane = terms.lane_by_columns(), right_lane = columns.lane_by_rows();
#pragma unroll
    for (int k = 0; k < PixelTile<Real>::kPixels; k += 16) {
      uint32_t left[2][4];
#pragma unroll
      for (int r = 0; r < 2; ++r)
        load_matrices_transposed(left[r], RowTile::moved(left_lane, k, first_term() + 16 * r));
#pragma unroll
      for (int c = 0; c < 4; c += 2) {
        uint32_t right[4];
        load_matrices_transposed(right, RowTile::moved(right_lane, k, first_column() + 8 * c));
#pragma unroll
        for (int r = 0; r < 2; ++r) {
          multiply_add(sums.at[r][c], left[r], right[0], right[1]);
          multiply_add(sums.at[r][c + 1], left[r], right[2], right[3]);
        }
      }
    }
  }
  __device__ void add_tf32(PixelTile<Real> terms, PixelTile<Real> columns) {
    const int lane = threadIdx.x % 32, in_quad = lane % 4, quad = lane / 4;
#pragma unroll
    for (int k = 0; k < PixelTile<Real>::kPixels; k += 8) {
      uint32_t left[2][4];
#pragma unroll
      for (int r = 0; r < 2; ++r)
#pragma unroll
        for (int i = 0; i < 4; ++i)
          left[r][i] = round_to_tf32(
              load_shared_word(terms.word(k + in_quad + i / 2 * 4, first_term() + 16 * r + i % 2 * 8 + quad)));
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        uint32_t right[2];
#pragma unroll
        for (int i = 0; i < 2; ++i)
          right[i] = round_to_tf32(load_shared_word(columns.word(k + in_quad + i * 4, first_column() + 8 * c + quad)));
#pragma unroll
        for (int r = 0; r < 2; ++r) multiply_add_tf32(sums.at[r][c], left[r], right[0], right[1]);
      }
    }
  }
};

// Plain sums: a thread has two times four neighbouring terms, and four neighbouring columns.
template <>
struct PixelSums<Math::f32> {
  float sums[2][4][4];

  __device__ static int first_term() { return static_cast<int>(threadIdx.x) / 16 * 4; }
  __device__ static int first_column() { return threadIdx.x % 16 * 4; }

  __device__ void clear() {
#pragma unroll
    for (auto& half : sums)
#pragma unroll
      for (auto& row : half)
#pragma unroll
        for (float& sum : row) sum = 0;
  }
  __device__ void add(PixelTile<float> terms, PixelTile<float> columns) {
#pragma unroll 4
    for (int k = 0; k < PixelTile<float>::kPixels; ++k) {
      const float4 b = load_shared_floats(columns.piece(k, first_column() / 4));
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float4 a = load_shared_floats(terms.piece(k, first_term() / 4 + 8 * half));
        add_row(sums[half][0], a.x, b);
        add_row(sums[half][1], a.y, b);
        add_row(sums[half][2], a.z, b);
        add_row(sums[half][3], a.w, b);
      }
    }
  }
  template <class Put>
  __device__ void for_sums(const Put& put) const {
#pragma unroll
    for (int half = 0; half < 2; ++half)
#pragma unroll
      for (int r = 0; r < 4; ++r)
        put(first_term() + 32 * half + r, first_column(),
            make_float4(sums[half][r][0], sums[half][r][1], sums[half][r][2], sums[half][r][3]));
  }

 private:
  __device__ static void add_row(float (&row)[4], float a, const float4& b) {
    row[0] = fmaf(a, b.x, row[0]);
    row[1] = fmaf(a, b.y, row[1]);
    row[2] = fmaf(a, b.z, row[2]);
    row[3] = fmaf(a, b.w, row[3]);
  }
};

// kPacks: 16 bytes of either operand are channels of one pixel, and lie at a multiple of as many.
template <Math kMath, bool kPacks>
class PixelBlock {
  using Real = typename MathOf<kMath>::Real;
  using Tile = PixelTile<Real>;
  static constexpr int kPackSize = kPack<Real>, kPixels = Tile::kPixels, kPieces = Tile::kPieces;
  static constexpr int kRowsAtOnce = kThreads / kPieces, kTileBytes = kPixels * Tile::kBytesOfRow;

 public:
  static constexpr int kSharedBytes = 4 * kTileBytes + 2 * kPixels * static_cast<int>(sizeof(PixelPlace));

  __device__ PixelBlock(const PixelArguments<Real>& arguments, unsigned char* memory)
      : a(arguments),
        tiles(static_cast<uint32_t>(__cvta_generic_to_shared(memory))),
        places(reinterpret_cast<PixelPlace*>(memory + 4 * kTileBytes)) {
    const int column_tiles = a.padded_columns / kTile;
    first_term = static_cast<int>(blockIdx.x) / column_tiles * kTile;
    first_column = static_cast<int>(blockIdx.x) % column_tiles * kTile;
    const int64_t parts = gridDim.z;
    begin = static_cast<int>(a.tiles * int64_t{blockIdx.z} / parts);
    end = static_cast<int>(a.tiles * int64_t{blockIdx.z + 1} / parts);
  }

  // Places of pixels are computed one tile before they are used, and are two tiles long.
  __device__ void run() {
    find_places(begin);
    __syncthreads();
    sums.clear();
    if (begin < end) start(begin);
    find_places(begin + 1);
    for (int tile = begin; tile < end; ++tile) {
      wait_for_copies();
      __syncthreads();  // tile and places are there, and nobody reads those before
      if (tile + 1 < end) start(tile + 1);
      if (tile + 2 < end) find_places(tile + 2);
      sums.add(terms_of(tile), columns_of(tile));
    }
    float* to = a.partials +
                ((int64_t{blockIdx.z} * gridDim.y + blockIdx.y) * a.padded_terms + first_term) * a.padded_columns +
                first_column;
    sums.for_sums([&](int term, int column, auto neighbours) {
      *reinterpret_cast<decltype(neighbours)*>(to + int64_t{term} * a.padded_columns + column) = neighbours;
    });
  }

 private:
  __device__ Tile terms_of(int tile) const { return {tiles + static_cast<uint32_t>(tile % 2 * 2 * kTileBytes)}; }
  __device__ Tile columns_of(int tile) const { return {terms_of(tile).address + kTileBytes}; }
  __device__ PixelPlace* places_of(int tile) const { return places + tile % 2 * kPixels; }

  __device__ void find_places(int tile) {
    if (threadIdx.x < kPixels)
      places_of(tile)[threadIdx.x] = PixelPlace(a.taps, tile * kPixels + static_cast<int>(threadIdx.x));
  }

  __device__ void start(int tile) {
    const int row = threadIdx.x / kPieces, piece = threadIdx.x % kPieces;
    if constexpr (kPacks)
      copy_packs(tile, row, piece);
    else
      copy_elements(tile, row, piece);
  }

  __device__ void copy_packs(int tile, int row, int piece) {
    const int group = blockIdx.y, column = first_column + piece * kPackSize;
    const Term term(a.taps, a.sources, first_term + piece * kPackSize);
    const PixelPlace* pixels = places_of(tile);
#pragma unroll
    for (int r = row; r < kPixels; r += kRowsAtOnce) {
      const int64_t place = source_place(a.taps, pixels[r], term, a.all_sources, group * a.sources);
      copy_async(terms_of(tile).piece(r, piece), a.x + (place < 0 ? 0 : place), place >= 0);
      const int pixel = tile * kPixels + r;
      const bool exists = pixel < a.taps.pixels && column < a.results;
      const int64_t gradient = int64_t{pixel} * a.all_results + group * a.results + column;
      copy_async(columns_of(tile).piece(r, piece), a.dy + (exists ? gradient : 0), exists);
    }
  }

  __device__ void copy_elements(int tile, int row, int piece) {
    const int group = blockIdx.y, column = first_column + piece * kPackSize;
    const PixelPlace* pixels = places_of(tile);
#pragma unroll 1
    for (int r = row; r < kPixels; r += kRowsAtOnce) {
      auto* terms = static_cast<Real*>(__cvta_shared_to_generic(terms_of(tile).piece(r, piece)));
      auto* columns = static_cast<Real*>(__cvta_shared_to_generic(columns_of(tile).piece(r, piece)));
      const int pixel = tile * kPixels + r;
      const int64_t gradient = int64_t{pixel} * a.all_results + group * a.results + column;
#pragma unroll 1
      for (int e = 0; e < kPackSize; ++e) {
        const Term term(a.taps, a.sources, first_term + piece * kPackSize + e);
        const int64_t place = source_place(a.taps, pixels[r], term, a.all_sources, group * a.sources);
        terms[e] = place >= 0 ? a.x[place] : Real(0.0f);
        columns[e] = pixel < a.taps.pixels && column + e < a.results ? a.dy[gradient + e] : Real(0.0f);
      }
    }
  }

  const PixelArguments<Real>& a;
  const uint32_t tiles;
  PixelPlace* places;
  int first_term, first_column, begin, end;
  PixelSums<kMath> sums;
};

template <Math kMath, bool kPacks>
__global__ __launch_bounds__(kThreads, 4) void pixel_product_kernel(
    const __grid_constant__ PixelArguments<typename MathOf<kMath>::Real> arguments) {
  extern __shared__ __align__(256) unsigned char shared[];
  PixelBlock<kMath, kPacks>(arguments, shared).run();
}

struct PixelParts {
  int padded_terms, padded_columns, tiles, parts, terms;

  explicit PixelParts(const ConvolutionShape& s)
      : padded_terms(static_cast<int>(round_up<int64_t>(s.kernel_h * s.kernel_w * s.group_inputs(), kTile))),
        padded_columns(static_cast<int>(round_up<int64_t>(s.group_outputs(), kTile))),
        terms(static_cast<int>(s.kernel_h * s.kernel_w * s.group_inputs())) {
    const int64_t pixels = s.dtype == DType::bf16 ? PixelTile<__nv_bfloat16>::kPixels : PixelTile<float>::kPixels;
    const int64_t blocks = s.groups * padded_terms / kTile * padded_columns / kTile;
    tiles = static_cast<int>(ceil_div(s.B * s.Hout * s.Wout, pixels));
    const auto most = static_cast<int64_t>(kMostPartialBytes / bytes_of_part(s));
    parts =
        static_cast<int>(std::clamp<int64_t>(std::min(kManyProductBlocks / blocks, most), 1, std::max(1, tiles / 4)));
  }
  size_t bytes_of_part(const ConvolutionShape& s) const {
    return static_cast<size_t>(s.groups) * static_cast<size_t>(padded_terms) * static_cast<size_t>(padded_columns) *
           sizeof(float);
  }
};

template <Math kMath>
void enqueue(Stream& stream, const ConvolutionBackwardWeight& args, float* partials, const PixelParts& parts) {
  using Real = typename MathOf<kMath>::Real;
  const ConvolutionShape& s = args.shape;
  const PixelArguments<Real> arguments{Taps(forward_grid(s), s.Hout, s.Wout),
                                       data_of<const Real>(args.x),
                                       data_of<const Real>(args.dy),
                                       partials,
                                       static_cast<int>(s.group_inputs()),
                                       static_cast<int>(s.Cin),
                                       static_cast<int>(s.group_outputs()),
                                       static_cast<int>(s.Cout),
                                       parts.padded_terms,
                                       parts.padded_columns,
                                       parts.tiles};
  const dim3 blocks(static_cast<unsigned>(parts.padded_terms / kTile * (parts.padded_columns / kTile)),
                    static_cast<unsigned>(s.groups), static_cast<unsigned>(parts.parts));
  const bool packs =
      rows_in_packs<Real>(s.group_inputs(), arguments.x) && rows_in_packs<Real>(s.group_outputs(), arguments.dy);
  if (packs)
    launch_with_shared<pixel_product_kernel<kMath, true>>(stream, blocks, kThreads,
                                                          PixelBlock<kMath, true>::kSharedBytes, arguments);
  else
    launch_with_shared<pixel_product_kernel<kMath, false>>(stream, blocks, kThreads,
                                                           PixelBlock<kMath, false>::kSharedBytes, arguments);
}

}  // namespace

size_t pixel_product_bytes(const ConvolutionShape& shape) {
  const PixelParts parts(shape);
  return static_cast<size_t>(parts.parts) * parts.bytes_of_part(shape);
}

void enqueue_pixel_product(Stream& stream, const ConvolutionBackwardWeight& args, bool tf32, float* partials) {
  const PixelParts parts(args.shape);
  if (args.shape.dtype == DType::bf16)
    enqueue<Math::bf16>(stream, args, partials, parts);
  else
    tf32 ? enqueue<Math::tf32>(stream, args, partials, parts) : enqueue<Math::f32>(stream, args, partials, parts);
  const GroupChannels channels(args.shape, /*of_input=*/false);
  enqueue_add_weight_parts(stream, data_of<float>(args.dweight), partials,
                           {parts.parts, channels.groups, parts.terms, parts.padded_terms, channels.results,
                            parts.padded_columns, static_cast<int>(args.shape.kernel_h * args.shape.kernel_w),
                            channels.sources, channels.result_stride, channels.source_stride, channels.group_stride});
}

}  // namespace convoy::cuda

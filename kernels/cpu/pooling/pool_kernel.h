// Windows of pictures, pixel by pixel, all channels of one at a time. Backward every pixel of the input adds up what
// the windows that it lies in send it: nothing is written twice.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// Of the pixels of a picture along one direction.
struct PoolRange {
  int64_t begin, end;
};
// Of a window, what lies inside of the picture.
inline PoolRange pixels_of(int64_t result, int64_t stride, int64_t padding, int64_t window, int64_t extent) {
  const int64_t first = result * stride - padding;
  return {std::max<int64_t>(first, 0), std::min(first + window, extent)};
}
// Of results, those in whose windows a pixel lies.
inline PoolRange results_of(int64_t pixel, int64_t stride, int64_t padding, int64_t window, int64_t results) {
  const int64_t last = (pixel + padding) / stride, missed = pixel + padding - window + 1;
  return {missed <= 0 ? 0 : ceil_div(missed, stride), std::min(last + 1, results)};
}

inline I32x16 load_places(const int32_t* p, Full) { return load(p); }
inline I32x16 load_places(const int32_t* p, Part part) {
  return bits_of(load_first(reinterpret_cast<const float*>(p), part.count));
}
inline I32x16 load_places(const uint8_t* p, Full) { return widen(p); }
inline I32x16 load_places(const uint8_t* p, Part part) {
  uint8_t bytes[kLanes] = {};
  std::memcpy(bytes, p, static_cast<size_t>(part.count));
  return widen(bytes);
}
inline void store_places(int32_t* p, I32x16 a, Full) { store(p, a); }
inline void store_places(int32_t* p, I32x16 a, Part part) {
  store_first(reinterpret_cast<float*>(p), from_bits(a), part.count);
}
inline void store_places(uint8_t* p, I32x16 a, Full) { store_narrow(p, a); }
inline void store_places(uint8_t* p, I32x16 a, Part part) {
  uint8_t bytes[kLanes];
  store_narrow(bytes, a);
  std::memcpy(p, bytes, static_cast<size_t>(part.count));
}

template <class Body>
inline void with_place(const PoolShape& s, const Body& body) {
  if (s.place_dtype() == DType::u8)
    body(static_cast<uint8_t*>(nullptr));
  else
    body(static_cast<int32_t*>(nullptr));
}

// body(row and column of the result, its window) for the rows of results [begin, end).
template <class Body>
inline void for_windows(const PoolShape& s, int64_t begin, int64_t end, const Body& body) {
  for (int64_t row = begin; row < end; ++row) {
    const PoolRange rows = pixels_of(row % s.Hout, s.stride_h, s.top, s.window_h, s.H);
    for (int64_t j = 0; j < s.Wout; ++j) body(row, j, rows, pixels_of(j, s.stride_w, s.left, s.window_w, s.W));
  }
}

template <class Real, class Place>
void max_forward_rows(const MaxPoolForward& args, int64_t begin, int64_t end) {
  const PoolShape& s = args.shape;
  for_windows(s, begin, end, [&](int64_t row, int64_t j, PoolRange rows, PoolRange columns) {
    const Real* picture = args.x.as<Real>() + row / s.Hout * s.H * s.W * s.C;
    const int64_t to = (row * s.Wout + j) * s.C;
    const int64_t first_row = row % s.Hout * s.stride_h - s.top, first_column = j * s.stride_w - s.left;
    for_vectors(s.C, [&](int64_t c, auto lanes) {
      F32x16 best = broadcast(0.0f);
      I32x16 place = broadcast(int32_t{0});
      bool is_first = true;
      for (int64_t r = rows.begin; r < rows.end; ++r)
        for (int64_t q = columns.begin; q < columns.end; ++q, is_first = false) {
          const F32x16 value = load(picture + (r * s.W + q) * s.C + c, lanes);
          const I32x16 here = broadcast(static_cast<int32_t>((r - first_row) * s.window_w + q - first_column));
          if (is_first) {
            best = value;
            place = here;
            continue;
          }
          const Mask16 better = not_at_most(value, best) & is_number(best);
          best = select(better, value, best);
          place = select(better, here, place);
        }
      store(args.y.as<Real>() + to + c, best, lanes);
      if (args.places) store_places(args.places.as<Place>() + to + c, place, lanes);
    });
  });
}

void max_forward(const MaxPoolForward& args, int64_t begin, int64_t end) {
  with_real(args.shape.dtype, [&](auto* real) {
    with_place(args.shape, [&](auto* place) {
      max_forward_rows<std::remove_pointer_t<decltype(real)>, std::remove_pointer_t<decltype(place)>>(args, begin, end);
    });
  });
}

// dx of rows [begin, end): the sum of term(result, place in its window, channel, lanes) over the windows of a pixel.
template <class Real, class Term>
inline void gather_windows(const PoolShape& s, const Tensor& dx, int64_t begin, int64_t end, const Term& term) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t h = row % s.H, sample = row / s.H;
    const PoolRange rows = results_of(h, s.stride_h, s.top, s.window_h, s.Hout);
    for (int64_t w = 0; w < s.W; ++w) {
      const PoolRange columns = results_of(w, s.stride_w, s.left, s.window_w, s.Wout);
      Real* to = dx.as<Real>() + (row * s.W + w) * s.C;
      for_vectors(s.C, [&](int64_t c, auto lanes) {
        F32x16 sum = broadcast(0.0f);
        for (int64_t i = rows.begin; i < rows.end; ++i)
          for (int64_t j = columns.begin; j < columns.end; ++j) sum = sum + term(sample, i, j, h, w, c, lanes);
        store(to + c, sum, lanes);
      });
    }
  }
}

template <class Real, class Place>
void max_backward_rows(const MaxPoolBackward& args, int64_t begin, int64_t end) {
  const PoolShape& s = args.shape;
  gather_windows<Real>(
      s, args.dx, begin, end, [&](int64_t sample, int64_t i, int64_t j, int64_t h, int64_t w, int64_t c, auto lanes) {
        const int64_t from = ((sample * s.Hout + i) * s.Wout + j) * s.C + c;
        const auto place =
            static_cast<int32_t>((h - (i * s.stride_h - s.top)) * s.window_w + w - (j * s.stride_w - s.left));
        const Mask16 here = load_places(args.places.as<Place>() + from, lanes) == broadcast(place);
        return select(here, load(args.dy.as<Real>() + from, lanes), broadcast(0.0f));
      });
}

void max_backward(const MaxPoolBackward& args, int64_t begin, int64_t end) {
  with_real(args.shape.dtype, [&](auto* real) {
    with_place(args.shape, [&](auto* place) {
      max_backward_rows<std::remove_pointer_t<decltype(real)>, std::remove_pointer_t<decltype(place)>>(args, begin,
                                                                                                       end);
    });
  });
}

inline float pixels_in(PoolRange rows, PoolRange columns) {
  return static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
}

// Stretches of a row are summed apart: the error stays small however large the window is.
template <class Real>
void average_forward_rows(const AveragePoolForward& args, int64_t begin, int64_t end) {
  constexpr int64_t kStretch = 64;
  const PoolShape& s = args.shape;
  for_windows(s, begin, end, [&](int64_t row, int64_t j, PoolRange rows, PoolRange columns) {
    const Real* picture = args.x.as<Real>() + row / s.Hout * s.H * s.W * s.C;
    Real* to = args.y.as<Real>() + (row * s.Wout + j) * s.C;
    const F32x16 count = broadcast(pixels_in(rows, columns));
    for_vectors(s.C, [&](int64_t c, auto lanes) {
      F32x16 sum = broadcast(0.0f);
      for (int64_t r = rows.begin; r < rows.end; ++r)
        for (int64_t first = columns.begin; first < columns.end; first += kStretch) {
          F32x16 stretch = broadcast(0.0f);
          for (int64_t q = first; q < std::min(columns.end, first + kStretch); ++q)
            stretch = stretch + load(picture + (r * s.W + q) * s.C + c, lanes);
          sum = sum + stretch;
        }
      store(to + c, sum / count, lanes);
    });
  });
}

void average_forward(const AveragePoolForward& args, int64_t begin, int64_t end) {
  with_real(args.shape.dtype,
            [&](auto* real) { average_forward_rows<std::remove_pointer_t<decltype(real)>>(args, begin, end); });
}

template <class Real>
void average_backward_rows(const AveragePoolBackward& args, int64_t begin, int64_t end) {
  const PoolShape& s = args.shape;
  gather_windows<Real>(s, args.dx, begin, end,
                       [&](int64_t sample, int64_t i, int64_t j, int64_t, int64_t, int64_t c, auto lanes) {
                         const PoolRange rows = pixels_of(i, s.stride_h, s.top, s.window_h, s.H);
                         const PoolRange columns = pixels_of(j, s.stride_w, s.left, s.window_w, s.W);
                         const int64_t from = ((sample * s.Hout + i) * s.Wout + j) * s.C + c;
                         return load(args.dy.as<Real>() + from, lanes) / broadcast(pixels_in(rows, columns));
                       });
}

void average_backward(const AveragePoolBackward& args, int64_t begin, int64_t end) {
  with_real(args.shape.dtype,
            [&](auto* real) { average_backward_rows<std::remove_pointer_t<decltype(real)>>(args, begin, end); });
}

}  // namespace

const PoolKernels pool_kernels = {max_forward, max_backward, average_forward, average_backward};

}  // namespace convoy::cpu::CONVOY_ISA

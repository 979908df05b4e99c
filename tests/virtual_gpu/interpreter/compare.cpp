// setp, set, selp, slct.
#include "tests/virtual_gpu/interpreter/comparison.h"

namespace convoy::vgpu {
namespace {

// d gets the result, e (f1) its complement. Packed halves (vec 2): d the lower's, e the upper's.
template <int C, class T, bool FTZ>
struct Setp {
  static void run(Warp& w, const Inst& i, u32 m) {
    const u32 low = compare_lanes<C, T, FTZ>(w, i, 0);
    const u32 first = combine(w, i, low);
    if (i.vec == 2)
      set_predicate(predicate(w, i.e), m, combine(w, i, compare_lanes<C, T, FTZ>(w, i, 1)));
    else if (i.f1)
      set_predicate(predicate(w, i.e), m, combine(w, i, ~low));
    set_predicate(predicate(w, i.d), m, first);
  }
};

u32 true_value(Type t, bool is_packed) {
  switch (t) {
    case Type::F32:
      return 0x3f800000;
    case Type::F16:
    case Type::F16X2:
      return 0x3c00;
    case Type::BF16:
    case Type::BF16X2:
      return 0x3f80;
    case Type::U16:
    case Type::S16:
      return 0xffff;
    default:
      return is_packed ? 0xffff : ~0u;
  }
}
template <int C, class T, bool FTZ>
struct Set {  // d, of type ty: 1.0, all ones or 0
  static void run(Warp& w, const Inst& i, u32 m) {
    const bool is_packed = i.vec == 2;
    const u32 low = combine(w, i, compare_lanes<C, T, FTZ>(w, i, 0));
    const u32 high = is_packed ? combine(w, i, compare_lanes<C, T, FTZ>(w, i, 1)) : 0;
    const u32 yes = true_value(i.ty, is_packed);
    each_lane(reg<u32>(w, i.d), m, [&](int l) {
      const u32 value = low >> l & 1 ? yes : 0;
      return is_packed ? value | (high >> l & 1 ? yes : 0) << 16 : value;
    });
  }
};

// ---- K<comparison, C++ type, ftz>::run ----
template <template <int, class, bool> class K, class T, bool FTZ>
Handler by_comparison(int c) {
  switch (c) {
    case kEq:
      return K<kEq, T, FTZ>::run;
    case kNe:
      return K<kNe, T, FTZ>::run;
    case kLt:
      return K<kLt, T, FTZ>::run;
    case kLe:
      return K<kLe, T, FTZ>::run;
    case kGt:
      return K<kGt, T, FTZ>::run;
    case kGe:
      return K<kGe, T, FTZ>::run;
    default:
      break;
  }
  if constexpr (!std::is_integral_v<T>) switch (c) {
      case kEqu:
        return K<kEqu, T, FTZ>::run;
      case kNeu:
        return K<kNeu, T, FTZ>::run;
      case kLtu:
        return K<kLtu, T, FTZ>::run;
      case kLeu:
        return K<kLeu, T, FTZ>::run;
      case kGtu:
        return K<kGtu, T, FTZ>::run;
      case kGeu:
        return K<kGeu, T, FTZ>::run;
      case kNum:
        return K<kNum, T, FTZ>::run;
      case kNan:
        return K<kNan, T, FTZ>::run;
      default:
        break;
    }
  return nullptr;
}
template <template <int, class, bool> class K>
Handler compare_handler(Type t, int c, bool ftz) {
  switch (t) {
    case Type::B16:
    case Type::U16:
      return by_comparison<K, u16, false>(c);
    case Type::S16:
      return by_comparison<K, i16, false>(c);
    case Type::B32:
    case Type::U32:
      return by_comparison<K, u32, false>(c);
    case Type::S32:
      return by_comparison<K, i32, false>(c);
    case Type::B64:
    case Type::U64:
      return by_comparison<K, u64, false>(c);
    case Type::S64:
      return by_comparison<K, i64, false>(c);
    case Type::F32:
      return ftz ? by_comparison<K, float, true>(c) : by_comparison<K, float, false>(c);
    case Type::F64:
      return by_comparison<K, double, false>(c);
    case Type::F16:
    case Type::F16X2:
      return by_comparison<K, half_t, false>(c);
    case Type::BF16:
    case Type::BF16X2:
      return by_comparison<K, bf16_t, false>(c);
    default:
      return nullptr;
  }
}

int decode_comparison(InstDecoder& d) {
  // lo, ls, hi, hs are lt, le, gt, ge of unsigned types.
  static constexpr int kOrder[] = {kEq, kNe,  kLt,  kLe,  kGt,  kGe,  kLt,  kLe,  kGt,
                                   kGe, kEqu, kNeu, kLtu, kLeu, kGtu, kGeu, kNum, kNan};
  const int index = d.index_of({"eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs",  //
                                "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"});
  if (index < 0) d.bad("comparison");
  return kOrder[index];
}
void decode_combination(InstDecoder& d) {
  d.i.sub = static_cast<u8>(d.index_of({"and", "or", "xor"}) + 1);
  if (d.i.sub != kAlone) d.i.c = d.predicate_src(d.op(3), d.i.f2);
}
void decode_compared(InstDecoder& d, Type t) {
  d.i.vec = is_packed_half(t) ? 2 : 1;
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
}
void decode_setp(InstDecoder& d) {
  const int c = decode_comparison(d);
  decode_combination(d);
  const bool ftz = d.has("ftz");
  const Type t = d.type();
  d.i.d = d.predicate_dst(d.op(0));
  d.i.f1 = d.has_second_dst(d.op(0));
  d.i.e = d.second_predicate_dst(d.op(0));
  decode_compared(d, t);
  d.i.fn = compare_handler<Setp>(t, c, ftz);
}
void decode_set(InstDecoder& d) {
  const int c = decode_comparison(d);
  decode_combination(d);
  const bool ftz = d.has("ftz");
  d.i.ty = d.type();
  const Type t = d.type();
  d.i.d = d.dst(0, d.i.ty);
  decode_compared(d, t);
  d.i.fn = compare_handler<Set>(t, c, ftz);
}

// ---- selection by predicate c (negated: f2), or by the sign of c ----
template <class S>
void selp(Warp& w, const Inst& i, u32 m) {
  const u32 p = i.f2 ? ~predicate(w, i.c) : predicate(w, i.c);
  const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
  each_lane(reg<S>(w, i.d), m, [&](int l) { return p >> l & 1 ? a[l] : b[l]; });
}
void decode_selp(InstDecoder& d) {
  const Type t = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.predicate_src(d.op(3), d.i.f2);
  d.i.fn = type_size(t) == 8 ? selp<u64> : selp<u32>;
}

template <class S, bool FLOAT>
void slct(Warp& w, const Inst& i, u32 m) {
  const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
  const u32* c = reg<u32>(w, i.c);
  each_lane(reg<S>(w, i.d), m, [&](int l) {
    const bool first = FLOAT ? bits_to_float(c[l]) >= 0.f : static_cast<i32>(c[l]) >= 0;
    return first ? a[l] : b[l];
  });
}
void decode_slct(InstDecoder& d) {
  d.has("ftz");
  const Type t = d.type(), ct = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.src(3, ct);
  const bool is_float_selector = ct == Type::F32;
  if (type_size(t) == 8)
    d.i.fn = is_float_selector ? slct<u64, true> : slct<u64, false>;
  else
    d.i.fn = is_float_selector ? slct<u32, true> : slct<u32, false>;
}

PTX_OP("setp", decode_setp);
PTX_OP("set", decode_set);
PTX_OP("selp", decode_selp);
PTX_OP("slct", decode_slct);

}  // namespace
}  // namespace convoy::vgpu

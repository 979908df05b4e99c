// min and max, of every type.
#include "tests/virtual_gpu/interpreter/arithmetic.h"
#include "tests/virtual_gpu/interpreter/integer_functions.h"
#include "tests/virtual_gpu/interpreter/packed_integers.h"

namespace convoy::vgpu {
namespace {

template <bool MAX, bool PROPAGATE>
void decode_float_min_max(InstDecoder& d, Type t, bool ftz, bool xor_sign) {
  using Plain = FloatMinMax<MAX, PROPAGATE>;
  if (xor_sign)
    decode_float_operation<2, XorSignAbs<Plain>>(d, t, {ftz}, kFlop32, 1);
  else
    decode_float_operation<2, Plain>(d, t, {ftz}, kFlop32, 1);
}

template <bool MAX>
void decode_min_max(InstDecoder& d) {
  using Op = std::conditional_t<MAX, IntegerMax, IntegerMin>;
  const bool propagate = d.has("NaN"), ftz = d.has("ftz"), relu = d.has("relu"), xor_sign = d.has("xorsign");
  if (xor_sign && !d.has("abs")) d.bad(".xorsign without .abs");
  const Type t = d.type();
  if (is_float(t) || is_half(t)) {
    if (relu) d.bad(".relu");
    if (propagate) return decode_float_min_max<MAX, true>(d, t, ftz, xor_sign);
    return decode_float_min_max<MAX, false>(d, t, ftz, xor_sign);
  }
  d.operands(t, 2);
  if (relu && t != Type::S32 && t != Type::S16X2) d.bad(".relu");
  if (is_packed_integer(t))
    d.i.fn = relu ? packed_integer_handler<ThenRelu<Op>>(t) : packed_integer_handler<Op>(t);
  else
    d.i.fn = relu ? by_integer_type<Binary<ThenRelu<Op>>>(t) : by_integer_type<Binary<Op>>(t);
}

PTX_OP("min", decode_min_max<false>);
PTX_OP("max", decode_min_max<true>);

}  // namespace
}  // namespace convoy::vgpu

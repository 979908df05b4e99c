#include "tests/virtual_gpu/interpreter/carry.h"

#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

using u128 = unsigned __int128;

template <class T>
T product(T a, T b, bool is_signed_type, bool high) {
  using Signed = std::make_signed_t<T>;
  const u128 whole = is_signed_type
                         ? static_cast<u128>(static_cast<__int128>(static_cast<Signed>(a)) * static_cast<Signed>(b))
                         : static_cast<u128>(a) * b;
  return static_cast<T>(high ? whole >> (8 * sizeof(T)) : whole);
}

// sub: CarryOperation; f1 reads the carry, f2 writes it, f3: the factors are signed.
template <class T>
void carry(Warp& w, const Inst& i, u32 m) {
  const T *a = reg<T>(w, i.a), *b = reg<T>(w, i.b), *c = reg<T>(w, i.c);
  T* d = reg<T>(w, i.d);
  for_lanes(m, [&](int l) {
    const u128 carry_in = i.f1 ? w.carry >> l & 1 : 0;
    u128 result;
    bool carry_out;
    if (i.sub == kCarrySub) {
      result = static_cast<u128>(a[l]) - b[l] - carry_in;
      carry_out = a[l] < b[l] + carry_in;
    } else {
      const T first = i.sub == kCarryAdd ? a[l] : product(a[l], b[l], i.f3, i.sub == kCarryMadHi);
      const T second = i.sub == kCarryAdd ? b[l] : c[l];
      result = static_cast<u128>(first) + second + carry_in;
      carry_out = result >> (8 * sizeof(T));
    }
    d[l] = static_cast<T>(result);
    if (i.f2) w.carry = (w.carry & ~(1u << l)) | static_cast<u32>(carry_out) << l;
  });
}

template <CarryOperation OPERATION>
void decode_add_or_sub_with_carry(InstDecoder& d) {
  const bool writes_carry = d.has("cc");
  const Type t = d.type();
  d.operands(t, 2);
  d.i.c = d.i.a;
  decode_carry(d.i, t, OPERATION, true, writes_carry);
}

PTX_OP("addc", decode_add_or_sub_with_carry<kCarryAdd>);
PTX_OP("subc", decode_add_or_sub_with_carry<kCarrySub>);

}  // namespace

void decode_carry(Inst& i, Type t, CarryOperation operation, bool reads_carry, bool writes_carry) {
  i.sub = operation;
  i.f1 = reads_carry;
  i.f2 = writes_carry;
  i.f3 = is_signed(t);
  i.fn = type_size(t) == 8 ? carry<u64> : carry<u32>;
}

}  // namespace convoy::vgpu

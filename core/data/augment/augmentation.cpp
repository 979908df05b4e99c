#include "core/data/augment/augmentation.h"

#include <cstring>

namespace convoy {

void Augmentation::describe(Keys& keys) {
  describe_own(keys);
  keys(sparse("field"), field, "field", "of the data that is changed; none: x");
}

Tensor AugmentedSample::copy() const {
  scratch.resize(x().bytes());
  std::memcpy(scratch.data(), x().data, x().bytes());
  return {scratch.data(), x().dtype, x().shape};
}

}  // namespace convoy

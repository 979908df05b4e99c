#include "core/layers/layer.h"

#include "core/base/error.h"
#include "core/layers/adapter.h"

namespace convoy {

void Layer::adapt(const std::vector<Adapter>&) { throw InternalError("a layer without linear maps has no adapters"); }

}  // namespace convoy

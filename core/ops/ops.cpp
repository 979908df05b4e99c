#include "core/ops/ops.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>

#include "core/base/error.h"

namespace convoy {

std::string operator_name(std::type_index args) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(args.name(), nullptr, nullptr, &status),
                                                         std::free);
  const std::string whole = status == 0 ? name.get() : args.name();
  const size_t scope = whole.rfind("::");
  return scope == std::string::npos ? whole : whole.substr(scope + 2);
}

const Ops::Operator& Ops::find(std::type_index args) const {
  const auto found = table_.find(args);
  if (found == table_.end()) throw InternalError(fmt::format("device {} has no {}", device_, operator_name(args)));
  return found->second;
}

}  // namespace convoy

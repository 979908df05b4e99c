#include "core/ops/ops.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

#include "core/base/error.h"

namespace convoy {

std::string operator_name(std::type_index args) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(args.name(), nullptr, nullptr, &status),
                                                         std::free);
  const std::string whole = status == 0 ? text.get() : args.name();
  std::string name;  // without namespaces, those of template arguments too
  for (const char c : whole) {
    if (c != ':')
      name += c;
    else if (name.ends_with(')'))
      name.erase(name.rfind('('));
    else
      while (!name.empty() && (std::isalnum(static_cast<unsigned char>(name.back())) != 0 || name.back() == '_'))
        name.pop_back();
  }
  return name;
}

const Ops::Operator& Ops::find(std::type_index args) const {
  const auto found = table_.find(args);
  if (found == table_.end()) throw InternalError(fmt::format("device {} has no {}", device_, operator_name(args)));
  return found->second;
}

}  // namespace convoy

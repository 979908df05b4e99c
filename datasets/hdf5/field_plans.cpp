#include "datasets/hdf5/field_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/error.h"
#include "datasets/class_labels.h"

namespace convoy::hdf5 {
namespace {

// What the options name.
class FieldPlans {
 public:
  explicit FieldPlans(const ImportHdf5Options& options) {
    if (options.x.empty() && options.fields.empty())
      throw ConfigError(
          "no dataset named; write --x NAME --y NAME, as h5py shows them, for example --x images --y labels");
    const std::vector<std::string> x = parts_of(options.x);
    for (const std::string& path : x) at(x.size() == 1 ? "x" : last_part(path)).paths[0] = path;
    put_splits("--validation-x", options.validation_x, x, Split::validation);
    put_splits("--test-x", options.test_x, x, Split::test);
    for (const std::string& field : options.fields) put_field(field);
    if (!options.y.empty()) at(kLabelField).paths = {options.y, options.validation_y, options.test_y};
    check();
  }
  std::vector<FieldPlan> take() { return std::move(plans_); }

 private:
  static std::string last_part(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

  FieldPlan& at(const std::string& name) {
    for (FieldPlan& plan : plans_)
      if (plan.name == name) return plan;
    plans_.emplace_back();
    plans_.back().name = name;
    return plans_.back();
  }

  void put_splits(const char* option, const std::string& text, const std::vector<std::string>& x, Split split) {
    const std::vector<std::string> paths = parts_of(text);
    if (paths.empty()) return;
    if (paths.size() != x.size())
      throw ConfigError(
          fmt::format("{} names {} datasets, --x {}; wanted one for each", option, paths.size(), x.size()));
    for (size_t i = 0; i < x.size(); ++i)
      at(x.size() == 1 ? "x" : last_part(x[i])).paths[static_cast<size_t>(split)] = paths[i];
  }

  // "NAME=PATH", "test.NAME=PATH"
  void put_field(const std::string& text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      throw ConfigError(fmt::format("--field {}: wanted NAME=PATH, or validation.NAME=PATH and test.NAME=PATH", text));
    std::string name = text.substr(0, equals);
    Split split = Split::train;
    for (const Split other : {Split::validation, Split::test})
      if (const std::string prefix = std::string(name_of(other)) + "."; name.starts_with(prefix)) {
        name.erase(0, prefix.size());
        split = other;
      }
    at(name).paths[static_cast<size_t>(split)] = text.substr(equals + 1);
  }

  void check() const {
    for (const FieldPlan& plan : plans_)
      for (const Split split : kSplits) {
        const bool is_given = !plan.paths[static_cast<size_t>(split)].empty(),
                   first_is = !plans_.front().paths[static_cast<size_t>(split)].empty();
        if (is_given != first_is)
          throw ConfigError(fmt::format(
              "the {} split has a dataset for the field {} and none for {}; name one for each", name_of(split),
              is_given ? plan.name : plans_.front().name, is_given ? plans_.front().name : plan.name));
      }
    if (plans_.front().paths[0].empty())
      throw ConfigError("datasets for other splits, but none to train on; name them too, as --x and --y");
  }

  std::vector<FieldPlan> plans_;
};

}  // namespace

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size() && !text.empty();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<FieldPlan> field_plans(const ImportHdf5Options& options) { return FieldPlans(options).take(); }

WantedClasses wanted_classes(const ImportHdf5Options& options) {
  WantedClasses wanted;
  if (options.classes.empty()) return wanted;
  wanted.any = true;
  if (options.classes == "auto") return wanted;
  const char* end = options.classes.data() + options.classes.size();
  const auto read = std::from_chars(options.classes.data(), end, wanted.count);
  if (read.ec == std::errc() && read.ptr == end) {
    if (wanted.count < 2) throw ConfigError(fmt::format("--classes {}: wanted 2 or more", options.classes));
    return wanted;
  }
  wanted.names = parse_class_names(options.classes);
  wanted.count = static_cast<int64_t>(wanted.names.size());
  if (wanted.count < 2)
    throw ConfigError(
        fmt::format("--classes {}: wanted how many there are, auto, or names with commas between", options.classes));
  return wanted;
}

}  // namespace convoy::hdf5

#include "core/train/check_resume.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.h"
#include "core/parameters/state_names.h"

namespace convoy {

namespace {

using Groups = std::vector<CheckpointReader::Group>;

Groups wanted_groups(const ModelPlan& plan) {
  Groups groups;
  for (const GroupPlan& group : plan.groups())
    groups.push_back({group.terms.name, group.layout.elements(), group.states.names});
  return groups;
}

// "*.bias (640 elements), rest (11264 elements)".
std::string text(const Groups& groups) {
  std::string text;
  for (const auto& group : groups)
    text += fmt::format("{}{} ({} elements)", text.empty() ? "" : ", ", group.name.empty() ? "all in one" : group.name,
                        group.elements);
  return text.empty() ? "none" : text;
}

void check_optimizer(const CheckpointReader& checkpoint, std::string_view optimizer) {
  if (checkpoint.optimizer() == optimizer) return;
  throw CheckpointError(fmt::format(
      "{} was made with optimizer.name = {}, the config says {}: its state means nothing to another one; resume with "
      "optimizer.name={}, or choose another run.dir",
      checkpoint.folder().string(), checkpoint.optimizer(), optimizer, checkpoint.optimizer()));
}

void check_groups(const CheckpointReader& checkpoint, const Groups& wanted) {
  const std::string found = text(checkpoint.groups());
  if (found == text(wanted)) return;
  throw CheckpointError(
      fmt::format("{} holds the groups of parameters {}, the config makes {}; resume with the run's own "
                  "optimizer.groups, or choose "
                  "another run.dir",
                  checkpoint.folder().string(), found, text(wanted)));
}

void check_states(const CheckpointReader& checkpoint, const Groups& wanted, const ModelPlan& plan) {
  const Groups groups = checkpoint.groups();
  for (size_t g = 0; g < groups.size(); ++g) {
    std::vector<std::string> found = groups[g].states;
    if (std::erase(found, kMasterState) == 0 && plan.groups()[g].dtype != DType::f32)
      throw CheckpointError(
          fmt::format("checkpoint {} has no master weights, for it was trained in f32: resume it with precision=f32",
                      checkpoint.folder().string()));
    if (found != wanted[g].states)
      throw CheckpointError(
          fmt::format("{} holds the optimizer states [{}], the config wants [{}]; resume with the optimizer's keys and "
                      "train.ema_decay as the run had them, or choose another run.dir",
                      checkpoint.folder().string(), fmt::join(found, ", "), fmt::join(wanted[g].states, ", ")));
  }
}

bool in_one(const Groups& groups) { return groups.size() == 1 && groups[0].name.empty(); }

}  // namespace

void check_resume(const CheckpointReader& checkpoint, std::string_view optimizer, const ModelPlan& plan) {
  const Groups wanted = wanted_groups(plan);
  const bool grouped = !in_one(wanted) || !in_one(checkpoint.groups());
  if (grouped) check_groups(checkpoint, wanted);
  if (checkpoint.position().plan_fingerprint != plan.fingerprint())
    throw CheckpointError(
        fmt::format("{} holds a model of other layers or sizes{} than the config describes; resume with "
                    "the run's own config, or choose another run.dir",
                    checkpoint.folder().string(), grouped ? ", or other groups of parameters," : ""));
  check_optimizer(checkpoint, optimizer);
  check_states(checkpoint, wanted, plan);
}

}  // namespace convoy

#include "launcher/profile/profile_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace convoy {
namespace {

// "1024 x 512 x 1408 bf16": m, n, k of a product; "256 x 256 x 64 f32": keys, D of attention; empty: streams.
std::string shape_text(const ProfiledOperator& op) {
  std::string text;
  for (const OperatorWork& work : op.works) {
    if (!text.empty() && (work.product || work.attention)) text += ", ";
    if (work.product)
      text += fmt::format("{} x {} x {} {}", work.product->m, work.product->n, work.product->k,
                          name_of(work.product->dtype));
    if (work.attention)
      text += fmt::format("{} keys, D {}, {}", work.attention->Tk, work.attention->D, name_of(work.attention->dtype));
  }
  return text;
}

// Of the most that the device reached for these operations, or these bytes.
double share_of_ceiling(const ProfiledOperator& op, const Ceilings& ceilings) {
  double seconds = op.bytes() / ceilings.bytes_per_s;
  double products = 0;
  for (const OperatorWork& work : op.works) {
    const auto of = [&](DType dtype) { return dtype == DType::bf16 ? ceilings.bf16_flops : ceilings.f32_flops; };
    if (work.product) products += work.product->flops() / of(work.product->dtype);
    if (work.attention) products += work.attention->flops() / of(work.attention->dtype);
  }
  seconds = std::max(seconds, products * static_cast<double>(op.calls));
  return seconds / (op.ms / 1e3);
}

double sum_of_ms(const StepsProfile& profile) {
  double sum = 0;
  for (const ProfiledOperator& op : profile.operators) sum += op.ms;
  return sum;
}

}  // namespace

std::string profile_text(const StepsProfile& p) {
  const double all = sum_of_ms(p), steps = static_cast<double>(p.steps);
  std::string text = fmt::format(
      "{}\n{} steps of {:.3f} ms, {:.3f} ms of them in operators\n"
      "ceilings, measured: {:.3f} TFLOP/s of bf16 products, {:.3f} of f32, {:.1f} GB/s\n\n",
      p.device, p.steps, p.step_ms, all / steps, p.ceilings.bf16_flops / 1e12, p.ceilings.f32_flops / 1e12,
      p.ceilings.bytes_per_s / 1e9);
  size_t names = 0, shapes = 0;
  for (const ProfiledOperator& op : p.operators) {
    names = std::max(names, op.name.size());
    shapes = std::max(shapes, shape_text(op).size());
  }
  text += fmt::format("{:<{}} {:<{}} {:>7} {:>11} {:>7} {:>9} {:>9} {:>8}\n", "operator", names, "shape", shapes,
                      "a step", "ms a step", "share", "TFLOP/s", "GB/s", "ceiling");
  for (const ProfiledOperator& op : p.operators) {
    const double seconds = op.ms / 1e3;
    text += fmt::format("{:<{}} {:<{}} {:>7.3g} {:>11.4f} {:>6.1f}%", op.name, names, shape_text(op), shapes,
                        static_cast<double>(op.calls) / steps, op.ms / steps, 100 * op.ms / all);
    if (op.works.empty() || seconds <= 0) {
      text += fmt::format(" {:>9} {:>9} {:>8}\n", "-", "-", "-");
      continue;
    }
    text += fmt::format(" {:>9} {:>9.1f} {:>7.1f}%\n",
                        op.flops() > 0 ? fmt::format("{:.3f}", op.flops() / seconds / 1e12) : "-",
                        op.bytes() / seconds / 1e9, 100 * share_of_ceiling(op, p.ceilings));
  }
  return text;
}

std::string profile_json(const StepsProfile& p) {
  nlohmann::ordered_json json{{"device", p.device},
                              {"steps", p.steps},
                              {"step_ms", p.step_ms},
                              {"ceilings",
                               {{"bf16_flops", p.ceilings.bf16_flops},
                                {"f32_flops", p.ceilings.f32_flops},
                                {"bytes_per_s", p.ceilings.bytes_per_s}}},
                              {"operators", nlohmann::ordered_json::array()}};
  for (const ProfiledOperator& op : p.operators) {
    nlohmann::ordered_json line{{"name", op.name}, {"calls", op.calls}, {"ms", op.ms}};
    if (!op.works.empty()) line["flops"] = op.flops(), line["bytes"] = op.bytes();
    for (const OperatorWork& work : op.works) {
      if (work.product)
        line["products"].push_back({{"m", work.product->m},
                                    {"n", work.product->n},
                                    {"k", work.product->k},
                                    {"dtype", name_of(work.product->dtype)}});
      if (work.attention)
        line["attention"] = {{"scores", work.attention->scores},
                             {"D", work.attention->D},
                             {"keys", work.attention->Tk},
                             {"dtype", name_of(work.attention->dtype)},
                             {"backward", work.attention->backward}};
    }
    json["operators"].push_back(std::move(line));
  }
  return json.dump(1) + "\n";
}

}  // namespace convoy

#include <fmt/format.h>

#include "core/config/precision.h"
#include "launcher/plan/plan_report.h"
#include "launcher/progress/progress_text.h"

namespace convoy {
namespace {

constexpr int kTitle = 10;

// Lines of a part; its title stands before the first.
class Part {
 public:
  explicit Part(std::string title) : title_(std::move(title)) {}
  void line(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    lines_ += fmt::format("{:<{}}{}\n", lines_.empty() ? title_ : "", kTitle, text);
  }
  const std::string& text() const { return lines_; }

 private:
  std::string title_, lines_;
};

std::string flops_text(double flops) {
  if (flops < 1e12) return fmt::format("{:.3g} GFLOP", flops / 1e9);
  return flops < 1e15 ? fmt::format("{:.3g} TFLOP", flops / 1e12) : fmt::format("{:.4g} PFLOP", flops / 1e15);
}

std::string run_lines(const PlanReport& r) {
  const Config& c = r.config;
  Part model("model");
  model.line(fmt::format("{}: {}", c.model.family.name(), c.model.family->summary()));
  model.line(fmt::format("{} parameters, {} on {}", count_text(static_cast<double>(r.parameters)), to_name(c.precision),
                         r.facts.device == DeviceKind::cpu ? "the CPU" : "CUDA"));
  Part ranks("ranks");
  std::string who = fmt::format("{}, stage {}", r.facts.ranks, c.parallel.stage);
  if (r.facts.mesh.shard.ranks() < r.facts.ranks) who += fmt::format(" in groups of {}", r.facts.mesh.shard.ranks());
  ranks.line(fmt::format("{}; batch.micro {}, batch.global {}, recompute {}", who, c.batch.micro, c.batch.global,
                         to_name(c.train.recompute)));
  return model.text() + ranks.text();
}

std::string length_line(const PlanReport& r) {
  if (!r.length) return "";
  Part part("a run");
  std::string text = fmt::format("{} steps", r.length->steps());
  if (r.length->by_epochs())
    text += fmt::format(" = {} epochs of {} samples", r.length->epochs(), r.length->samples_per_epoch());
  part.line(std::move(text));
  return part.text();
}

std::string memory_lines(const PlanReport& r) {
  const MemoryUse& m = r.plan.memory;
  Part part("a rank");
  const auto line = [&](std::string_view kind, size_t bytes, const std::string& note) {
    part.line(fmt::format("{:<14}{:>12}  {}", kind, bytes_text(bytes), note));
  };
  line("weights", m.weights, "");
  line("gradients", m.gradients, "");
  line("optimizer", m.optimizer, "");
  line("activations", m.activations, "");
  line("communication", m.communication, "");
  line("workspace", m.workspace, "");
  line("device memory", m.on_device(), fmt::format("= {} bytes, on every rank", m.on_device()));
  line(
      "host memory", m.host,
      r.others_host < m.host ? fmt::format("besides, on rank 0; {} on another", bytes_text(r.others_host)) : "besides");
  return part.text();
}

std::string tensor_lines(const PlanReport& r) {
  Part part("largest");
  for (const PlannedTensor& tensor : r.tensors)
    part.line(fmt::format("{:>12}  {:<12}  {}{}", bytes_text(tensor.bytes), tensor.kind,
                          tensor.count > 1 ? fmt::format("{} x ", tensor.count) : "", tensor.name));
  return part.text();
}

std::string alternative_lines(const PlanReport& r) {
  Part part("instead");
  const size_t now = r.plan.memory.on_device();
  for (const Alternative& other : r.alternatives)
    part.line(fmt::format(
        "{:<24}{:>12}, {}", other.change, bytes_text(other.bytes),
        other.bytes <= now ? bytes_text(now - other.bytes) + " less" : bytes_text(other.bytes - now) + " more"));
  return part.text();
}

std::string step_lines(const PlanReport& r) {
  Part part("a step");
  part.line(flops_text(r.plan.flops) + " on all ranks" +
            (r.plan.recompute_flops > 0 ? ", and " + flops_text(r.plan.recompute_flops) + " computed again" : ""));
  part.line(r.plan.sent_bytes == 0 ? "nothing is sent"
                                   : bytes_text(r.plan.sent_bytes) + " sent by a rank, at the least");
  if (r.facts.mesh.shard.ranks() > 1 && r.config.parallel.stage > 0)
    part.line(fmt::format("groups of {} ranks shard, with {:.2g}% of padding{}", r.facts.mesh.shard.ranks(),
                          100 * r.padding,
                          r.padding > kMuchPadding ? "; a smaller parallel.shard_ranks has less" : ""));
  return part.text();
}

// What a step of the whole run comes to.
std::string step_rates(const PlanReport& r) {
  const StepTime& t = *r.time;
  const double peak = t.rates.peak_flops(compute_dtype(r.config.precision));
  const double samples = static_cast<double>(r.config.batch.global) / t.step_s();
  const int64_t context = r.config.model.family->context();
  std::string text = context > 0 ? fmt::format("{:.4g} tokens/s", samples * static_cast<double>(context))
                                 : fmt::format("{:.4g} samples/s", samples);
  if (peak > 0) text += fmt::format(", MFU {:.1f}%", 100 * r.plan.flops / r.facts.ranks / t.step_s() / peak);
  return text;
}

std::string rates_text(const CardRates& rates, DType dtype) {
  return fmt::format("{} {}: products {:.3g} TFLOP/s, streams {:.3g} GB/s, {:.2g} us a kernel",
                     rates.measured ? "measured on" : "assumed of", rates.name, rates.flops(dtype) / 1e12,
                     rates.bytes_per_s / 1e9, 1e6 * rates.kernel_s);
}

std::string part_line(const std::string& name, const simulated::Traffic& traffic) {
  return fmt::format("{:<19}{:>6} messages{:>7} off node,{:>9}{:>9} off node, {:.3g} ms", name, traffic.messages,
                     traffic.off_node_messages, bytes_text(static_cast<size_t>(traffic.bytes)),
                     bytes_text(static_cast<size_t>(traffic.off_node_bytes)), 1e3 * traffic.seconds);
}

std::string link_text(const simulated::Link& link) {
  return fmt::format("{:.3g} GB/s and {:.2g} us", link.bytes_per_s / 1e9, 1e6 * link.latency_s);
}

std::string traffic_lines(const PlanReport& r) {
  if (r.step.parts.empty()) return "";
  const ModelledStep& step = r.step;
  Part part("rank 0");
  for (const auto& [name, traffic] : step.parts) part.line(part_line(name, traffic));
  Part modelled("modelled");
  modelled.line(fmt::format("{:.3g} ms of computing, and {:.3g} ms of the above with nothing computed meanwhile",
                            1e3 * step.compute_s, 1e3 * step.exposed_s));
  modelled.line(fmt::format("taken: {} ranks a node, {} within, {} between{}", step.cluster.node_ranks,
                            link_text(step.cluster.within), link_text(step.cluster.between),
                            r.time ? "" : fmt::format(", {:.3g} TFLOP/s", step.flops_per_s / 1e12)));
  return part.text() + modelled.text();
}

std::string time_lines(const PlanReport& r) {
  if (!r.time) return "";
  const StepTime& t = *r.time;
  Part part("time");
  const auto line = [&](std::string_view what, double seconds, const std::string& note) {
    part.line(fmt::format("{:<14}{:>10.4g} ms  {}", what, 1e3 * seconds, note));
  };
  const auto rate = [](double flops, double seconds) {
    return seconds > 0 ? fmt::format("{}, {:.3g} TFLOP/s", flops_text(flops), flops / seconds / 1e12) : "none";
  };
  line("products", t.products_s, rate(t.products_flops, t.products_s));
  line("attention", t.attention_s, rate(t.attention_flops, t.attention_s));
  line("streaming", t.streaming_s,
       bytes_text(static_cast<size_t>(t.streamed_bytes)) +
           fmt::format(" read and written, {} kernels in all", t.kernels));
  line("optimizer", t.optimizer_s, "");
  line("communication", t.exposed_s, "that nothing is computed under");
  line("a step", t.step_s(), step_rates(r));
  for (const auto& [name, count] : t.unknown) part.line(fmt::format("not counted: {} calls of {}", count, name));
  part.line(rates_text(t.rates, compute_dtype(r.config.precision)));
  return part.text();
}

std::string file_lines(const PlanReport& r) {
  const PlannedFiles& files = r.files;
  Part part("files");
  part.line(fmt::format("a checkpoint: {}, of which rank 0 writes {}, another {}", bytes_text(files.checkpoint_bytes),
                        bytes_text(files.first_written_bytes), bytes_text(files.written_bytes)));
  part.line(fmt::format("a save: {} operations of the file system on a rank but 0", files.operations));
  part.line(fmt::format("a resume: {} read by a rank, which opens {} of {} large files", bytes_text(files.read_bytes),
                        files.resume_opens, files.optimizer_files + files.weight_files));
  return part.text();
}

std::string start_lines(const PlanReport& r) {
  if (!r.start) return "";
  const PlannedStart& start = *r.start;
  Part part("a start");
  std::string text = fmt::format("rank 0 reads {} that say what the data is", bytes_text(start.manifest_bytes));
  if (start.traffic.calls > 0)
    text += fmt::format(" and sends {} of it: {} messages, {} off node, {} hops, {:.3g} ms",
                        bytes_text(start.index_bytes), start.traffic.messages, start.traffic.off_node_messages,
                        start.traffic.hops, 1e3 * start.traffic.seconds);
  part.line(std::move(text));
  part.line(fmt::format("{} on each machine remember what was read and found whole", bytes_text(start.marks_bytes)));
  return part.text();
}

std::string watch_lines(const PlanReport& r) {
  if (!r.watch) return "";
  const PlannedWatch& watch = *r.watch;
  Part part("hangs");
  part.line(watch.machines == 1
                ? "ranks see each other in memory: no file"
                : fmt::format("{} machines each write a file of at most {} every {:.2g} s, {:.3g} writes/s in all",
                              watch.machines, bytes_text(watch.summary_bytes), watch.write_every_s,
                              watch.machines / watch.write_every_s));
  part.line(fmt::format("after {} s in a collective one rank compares all{}, for {:.2g} s at most",
                        r.config.parallel.timeout_s,
                        watch.opens == 0 ? "" : fmt::format(", opening {} files", watch.opens), watch.patience_s));
  return part.text();
}

std::string place_line(const Place& place) {
  return fmt::format("{} {}: {} of {} {}", place.fits() ? "fits" : "does not fit", place.name, bytes_text(place.wanted),
                     bytes_text(place.bytes), place.about);
}

std::string place_lines(const PlanReport& r) {
  Part part("memory");
  part.line(r.machine ? place_line(*r.machine) : "this machine has no GPU");
  if (r.card) part.line(place_line(*r.card));
  part.line("not counted: what CUDA, NCCL, MPI and the threads of CPU operators take for themselves");
  return part.text();
}

}  // namespace

std::string plan_text(const PlanReport& r) {
  return run_lines(r) + length_line(r) + memory_lines(r) + tensor_lines(r) + alternative_lines(r) + step_lines(r) +
         traffic_lines(r) + file_lines(r) + start_lines(r) + watch_lines(r) + time_lines(r) + place_lines(r);
}

}  // namespace convoy

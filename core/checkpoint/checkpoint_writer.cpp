#include "core/checkpoint/checkpoint_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <thread>
#include <utility>

#include "core/base/checksum.h"
#include "core/base/files.h"
#include "core/checkpoint/average_file.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/checkpoint/safetensors.h"

namespace convoy {
namespace {

WrittenFile write_small_file(const std::filesystem::path& path, const std::string& content) {
  File file = File::create(path);
  file.write(content);
  file.sync();
  file.close();
  return {static_cast<int64_t>(content.size()), checksum_of(content)};
}

// We are here because something failed already, and that is reported.
void remove_quietly(const std::filesystem::path& path) noexcept try { remove_path(path); } catch (const FileError&) {
}

}  // namespace

CheckpointWriter::CheckpointWriter(const CheckpointStoreOptions& options, int64_t save,
                                   const CheckpointContents& contents)
    : options_(options),
      contents_(contents),
      save_(save),
      unfinished_(options.folder / unfinished_name(contents.position.step, options.nonce, save)) {}

std::filesystem::path CheckpointWriter::receipt_path(int rank) const {
  return unfinished_ / fmt::format(".receipt-{:05}", rank);
}

void CheckpointWriter::write() {
  if (options_.rank == 0) remove_failed_saves(options_.folder, options_.nonce, save_);
  const Receipt own = write_part();
  if (options_.rank != 0) {
    leave_receipt(own);
    if (!own.failure.empty()) throw CheckpointError(own.failure);
    return;
  }
  try {
    Manifest manifest = merge(contents_.position, collect_receipts(own));
    write_average(unfinished_, contents_, manifest);
    publish(manifest);
  } catch (...) {
    remove_quietly(unfinished_);
    throw;
  }
  name_best(options_.folder, contents_.position);
  remove_old_checkpoints(options_.folder, contents_.position, options_.retention());
}

// A failure goes into the receipt: rank 0 must hear of it, or it would wait for this part in vain.
Receipt CheckpointWriter::write_part() const {
  Receipt receipt;
  try {
    make_folder(unfinished_);
    if (options_.rank == 0) write_weights_and_files(receipt);
    write_optimizer(receipt);
  } catch (const std::exception& error) {
    receipt.failure = error.what();
    remove_quietly(unfinished_ / optimizer_file_name(options_.rank, options_.size));
  }
  return receipt;
}

void CheckpointWriter::write_weights_and_files(Receipt& receipt) const {
  receipt.files[kWeightsName] = write_safetensors(unfinished_ / kWeightsName, contents_.weights);
  for (const auto& [name, content] : contents_.files)
    receipt.files[name] = write_small_file(unfinished_ / name, content);
}

void CheckpointWriter::write_optimizer(Receipt& receipt) const {
  const OptimizerShard& optimizer = contents_.optimizer;
  receipt.optimizer.name = optimizer.name;
  if (optimizer.groups.empty()) return;
  const std::string file = optimizer_file_name(options_.rank, options_.size);
  std::vector<NamedTensor> tensors;
  for (const StateShard& shard : optimizer.groups) {
    GroupRecord group{shard.group, shard.total, {}, {}};
    for (const auto& [name, data, dtype] : shard.arrays) {
      group.states.push_back(name);
      tensors.push_back({group.tensor(name), {const_cast<void*>(data), dtype, {shard.elements}}});
    }
    for (const OwnedRange& range : shard.ranges) group.parts.push_back({file, range.begin, range.end, range.offset});
    receipt.optimizer.groups.push_back(std::move(group));
  }
  receipt.files[file] = write_safetensors(unfinished_ / file, std::move(tensors));
}

void CheckpointWriter::leave_receipt(const Receipt& receipt) const {
  try {
    write_file_atomically(receipt_path(options_.rank), receipt_text(receipt));
  } catch (const FileError&) {
    // An empty file needs no space on a full disk, and tells rank 0 not to wait.
    std::ofstream(receipt_path(options_.rank)).flush();
    if (receipt.failure.empty()) throw;
  }
}

std::vector<Receipt> CheckpointWriter::collect_receipts(const Receipt& own) const {
  if (!own.failure.empty()) throw CheckpointError(own.failure);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(options_.timeout_s);
  std::vector<Receipt> receipts{own};
  for (int rank = 1; rank < options_.size; ++rank) {
    while (!is_there(receipt_path(rank))) {
      if (std::chrono::steady_clock::now() > deadline)
        throw CheckpointError(
            fmt::format("rank {} left no part in {} within {} s; wanted is a folder on a file system "
                        "that all ranks share",
                        rank, unfinished_.string(), options_.timeout_s));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const std::string text = read_file(receipt_path(rank));
    receipts.push_back(text.empty() ? Receipt{"it failed and had no space to say why, see its warning", {}, {}}
                                    : parse_receipt(text));
  }
  return receipts;
}

void CheckpointWriter::publish(const Manifest& manifest) const {
  for (int rank = 1; rank < options_.size; ++rank) remove_path(receipt_path(rank));
  write_small_file(unfinished_ / kManifestName, manifest_text(manifest));
  sync_folder(unfinished_);
  const std::string name = checkpoint_name(contents_.position.step);
  publish_folder(unfinished_, options_.folder / name);
  remove_quietly(unfinished_);  // a checkpoint of the same step that was replaced
  write_file_atomically(options_.folder / "latest", name + "\n");
}

}  // namespace convoy

#include "tests/datasets/toy_dataset.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "datasets/hdf5/shard_file.h"
#include "datasets/token_shard_writer.h"
#include "datasets/tokenizers/plain_tokenizers.h"

namespace convoy {

int32_t toy_token(int64_t i, int64_t vocabulary) { return static_cast<int32_t>((i * 7 + 3) % vocabulary); }

DatasetManifest write_toy_dataset(const std::filesystem::path& folder, const ToyDataset& toy) {
  DatasetManifest manifest;
  manifest.kind = "tokens";
  manifest.vocabulary = toy.vocabulary;
  manifest.fields = {token_field(toy.vocabulary)};
  manifest.block_bytes = toy.block_bytes;
  manifest.tokenizer_file = "tokenizer.json";
  for (const Split split : kSplits) {
    TokenShardWriter writer(folder, split, {toy.vocabulary, toy.shard_tokens, toy.block_bytes});
    const int64_t count = split == Split::train        ? toy.train_tokens
                          : split == Split::validation ? toy.validation_tokens
                                                       : toy.test_tokens;
    for (int64_t i = 0; i < count; ++i) {
      const int32_t token = toy_token(i, toy.vocabulary);
      writer.append({&token, 1});
    }
    manifest.split(split) = writer.finish();
  }
  write_text(folder / "tokenizer.json", bytes_tokenizer_json());
  write_dataset_manifest(folder, manifest);
  return manifest;
}

Samples read_samples(BatchSource& source, Split split, int64_t first, int64_t count) {
  const int64_t T = source.fields().front().shape[0];
  Samples samples;
  samples.tokens.resize(static_cast<size_t>(count * T));
  samples.targets.resize(static_cast<size_t>(count * T));
  const Tensor out[] = {{samples.tokens.data(), DType::i32, {count, T}},
                        {samples.targets.data(), DType::i32, {count, T}}};
  source.read(split, first, count, out);
  return samples;
}

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void replace_in_file(const std::filesystem::path& file, const std::string& from, const std::string& to) {
  std::string text = read_text(file);
  const size_t place = text.find(from);
  if (place == std::string::npos || text.find(from, place + 1) != std::string::npos)
    throw std::runtime_error(file.string() + " does not have once: " + from);
  write_text(file, text.replace(place, from.size(), to));
}

int64_t data_offset(const std::filesystem::path& shard) {
  return hdf5::open_shard(shard, {"tokens"}).front().data_offset;
}

}  // namespace convoy

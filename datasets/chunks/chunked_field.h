// A field of a shard that lies in chunks: bands of whole rows, each of the chunks side by side that hold them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/block_check.h"
#include "datasets/chunks/chunk_layout.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

class ChunkedField {
 public:
  // file: all of its bytes, mapped for as long as this lives. shown: what messages call the file.
  ChunkedField(std::span<const std::byte> file, std::string shown, StoredField field, int64_t rows, ChunkLayout layout,
               BlockCheck check);

  int64_t rows_of_band() const { return layout_.extents.front(); }
  int64_t bands() const;
  int64_t rows_in(int64_t band) const;   // the last may be short
  int64_t bytes_in(int64_t band) const;  // of its elements

  // The elements of a band's rows. Throws DataError naming file, field and rows if its chunks are damaged, a block that
  // lies in it whole has another checksum, or an element is none that may be. Any thread may call.
  std::vector<std::byte> decode(int64_t band) const;
  // Decodes all; one line for each chunk, block or band that is not good.
  void verify(std::vector<std::string>& damages) const;

 private:
  struct Place {
    std::vector<int64_t> first, extents;  // in the row, of the part that the chunk has; elements
  };
  std::vector<std::byte> elements(int64_t band) const;
  void decode_into(std::vector<std::byte>& rows, int64_t band, int64_t chunk, std::vector<std::byte>& elements,
                   std::vector<std::byte>& scratch) const;
  Place place_of(int64_t chunk) const;
  int64_t chunks_of_band() const;

  std::span<const std::byte> file_;
  std::string shown_;
  StoredField field_;
  int64_t rows_;
  ChunkLayout layout_;
  BlockCheck check_;
};

}  // namespace convoy
